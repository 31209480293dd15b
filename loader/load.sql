-- name: legal_day
-- Return the legal day.
SELECT lg.hom_nay();

-- name: targets
-- Return the columns of a table that a load may fill: name, type, whether it needs a value, whether a B-tree holds it.
SELECT a.attname,
       t.typname,
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
       EXISTS (SELECT FROM pg_index i
               JOIN pg_class x ON x.oid = i.indexrelid
               JOIN pg_am m ON m.oid = x.relam
               WHERE i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey::int2[]) AND m.amname = 'btree')
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum;

-- name: keys
-- Return the unique keys of a table: columns, and the condition on the rows that each covers.
SELECT array(SELECT a.attname::text
             FROM unnest(i.indkey) k
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k),
       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true')
FROM pg_index i
WHERE i.indrelid = %(table)s::regclass AND i.indisunique AND i.indexprs IS NULL
ORDER BY i.indexrelid;

-- name: checks
-- Return the CHECK constraints of a table: name, expression, columns.
SELECT c.conname,
       pg_get_expr(c.conbin, c.conrelid),
       array(SELECT a.attname::text
             FROM unnest(c.conkey) k
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k)
FROM pg_constraint c
WHERE c.conrelid = %(table)s::regclass AND c.contype = 'c'
ORDER BY c.conname;

-- name: references
-- Return the foreign keys of a table: columns, the table that they refer to, its columns, whether it is the same table.
SELECT array(SELECT a.attname::text
             FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
             ORDER BY k.place),
       n.nspname,
       t.relname,
       array(SELECT a.attname::text
             FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, place)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum
             ORDER BY k.place),
       c.confrelid = c.conrelid
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.conrelid = %(table)s::regclass AND c.contype = 'f'
ORDER BY c.conname;

-- name: codes
-- Return the codes of some lists.
SELECT danh_muc, ma, he_ma, ma_cha, hieu_luc_tu, hieu_luc_den
FROM dm.muc
WHERE danh_muc = ANY (%(lists)s)
ORDER BY danh_muc, ma, hieu_luc_tu;

-- name: units
-- Return the units in force on a day; codes were re-used, so never without a day.
SELECT ma, id
FROM hc.don_vi
WHERE hieu_luc_tu <= %(day)s AND (hieu_luc_den IS NULL OR hieu_luc_den > %(day)s);

-- name: extent
-- Return the box of some units, WGS 84: least longitude and latitude, then the greatest.
SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
FROM (SELECT ST_Extent(geom) AS e FROM hc.don_vi WHERE id = ANY (%(units)s)) s;

-- name: loader_role
-- Return the loader role of this database where the account of the session is a member of it.
SELECT rolname
FROM pg_roles
WHERE rolname = current_database() || '_loader' AND pg_has_role(session_user, oid, 'MEMBER');

-- name: record
-- Record a load; return its id.
INSERT INTO lg.dot_nap (lop, tep, sha256, anh_xa, bat_dau, so_doc, so_nhan, so_tu_choi)
VALUES (%(layer)s, %(file)s, %(sha256)s, %(mapping)s, %(started)s, %(read)s, %(written)s, %(rejected)s)
RETURNING id::text;

-- name: fold_log
-- Fold the change log into the counts.
SELECT lg.don_dem();
