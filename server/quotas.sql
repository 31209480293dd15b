-- name: take
-- Count items of a day for a unit, unless they would be more than it may take.
INSERT INTO acl.taken AS t (unit_id, collection, day, items)
SELECT %(unit)s, %(collection)s, %(day)s::date, %(items)s::bigint
WHERE %(items)s::bigint <= %(most)s::bigint
ON CONFLICT (unit_id, collection, day) DO UPDATE SET items = t.items + excluded.items
WHERE t.items + excluded.items <= %(most)s::bigint
RETURNING items;
