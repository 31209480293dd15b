-- name: codes
-- Return every code of every list, newest system first, in the order of the law.
SELECT danh_muc, he_ma, ma, ten, coalesce(ten_en, ten), ma_cha, hieu_luc_tu::text, hieu_luc_den::text
FROM dm.muc
ORDER BY danh_muc, hieu_luc_tu DESC, thu_tu, ma;
