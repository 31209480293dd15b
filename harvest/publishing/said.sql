-- name: version
-- Return what differs when anything else is said of records.
SELECT count(*) || ' ' || coalesce(extract(epoch FROM max(b.luc))::text, '') FROM cb.bo_sung b;

-- name: newest
-- Return what is said of each record.
SELECT DISTINCT ON (b.ban_ghi) b.ban_ghi, b.noi_dung::text FROM cb.bo_sung b ORDER BY b.ban_ghi, b.so DESC;
