-- name: insert_account
-- Make an account.
INSERT INTO acl.account (code, unit_id, kind, person, person_code, position, state, made_at, made_by, of_allowance)
VALUES (%(code)s, %(unit)s, %(kind)s, %(person)s, %(person_code)s, %(position)s, %(state)s, %(at)s, %(by)s,
        %(of_allowance)s)
RETURNING id;

-- name: account
-- Return the account of a code.
SELECT a.id, a.code, a.unit_id, u.code, a.kind, a.person, a.person_code, a.position, a.state, a.suspended_for, a.made_at,
       a.of_allowance, a.password_until, a.ends_on
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s;

-- name: held_account
-- Return the account of a code, and hold it until the end of the transaction.
SELECT a.id, a.code, a.unit_id, u.code, a.kind, a.person, a.person_code, a.position, a.state, a.suspended_for, a.made_at,
       a.of_allowance, a.password_until, a.ends_on
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s
FOR NO KEY UPDATE OF a;

-- name: accounts
-- List accounts after one: of a unit or of all, in a state or in any, or a single one.
SELECT a.id, a.code, a.unit_id, u.code, a.kind, a.person, a.person_code, a.position, a.state, a.suspended_for, a.made_at,
       a.of_allowance, a.password_until, a.ends_on
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.id > %(after)s
  AND (%(unit)s::int IS NULL OR a.unit_id = %(unit)s)
  AND (%(only)s::int IS NULL OR a.id = %(only)s)
  AND (%(state)s::text IS NULL OR a.state = %(state)s)
ORDER BY a.id
LIMIT %(limit)s;

-- name: acting_account
-- Return who may act under a code on this legal day.
SELECT a.id, a.code, a.kind, a.unit_id, u.code
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s
  AND a.state IN ('must_change', 'active')
  AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay());

-- name: hold_unit
-- Hold a unit until the end of the transaction; return its kind and its allowance.
SELECT kind, allowance
FROM acl.unit
WHERE id = %(unit)s
FOR NO KEY UPDATE;

-- name: count_of_allowance
-- Count the accounts that a head made within the allowance, and that are not revoked.
SELECT count(*)
FROM acl.account
WHERE unit_id = %(unit)s AND of_allowance AND state <> 'revoked';

-- name: move_state
-- Take an account from one of some states to another one.
UPDATE acl.account
SET state = %(to)s, suspended_for = %(suspended_for)s
WHERE id = %(id)s AND state = ANY (%(from)s)
RETURNING id;
