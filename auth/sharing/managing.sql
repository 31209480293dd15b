-- name: name_manager
-- Say that a unit manages a layer in a territory.
INSERT INTO acl.layer_manager (layer, territory, unit_id, valid_from, valid_until)
VALUES (%(layer)s, %(territory)s, %(unit)s, %(since)s, %(until)s)
RETURNING id;

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
