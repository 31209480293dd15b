-- name: standing
-- Return what an account that may act on a day is: id, unit, officer of the Sở for sharing, head of its unit.
SELECT a.id, a.unit_id,
       u.kind = 'so' AND (a.kind IN ('system_admin', 'unit_head') OR a.kind = 'individual' AND EXISTS (
           SELECT FROM acl.account_function g
           JOIN acl.function f ON f.id = g.function_id
           WHERE g.account_id = a.id AND f.code = %(sharing)s
                 AND daterange(g.valid_from, g.valid_until) @> %(day)s::date
                 AND daterange(f.valid_from, f.valid_until) @> %(day)s::date)),
       a.kind = 'unit_head'
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.id = %(account)s AND a.state = 'active' AND (a.ends_on IS NULL OR a.ends_on > %(day)s::date)
      AND daterange(u.valid_from, u.valid_until) @> %(day)s::date;

-- name: is_one_person
-- Tell whether two accounts are, or may be, one person's.
SELECT coalesce(acl.la_mot_nguoi(%(one)s, %(other)s), true);

-- name: department
-- Return the Sở of a day.
SELECT id
FROM acl.unit
WHERE kind = 'so' AND daterange(valid_from, valid_until) @> %(day)s::date
ORDER BY id
LIMIT 1;

-- name: unit_named
-- Return a unit that has not ended on a day.
SELECT id, code, territory, kind
FROM acl.unit
WHERE code = %(code)s AND (valid_until IS NULL OR valid_until > %(day)s::date)
;

-- name: department_code
-- Return the code of the Sở of a day.
SELECT code
FROM acl.unit
WHERE kind = 'so' AND daterange(valid_from, valid_until) @> %(day)s::date
ORDER BY id
LIMIT 1
