-- name: accounts
-- Return the accounts of a unit that may still act.
SELECT id
FROM acl.account
WHERE unit_id = %(unit)s AND state <> 'revoked'
ORDER BY id
