-- name: any_unit
-- Return a unit, whether it has ended or not.
SELECT id, code, territory, kind
FROM acl.unit
WHERE code = %(code)s;

-- name: succeeding
-- Return the approved successors of a unit that are not over on a day, each with the day on which it takes over.
SELECT u.code, s.day
FROM acl.unit_succession s
JOIN acl.unit u ON u.id = s.new_id
WHERE s.old_id = %(old)s AND s.state = 'approved' AND (u.valid_until IS NULL OR u.valid_until > %(day)s);

-- name: of_unit
-- Return the agreements that a unit has received.
SELECT code
FROM acl.agreement
WHERE recipient_id = %(unit)s
ORDER BY code;

-- name: hold_versions
-- Hold what a unit has until the end of the transaction.
SELECT v.number
FROM acl.agreement_version v
JOIN acl.agreement a ON a.id = v.agreement_id
WHERE a.recipient_id = %(unit)s AND v.state = 'published'
ORDER BY v.agreement_id, v.number
FOR NO KEY UPDATE OF v;

-- name: taken
-- Return those codes that are agreements' already.
SELECT code
FROM acl.agreement
WHERE code = ANY (%(codes)s)
ORDER BY code;

-- name: draft
-- Write down a migration of agreements.
INSERT INTO acl.succession (code, from_unit, takes_effect, legal_basis, maker)
VALUES (%(succession)s, %(old)s, %(takes_effect)s, %(legal_basis)s, %(maker)s);

-- name: add_successor
-- Write down what one successor gets.
INSERT INTO acl.succession_successor (succession_id, unit_id, rows)
SELECT id, %(unit)s, %(rows)s
FROM acl.succession
WHERE code = %(succession)s;

-- name: add_item
-- Write down one version that moves to one successor.
INSERT INTO acl.succession_item (succession_id, to_unit, agreement_id, number, code, body)
SELECT id, %(unit)s, %(agreement)s, %(number)s, %(new_code)s, %(body)s
FROM acl.succession
WHERE code = %(succession)s;

-- name: lock
-- Lock a migration.
SELECT id
FROM acl.succession
WHERE code = %(code)s
FOR NO KEY UPDATE;

-- name: succession_named
-- Return a migration.
SELECT s.id, s.code, f.code, s.takes_effect, s.legal_basis,
       CASE WHEN s.state = 'draft' AND s.expires_at <= clock_timestamp() THEN 'expired' ELSE s.state END,
       s.maker, s.expires_at
FROM acl.succession s
JOIN acl.unit f ON f.id = s.from_unit
WHERE s.code = %(code)s;

-- name: successors
-- Return the successors that a migration names.
SELECT u.code, n.rows
FROM acl.succession_successor n
JOIN acl.succession s ON s.id = n.succession_id
JOIN acl.unit u ON u.id = n.unit_id
WHERE s.code = %(code)s
ORDER BY u.code;

-- name: items
-- Return what a migration moves.
SELECT a.code, i.number, u.code, i.code, i.body
FROM acl.succession_item i
JOIN acl.succession s ON s.id = i.succession_id
JOIN acl.agreement a ON a.id = i.agreement_id
JOIN acl.unit u ON u.id = i.to_unit
WHERE s.code = %(code)s
ORDER BY a.code, u.code, i.body ->> 'valid_from';

-- name: decide
-- Decide on a migration.
UPDATE acl.succession
SET state = %(state)s, checker = %(account)s
WHERE code = %(code)s;

-- name: made
-- Note the version that a migration has made for a successor.
UPDATE acl.succession_item i
SET made_agreement = %(new)s, made_number = %(made)s
FROM acl.succession s
WHERE s.id = i.succession_id AND s.code = %(succession)s AND i.to_unit = %(unit)s AND i.agreement_id = %(agreement)s
      AND i.number = %(number)s;

-- name: keep_parties
-- Note that who accepted a version as a managing unit is a party of what a migration has made of it.
INSERT INTO acl.agreement_party (agreement_id, number, round, body_hash, unit_id, role)
SELECT n.agreement_id, n.number, n.round, n.body_hash, p.unit_id, p.role
FROM acl.agreement_version n, acl.agreement_version o
JOIN acl.agreement_party p ON (p.agreement_id, p.number, p.round, p.body_hash)
                              = (o.agreement_id, o.number, o.round, o.body_hash)
WHERE n.agreement_id = %(new)s AND n.number = %(made)s AND o.agreement_id = %(agreement)s AND o.number = %(number)s
      AND p.role = 'managing'
ON CONFLICT DO NOTHING;

-- name: propose_moved
-- Propose the version that a migration has made.
UPDATE acl.agreement_version
SET state = 'proposed'
WHERE agreement_id = %(new)s AND number = %(made)s;

-- name: accept_moved
-- Accept the version that a migration has made: its approval stands for it.
UPDATE acl.agreement_version
SET state = 'accepted'
WHERE agreement_id = %(new)s AND number = %(made)s;

-- name: end_moved_before
-- Let the version of the old unit end on the day on which it moves.
UPDATE acl.agreement_version
SET valid_until = %(day)s, reason = %(reason)s, ended_by = %(account)s, ended_at = clock_timestamp()
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: end_moved
-- End the version of the old unit that would begin on the day on which it moves.
UPDATE acl.agreement_version
SET state = 'superseded', reason = %(reason)s, ended_by = %(account)s, ended_at = clock_timestamp()
WHERE agreement_id = %(agreement)s AND number = %(number)s
