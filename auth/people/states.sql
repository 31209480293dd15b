-- name: has_ended
-- Tell whether the legal day has come on which the position of an account ended.
SELECT coalesce(ends_on <= lg.hom_nay(), false)
FROM acl.account
WHERE id = %(id)s;

-- name: expire_password
-- Ask the owner of a password that is too old for a new one.
UPDATE acl.account
SET state = 'must_change'
WHERE id = %(id)s AND state = 'active' AND password_until <= %(now)s
RETURNING id;
