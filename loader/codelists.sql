-- name: bring_up
-- Add a code, or correct what is known of it where that differs.
INSERT INTO dm.muc AS m
    (danh_muc, he_ma, ma, ten, ten_en, ma_cha, la_nhom, thu_tu, mau, hieu_luc_tu, hieu_luc_den, can_cu)
VALUES
    (%(code_list)s, %(system)s, %(code)s, %(name)s, %(name_en)s, %(parent)s, %(is_group)s, %(order)s, %(colour)s,
     %(valid_from)s, %(valid_to)s, %(legal_basis)s)
ON CONFLICT (danh_muc, he_ma, ma) DO UPDATE
SET ten = excluded.ten,
    ten_en = excluded.ten_en,
    ma_cha = excluded.ma_cha,
    la_nhom = excluded.la_nhom,
    thu_tu = excluded.thu_tu,
    mau = excluded.mau,
    hieu_luc_tu = excluded.hieu_luc_tu,
    hieu_luc_den = excluded.hieu_luc_den,
    can_cu = excluded.can_cu
WHERE (m.ten, m.ten_en, m.ma_cha, m.la_nhom, m.thu_tu, m.mau, m.hieu_luc_tu, m.hieu_luc_den, m.can_cu)
      IS DISTINCT FROM
      (excluded.ten, excluded.ten_en, excluded.ma_cha, excluded.la_nhom, excluded.thu_tu, excluded.mau,
       excluded.hieu_luc_tu, excluded.hieu_luc_den, excluded.can_cu);
