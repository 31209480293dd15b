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

-- name: entry
-- Return the days for which an entry holds.
SELECT valid_from, valid_until
FROM acl.layer_manager
WHERE id = %(entry)s;

-- name: hold_change
-- Hold a proposal until the end of the transaction; return who made it.
SELECT proposed_by
FROM acl.manager_change
WHERE id = %(number)s
FOR NO KEY UPDATE;

-- name: decide_change
-- Approve, refuse or withdraw what was proposed.
UPDATE acl.manager_change
SET state = %(state)s, decided_by = %(account)s, answer = %(answer)s
WHERE id = %(number)s AND state = 'proposed'
RETURNING id;

-- name: changes
-- Return what was proposed of managing units after one: those that concern a unit, or all; open ones, or all.
SELECT c.id, CASE WHEN c.entry_id IS NULL THEN 'name' ELSE 'end' END, c.layer, d.ma, d.ten, u.code, c.valid_from,
       c.valid_until,
       CASE WHEN c.state = 'proposed' AND c.expires_at <= clock_timestamp() THEN 'expired' ELSE c.state END,
       b.code, c.proposed_at, c.expires_at, e.code, c.decided_at, c.answer, c.entry_id
FROM acl.manager_change c
JOIN acl.unit u ON u.id = c.unit_id
JOIN acl.account b ON b.id = c.proposed_by
LEFT JOIN acl.account e ON e.id = c.decided_by
LEFT JOIN acl.dia_ban() d ON d.xa_id = c.territory
WHERE c.id > %(after)s AND (%(all)s OR c.unit_id = %(unit)s::int)
      AND (NOT %(open)s OR c.state = 'proposed' AND c.expires_at > clock_timestamp())
ORDER BY c.id
LIMIT %(limit)s;

-- name: name_manager
-- Say that a unit manages a layer in a territory, as it was proposed.
INSERT INTO acl.layer_manager (layer, territory, unit_id, valid_from, valid_until)
SELECT layer, territory, unit_id, valid_from, valid_until
FROM acl.manager_change
WHERE id = %(number)s;

-- name: end_manager
-- Set the day from which a unit manages a layer no more; an end that is set already comes no later.
UPDATE acl.layer_manager
SET valid_until = %(until)s
WHERE id = %(entry)s AND (valid_until IS NULL OR valid_until >= %(until)s)
RETURNING id
