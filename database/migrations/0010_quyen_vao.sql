-- What nobody may call but who needs it; and what the loader may do. Who reads what follows in 0014.

REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.query_to_xml(text, boolean, boolean, text),
    pg_catalog.query_to_xmlschema(text, boolean, boolean, text),
    pg_catalog.query_to_xml_and_xmlschema(text, boolean, boolean, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION st_estimatedextent(text, text), st_estimatedextent(text, text, text),
    st_estimatedextent(text, text, text, boolean) FROM PUBLIC;

-- Statistics and indexes hold hidden rows as well; planning asks for them as the owner of PostGIS's operators.

REVOKE EXECUTE ON FUNCTION _postgis_stats(regclass, text, text), _postgis_index_extent(regclass, text),
    _postgis_selectivity(regclass, text, geometry, text),
    _postgis_join_selectivity(regclass, text, regclass, text, text) FROM PUBLIC;

-- So do counters, sizes and estimates of tables; and what others of the server ask, lock and write.

DO $$
DECLARE
    ham regprocedure;
    cot text;
BEGIN
    FOR ham IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname ~ '^pg_(stat_get|current_wal|ls)_'
               OR p.proname IN ('pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size',
                                'pg_database_size', 'pg_tablespace_size', 'pg_prepared_statement', 'pg_prepared_xact',
                                'pg_cursor', 'pg_lock_status', 'pg_get_multixact_members'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', ham);
    END LOOP;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO cot
    FROM pg_attribute
    WHERE attrelid = 'pg_class'::regclass AND attname NOT IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen');
    REVOKE SELECT ON pg_class FROM PUBLIC;
    EXECUTE format('GRANT SELECT (%s) ON pg_class TO PUBLIC', cot);
END $$;

-- Who reads takes no locks that others wait for, sends nobody messages, and uses up no numbers of transactions.

DO $$
DECLARE
    ham regprocedure;
    ai text;
BEGIN
    FOR ham IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname ~ '^pg_(try_)?advisory_'
               OR p.proname IN ('pg_notify', 'pg_export_snapshot', 'pg_current_xact_id', 'txid_current'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', ham);
        FOREACH ai IN ARRAY ARRAY['identity', 'publisher', 'audit', 'auditor', 'loader'] LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', ham, current_database() || '_' || ai);
        END LOOP;
    END LOOP;
END $$;

-- Of what has an effect or follows the state of the server, in whatever extension, only this is anybody's: instants,
-- random numbers, facts on the cluster, and sequences, which ask for rights of their own. The rest writes (large objects,
-- the log of the server: a transaction that only reads keeps nobody from it), waits, signals, allocates or runs texts.

DO $$
DECLARE
    ham regprocedure;
BEGIN
    FOR ham IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace) AND p.provolatile = 'v'
          AND NOT 'internal'::regtype = ANY (p.proargtypes)
          AND p.prorettype::regtype::text NOT IN ('trigger', 'event_trigger', 'internal', 'language_handler')
          AND p.proname <> ALL (ARRAY['clock_timestamp', 'timeofday', 'current_query', 'random', 'gen_random_uuid',
                                      'nextval', 'setval', 'currval', 'lastval', 'pg_sequence_last_value',
                                      'pg_is_in_recovery', 'pg_jit_available', 'pg_partition_tree',
                                      'pg_partition_ancestors', 'pg_collation_actual_version',
                                      'pg_database_collation_actual_version', 'pg_control_system', 'amvalidate',
                                      'plpgsql_validator', 'st_symmetricdifference'])
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
END $$;

-- A function that runs as its owner serves whom it is granted to, and triggers, which need no grant to fire.

DO $$
DECLARE
    ham regprocedure;
BEGIN
    FOR ham IN
        SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('hc', 'dm', 'dc', 'tk', 'qh', 'gd', 'hs', 'lg', 'acl') AND (p.prosecdef OR p.prokind = 'p')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
END $$;

-- What holds no rows of its own in the change log is not emptied behind its back either.

DO $$
DECLARE
    bang regclass;
BEGIN
    FOREACH bang IN ARRAY ARRAY['hc.chuyen_doi', 'dc.nguoi', 'dc.thua_dat_pha_he', 'gd.quy_tac', 'hs.thu_tuc', 'hs.buoc',
                                'hs.ho_so_thua', 'hs.thanh_phan', 'lg.dot_nap', 'lg.tu_choi']::regclass[] LOOP
        EXECUTE format('CREATE TRIGGER khong_truncate BEFORE TRUNCATE ON %s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION lg.tu_choi_sua()', bang);
    END LOOP;
END $$;

DO $$
DECLARE
    app constant text := current_database() || '_app';
    loader constant text := current_database() || '_loader';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.don_dem, lg.la_tinh_mau TO %I', app);
    EXECUTE format('GRANT SELECT ON lg.ky_nguyen TO %I', app);
    EXECUTE format('GRANT USAGE ON SCHEMA hc, dm, dc, tk, qh, gd, hs, lg TO %I', loader);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hc, dc, tk, qh, gd, hs TO %I', loader);
    EXECUTE format('GRANT SELECT ON dm.muc TO %I', loader);
    EXECUTE format('GRANT SELECT, INSERT ON lg.dot_nap, lg.tu_choi TO %I', loader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.don_dem, lg.hom_nay TO %I', loader);
END $$;
