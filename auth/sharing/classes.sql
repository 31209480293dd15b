-- name: names
-- Return the accounts of a unit by their ids.
SELECT id, code
FROM acl.account
WHERE unit_id = %(unit)s
