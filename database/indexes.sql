-- name: droppable
-- Return the indexes of some tables that no constraint needs, with the statements that make them.
SELECT n.nspname, x.relname, pg_get_indexdef(i.indexrelid)
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = x.relnamespace
WHERE i.indrelid = ANY (%(tables)s::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY n.nspname, x.relname;
