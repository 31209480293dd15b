-- Who reads what. Every read enters a profile role; the login of the server owns nothing and sees nothing by itself.

CREATE TABLE acl.cua (
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('token', 'session', 'job', 'subscription', 'public')),
    khoa text COLLATE "C" NOT NULL,
    vai_tro name NOT NULL,
    PRIMARY KEY (loai, khoa)
);
COMMENT ON TABLE acl.cua IS 'Principal -> profile role.';
INSERT INTO acl.cua (loai, khoa, vai_tro) VALUES ('public', '', current_database() || '_p_all');

-- plpgsql keeps its plans; a function in SQL would be planned anew for each request.

CREATE FUNCTION acl.vai_tro_cua(loai text, khoa text) RETURNS name
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT c.vai_tro FROM acl.cua c WHERE c.loai = $1 AND c.khoa = $2);
END $$;

CREATE FUNCTION acl.enter(loai text, khoa text, profile_hash text, hop float8[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vai_tro constant name := acl.vai_tro_cua(loai, khoa);
BEGIN
    IF vai_tro IS NULL THEN
        RAISE EXCEPTION 'no profile' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('datdai.hop', coalesce(array_to_string(hop, ','), ''), true),
            set_config('role', vai_tro, true);
END $$;

COMMENT ON FUNCTION acl.enter IS
    'Takes on the profile role of a principal for the rest of the transaction. hop narrows, it never widens.';

-- A role cannot be set inside a definer function, so enter itself is an invoker; a profile role may not call it again.

REVOKE EXECUTE ON FUNCTION acl.enter, acl.vai_tro_cua FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision), pg_catalog.pg_sleep_for(interval),
    pg_catalog.pg_sleep_until(timestamptz) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.query_to_xml(text, boolean, boolean, text),
    pg_catalog.query_to_xmlschema(text, boolean, boolean, text),
    pg_catalog.query_to_xml_and_xmlschema(text, boolean, boolean, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION st_estimatedextent(text, text), st_estimatedextent(text, text, text),
    st_estimatedextent(text, text, text, boolean) FROM PUBLIC;

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
    p_all constant text := current_database() || '_p_all';
    bang regclass;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.enter, acl.vai_tro_cua TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.don_dem TO %I', app);
    EXECUTE format('GRANT SELECT ON lg.ky_nguyen TO %I', app);
    EXECUTE format('GRANT USAGE ON SCHEMA hc, dm, dc, tk, qh, gd, hs, lg TO %I, %I', p_all, loader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.so_dong, lg.phien_ban_cua, lg.hom_nay TO %I', p_all);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hc, dc, tk, qh, gd, hs TO %I', loader);
    EXECUTE format('GRANT SELECT ON dm.muc TO %I, %I', p_all, loader);
    EXECUTE format('GRANT SELECT, INSERT ON lg.dot_nap, lg.tu_choi TO %I', loader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.don_dem, lg.so_dong, lg.hom_nay TO %I', loader);
    FOR bang IN
        SELECT c.oid FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE t.tgname = 'nhat_ky_them'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %I', bang, p_all);
    END LOOP;
END $$;
