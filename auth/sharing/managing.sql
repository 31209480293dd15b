-- name: managed
-- Tell whether a unit manages a layer in exactly this territory on any day of a period.
SELECT true
FROM acl.layer_manager
WHERE layer = %(layer)s AND territory IS NOT DISTINCT FROM %(territory)s::int
      AND daterange(valid_from, valid_until) && daterange(%(since)s::date, %(until)s::date);

-- name: propose_manager
-- Propose that a unit manages a layer in a territory.
INSERT INTO acl.manager_change (layer, territory, unit_id, valid_from, valid_until, proposed_by)
VALUES (%(layer)s, %(territory)s, %(unit)s, %(since)s, %(until)s, %(by)s)
RETURNING id;

-- name: propose_end
-- Propose that an entry ends.
INSERT INTO acl.manager_change (entry_id, layer, territory, unit_id, valid_from, valid_until, proposed_by)
SELECT id, layer, territory, unit_id, valid_from, %(until)s, %(by)s
FROM acl.layer_manager
WHERE id = %(entry)s
RETURNING id;

-- name: hold_change
-- Hold a proposal until the end of the transaction; return who made it.
SELECT proposed_by
FROM acl.manager_change
WHERE id = %(number)s
FOR NO KEY UPDATE;

-- name: decide_change
-- Approve or refuse what was proposed.
UPDATE acl.manager_change
SET state = %(state)s, decided_by = %(account)s, decided_at = clock_timestamp()
WHERE id = %(number)s AND state = 'proposed';

-- name: changes
-- Return what was proposed of managing units: one proposal, those that concern a unit, or all.
SELECT c.id, CASE WHEN c.entry_id IS NULL THEN 'name' ELSE 'end' END, c.layer, d.ma, d.ten, u.code, c.valid_from,
       c.valid_until, c.state, b.code, e.code, c.entry_id
FROM acl.manager_change c
JOIN acl.unit u ON u.id = c.unit_id
JOIN acl.account b ON b.id = c.proposed_by
LEFT JOIN acl.account e ON e.id = c.decided_by
LEFT JOIN acl.dia_ban() d ON d.xa_id = c.territory
WHERE (%(number)s::int IS NULL OR c.id = %(number)s) AND (%(unit)s::int IS NULL OR c.unit_id = %(unit)s)
ORDER BY c.id;

-- name: name_manager
-- Say that a unit manages a layer in a territory, as it was proposed.
INSERT INTO acl.layer_manager (layer, territory, unit_id, valid_from, valid_until)
SELECT layer, territory, unit_id, valid_from, valid_until
FROM acl.manager_change
WHERE id = %(number)s;

-- name: end_manager
-- Set the day from which a unit manages a layer no more.
UPDATE acl.layer_manager
SET valid_until = %(until)s
WHERE id = %(entry)s;

-- name: managers
-- Return what was said of managing units, for people.
SELECT m.id, m.layer, d.ma, d.ten, u.code, m.valid_from, m.valid_until
FROM acl.layer_manager m
JOIN acl.unit u ON u.id = m.unit_id
LEFT JOIN acl.dia_ban() d ON d.xa_id = m.territory
ORDER BY m.layer, d.ma NULLS FIRST, m.valid_from;

-- name: management
-- Return who manages some layers on any day of a period.
SELECT layer, territory, unit_id, valid_from, valid_until
FROM acl.layer_manager
WHERE layer = ANY (%(layers)s::text[])
      AND daterange(valid_from, valid_until) && daterange(%(since)s::date, %(until)s::date)
ORDER BY id
