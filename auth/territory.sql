-- name: places
-- Return every administrative unit of every day.
SELECT xa_id, cap, ma, cha_id, hieu_luc_tu, hieu_luc_den, ten
FROM acl.dia_ban()
