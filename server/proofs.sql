-- name: vector
-- Bring a point to VN-2000, and a point of VN-2000 back.
SELECT ST_X(p), ST_Y(p), ST_X(back), ST_Y(back)
FROM (SELECT hc.doi_toa_do(ST_SetSRID(ST_MakePoint(106.90, 11.535), 4326), 9212) AS p,
             hc.doi_toa_do(ST_SetSRID(ST_MakePoint(570704.4987, 1275711.0972), 9212), 4326) AS back) AS t;

-- name: enter
-- Take on the profile role of a caller without a token.
SELECT acl.enter('public', '', '', NULL);

-- name: counts_in_this_cluster
-- Say whether the change log counts in transactions of this cluster.
SELECT he_thong = (SELECT system_identifier FROM pg_control_system())
FROM lg.ky_nguyen;

-- name: may_change_who_it_is
-- Say for each function that changes who a session is whether a profile role may call it.
SELECT has_function_privilege(acl.vai_tro_cua('public', ''), f, 'EXECUTE')
FROM unnest(ARRAY['pg_catalog.set_config(text, text, boolean)', 'acl.enter(text, text, text, float8[])']) AS f;
