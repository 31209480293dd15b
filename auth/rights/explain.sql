-- name: account
-- Return an account with its unit.
SELECT a.id, a.unit_id, u.code, u.kind, a.state, a.ends_on, daterange(u.valid_from, u.valid_until) @> %(day)s::date
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s
