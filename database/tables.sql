-- name: tables
-- Return what the catalogue relies on of each named table: columns, indexes, logged events, row security.
SELECT wanted.name,
       c.oid IS NOT NULL AS present,
       CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN
           (SELECT string_agg(g.qual, ' ' ORDER BY g.policy) FROM acl.guarded g
            WHERE g.bang = wanted.name AND g.policy IN ('t', 'td')) END AS guard,
       (SELECT jsonb_agg(jsonb_build_object(
                   'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'collation', coalesce(o.collname, ''),
                   'not_null', a.attnotnull))
        FROM pg_attribute a
        LEFT JOIN pg_collation o ON o.oid = a.attcollation
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT jsonb_agg(jsonb_build_object(
                   'method', m.amname,
                   'columns', (SELECT jsonb_agg(coalesce(a.attname, '') ORDER BY k.place)
                               FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                               WHERE k.place <= i.indnkeyatts),
                   'operators', p.opcname,
                   'predicate', coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
                   'is_unique', i.indisunique))
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_am m ON m.oid = x.relam
        JOIN pg_opclass p ON p.oid = i.indclass[0]
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisready) AS indexes,
       (SELECT jsonb_object_agg(event.name, string_to_array(encode(t.tgargs, 'escape'), '\000'))
        FROM pg_trigger t
        JOIN pg_proc f ON f.oid = t.tgfoid
        JOIN pg_namespace s ON s.oid = f.pronamespace
        JOIN (VALUES ('INSERT', 4, 'ghi_thay_doi'), ('UPDATE', 16, 'ghi_thay_doi'), ('DELETE', 8, 'ghi_thay_doi'),
                     ('TRUNCATE', 32, 'tu_choi_sua')) AS event (name, bit, function)
             ON event.function = f.proname AND t.tgtype::int & event.bit <> 0
        WHERE t.tgrelid = c.oid AND s.nspname = 'lg' AND t.tgenabled IN ('O', 'A')) AS logged
FROM unnest(%(tables)s::text[]) AS wanted (name)
LEFT JOIN (pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))
     ON n.nspname || '.' || c.relname = wanted.name;

-- name: codelists
-- Return the names of the code lists that have a code.
SELECT DISTINCT danh_muc FROM dm.muc ORDER BY danh_muc;
