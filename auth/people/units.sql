-- name: insert_unit
-- Make a unit.
INSERT INTO acl.unit (code, name, kind, territory, valid_from, valid_until, allowance)
VALUES (%(code)s, %(name)s, %(kind)s, %(territory)s, %(since)s, %(until)s, %(allowance)s)
RETURNING id, code, name, kind, territory, valid_from, valid_until, allowance;

-- name: unit
-- Return the unit with a code.
SELECT id, code, name, kind, territory, valid_from, valid_until, allowance
FROM acl.unit
WHERE code = %(code)s;

-- name: units
-- List units after one, all of them or a single one.
SELECT id, code, name, kind, territory, valid_from, valid_until, allowance
FROM acl.unit
WHERE id > %(after)s AND (%(only)s::int IS NULL OR id = %(only)s)
ORDER BY id
LIMIT %(limit)s;

-- name: change_unit
-- Write what may change of a unit.
UPDATE acl.unit
SET name = %(name)s, territory = %(territory)s, valid_until = %(until)s, allowance = %(allowance)s
WHERE id = %(id)s
RETURNING id, code, name, kind, territory, valid_from, valid_until, allowance;

-- name: parents
-- Return the units above a unit, oldest first.
SELECT u.code, u.name, p.valid_from, p.valid_until
FROM acl.unit_parent p
JOIN acl.unit u ON u.id = p.parent_id
WHERE p.unit_id = %(unit)s
ORDER BY p.valid_from;

-- name: drop_later_parents
-- Forget the parents that a unit was to have from a day on.
DELETE FROM acl.unit_parent
WHERE unit_id = %(unit)s AND valid_from >= %(since)s;

-- name: end_parent
-- End the period of a parent on a day.
UPDATE acl.unit_parent
SET valid_until = %(since)s
WHERE unit_id = %(unit)s AND (valid_until IS NULL OR valid_until > %(since)s);

-- name: insert_parent
-- Put a unit below another one from a day on.
INSERT INTO acl.unit_parent (unit_id, parent_id, valid_from)
VALUES (%(unit)s, %(parent)s, %(since)s);

-- name: hold_unit
-- Hold a unit until the end of the transaction; tell whether it is over.
SELECT coalesce(valid_until <= lg.hom_nay(), false)
FROM acl.unit
WHERE id = %(unit)s
FOR NO KEY UPDATE;

-- name: governs
-- Tell whether an admin, a head or an officer is of a unit of the Sở, and not revoked.
SELECT EXISTS (
    SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
    WHERE a.unit_id = %(unit)s AND u.kind = 'so' AND a.state <> 'revoked' AND acl.la_dac_quyen(a.id));

-- name: accounts_of_unit
-- Return the accounts of a unit that are not revoked.
SELECT id
FROM acl.account
WHERE unit_id = %(unit)s AND state <> 'revoked'
ORDER BY id;

-- name: propose_succession
-- Note that a unit is to take over from another one.
INSERT INTO acl.unit_succession (old_id, new_id, day, basis, proposed_by)
VALUES (%(old)s, %(new)s, %(day)s, %(basis)s, %(by)s)
RETURNING id;

-- name: let_expire
-- Close a proposal of the same succession that nobody decided in time.
UPDATE acl.unit_succession
SET state = 'expired'
WHERE old_id = %(old)s AND new_id = %(new)s AND state = 'proposed'
      AND proposed_at <= clock_timestamp() - interval '5 days';

-- name: decide_succession
-- Approve or refuse a proposed succession.
UPDATE acl.unit_succession
SET state = %(state)s, decided_by = %(by)s
WHERE id = %(id)s AND state = 'proposed'
RETURNING id;

-- name: succession
-- Return a succession.
SELECT s.id, s.old_id, o.code, s.new_id, n.code, s.day, s.basis,
       CASE WHEN s.state = 'proposed' AND s.proposed_at <= clock_timestamp() - interval '5 days' THEN 'expired' ELSE s.state END,
       s.proposed_by, s.decided_by, s.proposed_at + interval '5 days'
FROM acl.unit_succession s
JOIN acl.unit o ON o.id = s.old_id
JOIN acl.unit n ON n.id = s.new_id
WHERE s.id = %(id)s;

-- name: successions
-- List successions after one, all of them or those that concern a unit.
SELECT s.id, s.old_id, o.code, s.new_id, n.code, s.day, s.basis,
       CASE WHEN s.state = 'proposed' AND s.proposed_at <= clock_timestamp() - interval '5 days' THEN 'expired' ELSE s.state END,
       s.proposed_by, s.decided_by, s.proposed_at + interval '5 days'
FROM acl.unit_succession s
JOIN acl.unit o ON o.id = s.old_id
JOIN acl.unit n ON n.id = s.new_id
WHERE s.id > %(after)s AND (%(unit)s::int IS NULL OR %(unit)s IN (s.old_id, s.new_id))
ORDER BY s.id
LIMIT %(limit)s;
