-- name: expire_password
-- Ask the owner of a password that is too old for a new one.
UPDATE acl.account
SET state = 'must_change'
WHERE id = %(id)s AND state = 'active' AND password_until <= %(now)s
RETURNING id;
