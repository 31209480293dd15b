-- name: account
-- Return an account with its unit, and whether its password is too old or its rights wait to be published anew.
SELECT a.id, a.unit_id, u.code, u.kind, a.state, a.ends_on, daterange(u.valid_from, u.valid_until) @> %(day)s::date,
       coalesce(a.password_until <= clock_timestamp(), false),
       EXISTS (SELECT FROM acl.stale_profile p WHERE p.account_id = a.id)
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s
