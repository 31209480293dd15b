-- name: insert_leaving
-- Write down that a position has ended, or will.
INSERT INTO acl.leaving (account_id, ended_on, deadline, entered_on, entered_by, source, breach)
VALUES (%(account)s, %(ended_on)s, %(deadline)s, %(entered_on)s, %(by)s, %(source)s, %(breach)s)
RETURNING account_id;

-- name: leaving
-- Return what is written down about the end of a position.
SELECT a.code, a.person, u.code, l.ended_on, l.deadline, l.entered_on, e.code, l.source, l.breach, k.code
FROM acl.leaving l
JOIN acl.account a ON a.id = l.account_id
JOIN acl.unit u ON u.id = a.unit_id
LEFT JOIN acl.account e ON e.id = l.entered_by
LEFT JOIN acl.account k ON k.id = l.acknowledged_by
WHERE l.account_id = %(account)s;

-- name: leavings
-- List ended positions after an account: of a unit or of all, breaches (and what may be one) only or all.
SELECT a.id, a.code, a.person, u.code, l.ended_on, l.deadline, l.entered_on, e.code, l.source, l.breach, k.code
FROM acl.leaving l
JOIN acl.account a ON a.id = l.account_id
JOIN acl.unit u ON u.id = a.unit_id
LEFT JOIN acl.account e ON e.id = l.entered_by
LEFT JOIN acl.account k ON k.id = l.acknowledged_by
WHERE l.account_id > %(after)s
  AND (%(unit)s::int IS NULL OR a.unit_id = %(unit)s)
  AND (l.breach OR l.deadline IS NULL OR NOT %(breaches)s)
ORDER BY l.account_id
LIMIT %(limit)s;

-- name: acknowledge
-- Note that the Sở has read of a breach, or of what may be one.
UPDATE acl.leaving
SET acknowledged_by = %(by)s, acknowledged_at = %(at)s
WHERE account_id = %(account)s AND (breach OR deadline IS NULL) AND acknowledged_by IS NULL
RETURNING account_id;

-- name: due_leavers
-- Return the accounts whose position has ended and that are not revoked.
SELECT code
FROM acl.account
WHERE ends_on <= %(day)s AND state <> 'revoked'
ORDER BY id;

-- name: insert_list
-- Keep that a staff list was imported.
INSERT INTO acl.staff_list (unit_id, listed_on, imported_at, imported_by, people)
VALUES (%(unit)s, %(listed_on)s, %(at)s, %(by)s, %(people)s)
RETURNING id;

-- name: newest_list
-- Return the day of the newest staff list of a unit.
SELECT listed_on
FROM acl.staff_list
WHERE unit_id = %(unit)s
ORDER BY listed_on DESC
LIMIT 1;

-- name: staff
-- Return the accounts of people of a unit that are not revoked.
SELECT id, code, person, person_code
FROM acl.account
WHERE unit_id = %(unit)s AND kind <> 'machine' AND state <> 'revoked' AND ends_on IS NULL
ORDER BY id;

-- name: put_absence
-- Note that the newest list lacks the person of an account; the first list that did stays.
INSERT INTO acl.absence (account_id, list_id, missing_since)
VALUES (%(account)s, %(list)s, %(day)s)
ON CONFLICT (account_id) DO NOTHING;

-- name: drop_absence
-- Forget the absence of a person whom a list has again.
DELETE FROM acl.absence
WHERE account_id = %(account)s;

-- name: absences
-- List the accounts after one whose person is missing, of a unit or of all.
SELECT a.id, a.code, a.person, u.code, b.missing_since
FROM acl.absence b
JOIN acl.account a ON a.id = b.account_id
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.state <> 'revoked' AND a.id > %(after)s AND (%(unit)s::int IS NULL OR a.unit_id = %(unit)s)
ORDER BY a.id
LIMIT %(limit)s;

-- name: attest
-- Note that an account is needed in a quarter.
INSERT INTO acl.attestation (account_id, quarter, by_id, at)
VALUES (%(account)s, %(quarter)s, %(by)s, %(at)s)
ON CONFLICT DO NOTHING;

-- name: attested
-- List accounts after one with whether they are attested in a quarter, of a unit or of all.
SELECT a.id, a.code, a.person, u.code, a.kind, a.state, t.quarter IS NOT NULL
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
LEFT JOIN acl.attestation t ON t.account_id = a.id AND t.quarter = %(quarter)s
WHERE a.state <> 'revoked' AND a.id > %(after)s AND (%(unit)s::int IS NULL OR a.unit_id = %(unit)s)
ORDER BY a.id
LIMIT %(limit)s;

-- name: not_attested
-- Return live accounts made before a quarter began that nobody attested in it, nor since.
SELECT a.code
FROM acl.account a
WHERE a.state IN ('issued', 'must_change', 'active')
  AND a.made_at < %(begin)s
  AND NOT EXISTS (SELECT FROM acl.attestation t WHERE t.account_id = a.id AND t.quarter >= %(quarter)s)
ORDER BY a.id;

-- name: old_passwords
-- Return the active accounts whose password is too old.
SELECT id, code
FROM acl.account
WHERE state = 'active' AND password_until <= %(now)s
ORDER BY id;

-- name: passwords_ending
-- Return the active accounts whose password is too old before an instant.
SELECT id, unit_id, password_until
FROM acl.account
WHERE state = 'active' AND password_until > %(now)s AND password_until <= %(before)s
ORDER BY id;

-- name: drop_old_activations
-- Forget activation codes that are good no more.
DELETE FROM acl.activation
WHERE expires_at <= %(now)s;
