-- name: records
-- Return the records that an account may complete, by identifier, each as its fullest row shows it.
SELECT id, thanh_phan, lop, ban_ghi, created, updated, so
FROM cb.ban_ghi_duoc_bo_sung(%(account)s, %(layers)s::jsonb, %(one)s::uuid, %(after)s::uuid, %(component)s, %(limit)s);

-- name: completes_for
-- Return the unit for whose layers an account answers today.
SELECT cb.la_can_bo_quan_ly(%(account)s);

-- name: history
-- Return the supplements of a record, the newest first.
SELECT b.so, b.noi_dung, a.code, b.luc, b.ly_do
FROM cb.bo_sung b
JOIN acl.account a ON a.id = b.nguoi
WHERE b.ban_ghi = %(record)s AND (%(before)s::int IS NULL OR b.so < %(before)s::int)
ORDER BY b.so DESC
LIMIT %(limit)s;

-- name: complete
-- Write the next version of a supplement.
INSERT INTO cb.bo_sung (ban_ghi, so, noi_dung, nguoi, ly_do)
VALUES (%(record)s, %(version)s, %(body)s, %(account)s, %(reason)s)
RETURNING luc
