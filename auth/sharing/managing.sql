-- name: managers
-- Return one page of what was said of managing units, for people: all, or that of a unit and of some layers.
SELECT m.id, m.layer, d.ma, d.ten, u.code, m.valid_from, m.valid_until
FROM acl.layer_manager m
JOIN acl.unit u ON u.id = m.unit_id
LEFT JOIN acl.dia_ban() d ON d.xa_id = m.territory
WHERE m.id > %(after)s
      AND (%(unit)s::int IS NULL OR m.unit_id = %(unit)s::int OR m.layer = ANY (%(layers)s::text[]))
ORDER BY m.id
LIMIT %(limit)s;

-- name: management
-- Return who manages some layers on any day of a period.
SELECT layer, territory, unit_id, valid_from, valid_until
FROM acl.layer_manager
WHERE layer = ANY (%(layers)s::text[])
      AND daterange(valid_from, valid_until) && daterange(%(since)s::date, %(until)s::date)
ORDER BY id
