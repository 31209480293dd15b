-- name: vector
-- Bring a point to VN-2000, and a point of VN-2000 back.
SELECT ST_X(p), ST_Y(p), ST_X(back), ST_Y(back)
FROM (SELECT hc.doi_toa_do(ST_SetSRID(ST_MakePoint(106.90, 11.535), 4326), 9212) AS p,
             hc.doi_toa_do(ST_SetSRID(ST_MakePoint(570704.4987, 1275711.0972), 9212), 4326) AS back) AS t;

-- name: counts_in_this_cluster
-- Say whether the change log counts in transactions of this cluster.
SELECT he_thong = (SELECT system_identifier FROM pg_control_system())
FROM lg.ky_nguyen;

-- name: may_call_too_much
-- Say for each function that changes who a session is, or tells of hidden rows, whether a profile role may call it.
SELECT has_function_privilege(acl.prefix() || 'g_common', f, 'EXECUTE')
FROM unnest(ARRAY['pg_catalog.set_config(text, text, boolean)', 'acl.enter(text, text, text, text, float8[], text)',
                  'acl.role_for(text, text, text, text, text)', 'lg.so_dong_trong(text, boolean, int[])',
                  'lg.phien_ban_trong(text, int[])', 'pg_stat_get_live_tuples(oid)', 'pg_relation_size(regclass, text)',
                  'pg_advisory_lock(bigint)', 'pg_prepared_statement()', 'pg_cursor()', 'pg_lock_status()',
                  'pg_database_size(oid)', 'pg_tablespace_size(oid)', 'pg_current_wal_lsn()',
                  'pg_get_multixact_members(xid)', 'pg_ls_waldir()']) AS f;

-- name: legal_day
-- Return the legal day.
SELECT lg.hom_nay();
