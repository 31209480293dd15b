-- name: lock_published
-- Lock what is published of an agreement, in the order in which it is ended.
SELECT number
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND state = 'published'
ORDER BY number DESC
FOR NO KEY UPDATE;

-- name: names
-- Return the accounts of a unit by their ids.
SELECT id, code
FROM acl.account
WHERE unit_id = %(unit)s
