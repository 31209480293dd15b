-- name: accept
-- Note that a unit accepts the present body of a version.
INSERT INTO acl.acceptance (agreement_id, number, round, body_hash, unit_id, account_id)
SELECT agreement_id, number, round, body_hash, %(unit)s::int, %(account)s::int
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s
