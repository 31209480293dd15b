-- name: rounds
-- Return rounds of harvesters, the newest first: those that went on since an instant, before a number.
SELECT l.id, coalesce(a.code, l.chu_the), l.ung_dung, l.tac_nhan, l.mat, l.bat_dau, l.cuoi, l.yeu_cau, l.ban_ghi, l.go_bo,
       l.so_byte, l.khong_doi, l.tu_choi, l.het_phuc_vu, l.tu, l.den, l.dang, l.tap,
       CASE WHEN l.het THEN 'complete'
            WHEN l.het_phuc_vu + l.tu_choi = l.yeu_cau THEN 'refused'
            WHEN l.cuoi > clock_timestamp() - %(pause)s::interval THEN 'under_way'
            WHEN l.liet_ke THEN 'broken_off'
            ELSE 'looked' END
FROM cb.luot_thu l
LEFT JOIN acl.account a ON 'account:' || a.id = l.chu_the
WHERE (%(since)s::timestamptz IS NULL OR l.cuoi >= %(since)s::timestamptz)
      AND (%(before)s::bigint IS NULL OR l.id < %(before)s::bigint)
ORDER BY l.id DESC
LIMIT %(limit)s;

-- name: clock
-- Return when the catalogue was last published, and when the publisher last had nothing left to do.
SELECT cong_bo, nhip
FROM cb.dong_ho_nay()
