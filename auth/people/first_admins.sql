-- name: count_admins
-- Count the system admins that there ever were.
SELECT count(*)
FROM acl.account
WHERE kind = 'system_admin';
