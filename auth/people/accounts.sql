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

-- name: expire_password
-- Ask the owner of a password that is too old for a new one.
UPDATE acl.account
SET state = 'must_change'
WHERE id = %(id)s AND state = 'active' AND password_until <= %(now)s
RETURNING id;

-- name: set_ends_on
-- Note the legal day on which a position has ended.
UPDATE acl.account
SET ends_on = %(day)s
WHERE id = %(id)s;

-- name: change_person
-- Write the position, the unit and the kind of an account.
UPDATE acl.account
SET position = %(position)s, unit_id = %(unit)s, kind = %(kind)s, of_allowance = of_allowance AND unit_id = %(unit)s
WHERE id = %(id)s;

-- name: count_admins
-- Count the system admins that there ever were.
SELECT count(*)
FROM acl.account
WHERE kind = 'system_admin';

-- name: strip_functions
-- End every function of an account on a day.
UPDATE acl.account_function
SET valid_until = %(day)s
WHERE account_id = %(id)s AND valid_from < %(day)s AND (valid_until IS NULL OR valid_until > %(day)s);

-- name: drop_functions
-- Forget the functions of an account that would begin on a day or later.
DELETE FROM acl.account_function
WHERE account_id = %(id)s AND valid_from >= %(day)s;

-- name: insert_handover
-- Write down who gave an account to whom.
INSERT INTO acl.handover (account_id, kind, by_id, to_person, at, note)
VALUES (%(account)s, %(kind)s, %(by)s, %(to)s, %(at)s, %(note)s)
RETURNING id;

-- name: handovers
-- Return who gave an account to whom, oldest first.
SELECT h.id, h.kind, g.code, g.person, h.to_person, h.at, h.note
FROM acl.handover h
LEFT JOIN acl.account g ON g.id = h.by_id
WHERE h.account_id = %(account)s
ORDER BY h.id;

-- name: drop_links
-- Take back who at outside providers may sign in to an account.
DELETE FROM oauth.outside_subject
WHERE account_id = %(id)s;
