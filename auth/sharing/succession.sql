-- name: any_unit
-- Return a unit, whether it has ended or not.
SELECT id, code, territory, kind
FROM acl.unit
WHERE code = %(code)s;

-- name: succeeds
-- Tell whether a unit succeeds another by an approved succession.
SELECT 1
FROM acl.unit_succession
WHERE old_id = %(old)s AND new_id = %(new)s AND state = 'approved';

-- name: of_unit
-- Return the agreements that a unit has received.
SELECT code
FROM acl.agreement
WHERE recipient_id = %(unit)s
ORDER BY code;

-- name: draft
-- Write down a migration of agreements.
INSERT INTO acl.succession (code, from_unit, to_unit, takes_effect, legal_basis, maker)
VALUES (%(succession)s, %(old)s, %(new)s, %(takes_effect)s, %(legal_basis)s, %(maker)s);

-- name: add_item
-- Write down one agreement that moves.
INSERT INTO acl.succession_item (succession_id, agreement_id, number, code, body)
SELECT id, %(agreement)s, %(number)s, %(new_code)s, %(body)s
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
SELECT s.id, s.code, f.code, s.to_unit, t.code, s.takes_effect, s.legal_basis, s.state, s.maker
FROM acl.succession s
JOIN acl.unit f ON f.id = s.from_unit
JOIN acl.unit t ON t.id = s.to_unit
WHERE s.code = %(code)s;

-- name: items
-- Return what a migration moves.
SELECT a.code, i.number, i.code, i.body
FROM acl.succession_item i
JOIN acl.succession s ON s.id = i.succession_id
JOIN acl.agreement a ON a.id = i.agreement_id
WHERE s.code = %(code)s
ORDER BY a.code;

-- name: decide
-- Decide on a migration.
UPDATE acl.succession
SET state = %(state)s, checker = %(account)s, decided_at = %(at)s
WHERE code = %(code)s;

-- name: made
-- Note the agreement that a migration has made for the successor.
UPDATE acl.succession_item i
SET made_agreement = %(new)s
FROM acl.succession s
WHERE s.id = i.succession_id AND s.code = %(succession)s AND i.agreement_id = %(agreement)s;

-- name: propose_moved
-- Propose the version that a migration has made.
UPDATE acl.agreement_version
SET state = 'proposed'
WHERE agreement_id = %(new)s AND number = 1;

-- name: accept_moved
-- Accept the version that a migration has made: its approval stands for it.
UPDATE acl.agreement_version
SET state = 'accepted'
WHERE agreement_id = %(new)s AND number = 1;

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
