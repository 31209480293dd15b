-- What people write of a record that nothing computed can say. It belongs to the identifier of the record, so it outlives
-- a removal; each version is whole, and the newest one counts.

CREATE TABLE cb.bo_sung (
    ban_ghi uuid NOT NULL,
    so int NOT NULL CHECK (so > 0),
    noi_dung jsonb NOT NULL CHECK (jsonb_typeof(noi_dung) = 'object'),
    nguoi int NOT NULL REFERENCES acl.account,
    luc timestamptz NOT NULL DEFAULT clock_timestamp(),
    ly_do text COLLATE "C" NOT NULL CHECK (ly_do <> '' AND ly_do IS NFC NORMALIZED),
    PRIMARY KEY (ban_ghi, so)
);
COMMENT ON TABLE cb.bo_sung IS 'Supplements of records, as officers wrote them: versions without gaps, never changed.';
COMMENT ON COLUMN cb.bo_sung.noi_dung IS 'The whole supplement; {} takes back what was said before.';
CREATE INDEX bo_sung_luc ON cb.bo_sung (luc);

CREATE FUNCTION cb.giu_bo_sung() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r mt.ban_ghi;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cb.bo_sung ' || new.ban_ghi::text, 0));
    IF new.so <> 1 + coalesce((SELECT max(b.so) FROM cb.bo_sung b WHERE b.ban_ghi = new.ban_ghi), 0) THEN
        RAISE EXCEPTION 'another version came first' USING ERRCODE = 'unique_violation', CONSTRAINT = 'giu_bo_sung';
    END IF;
    SELECT * INTO r FROM mt.ban_ghi b WHERE b.id = new.ban_ghi LIMIT 1;
    IF r.id IS NULL THEN
        RAISE EXCEPTION 'there is no such record' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_bo_sung';
    ELSIF NOT acl.la_can_bo_chia_se(new.nguoi)
          AND NOT (r.lop IS NULL AND cb.la_can_bo_quan_ly(new.nguoi) IS NOT NULL)
          AND NOT cb.quan_ly_het(cb.la_can_bo_quan_ly(new.nguoi), r.xa_id, ARRAY[r.lop]) THEN
        RAISE EXCEPTION 'who writes it answers for the layer' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'giu_bo_sung';
    END IF;
    new.luc := clock_timestamp();
    RETURN new;
END $$;

-- An officer of the Sở for sharing completes every record; a head, or an officer for sharing, of a managing unit those
-- whose every layer it manages in the whole of the record's territory.

CREATE FUNCTION cb.la_can_bo_quan_ly(tai_khoan int) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.unit_id
    FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
    WHERE a.id = tai_khoan AND a.state = 'active' AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay())
          AND daterange(u.valid_from, u.valid_until) @> lg.hom_nay()
          AND (a.kind = 'unit_head' OR a.kind = 'individual' AND EXISTS (
              SELECT FROM acl.account_function g JOIN acl.function f ON f.id = g.function_id
              WHERE g.account_id = a.id AND f.code = 'chia-se-du-lieu'
                    AND daterange(g.valid_from, g.valid_until) @> lg.hom_nay()
                    AND daterange(f.valid_from, f.valid_until) @> lg.hom_nay()));
END;
COMMENT ON FUNCTION cb.la_can_bo_quan_ly IS 'The unit for whose layers an account answers today: as its head, or with its function of sharing.';

CREATE FUNCTION cb.o_trong(xa int, dia_ban int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tren AS (
        SELECT d.xa_id, d.cha_id FROM hc.don_vi d WHERE d.xa_id = xa
        UNION
        SELECT d.xa_id, d.cha_id FROM tren t JOIN hc.don_vi d ON d.xa_id = t.cha_id
    )
    SELECT dia_ban IS NULL
        OR EXISTS (SELECT FROM tren t WHERE t.xa_id = dia_ban)
        OR EXISTS (SELECT FROM hc.don_vi d WHERE d.xa_id = dia_ban AND d.cap = 1);
END;
COMMENT ON FUNCTION cb.o_trong IS 'Whether an administrative unit (0: the province) lies in a territory (NULL: the province).';

CREATE FUNCTION cb.quan_ly_het(don_vi int, xa int, cac_lop text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT don_vi IS NOT NULL AND cardinality(cac_lop) > 0 AND bool_and(l IS NOT NULL AND EXISTS (
        SELECT FROM acl.layer_manager m
        WHERE m.layer = l AND m.unit_id = don_vi AND daterange(m.valid_from, m.valid_until) @> lg.hom_nay()
              AND cb.o_trong(xa, m.territory)))
    FROM unnest(cac_lop) l;
END;
COMMENT ON FUNCTION cb.quan_ly_het IS 'Whether a unit manages each of some layers today in the whole of an administrative unit.';

CREATE TRIGGER giu_bo_sung BEFORE INSERT ON cb.bo_sung FOR EACH ROW EXECUTE FUNCTION cb.giu_bo_sung();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON cb.bo_sung FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER khong_truncate BEFORE TRUNCATE ON cb.bo_sung FOR EACH STATEMENT EXECUTE FUNCTION acl.chi_them();

-- What an account may complete; of a record that several keys show, the fullest.

CREATE FUNCTION cb.ban_ghi_duoc_bo_sung(tai_khoan int, lop_cua jsonb, mot uuid, sau uuid, cua_thanh_phan text, gioi_han int)
RETURNS TABLE (id uuid, thanh_phan text, lop text, xa_id int, khoa text, ban_ghi text, created timestamptz, updated timestamptz,
               dau_van text, so int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tat_ca constant boolean := acl.la_can_bo_chia_se(tai_khoan);
    don_vi constant int := cb.la_can_bo_quan_ly(tai_khoan);
BEGIN
    RETURN QUERY
        SELECT DISTINCT ON (r.id) r.id, r.thanh_phan, r.lop, r.xa_id, r.khoa, r.ban_ghi, r.created, r.updated, r.dau_van,
               coalesce((SELECT max(b.so) FROM cb.bo_sung b WHERE b.ban_ghi = r.id), 0)
        FROM mt.ban_ghi r
        WHERE (mot IS NULL OR r.id = mot) AND r.id > coalesce(sau, '00000000-0000-0000-0000-000000000000')
              AND (cua_thanh_phan IS NULL OR r.thanh_phan = cua_thanh_phan)
              AND (tat_ca OR cb.quan_ly_het(don_vi, r.xa_id,
                       CASE WHEN r.lop IS NULL THEN ARRAY(SELECT jsonb_array_elements_text(lop_cua -> r.thanh_phan))
                            ELSE ARRAY[r.lop::text] END))
        ORDER BY r.id, array_position(ARRAY['ca-hai', 'day-du', 'don-vi', 'khung'], split_part(r.khoa, ':', 1)), r.khoa
        LIMIT gioi_han;
END $$;
COMMENT ON FUNCTION cb.ban_ghi_duoc_bo_sung IS
    'The records that an account may complete today, by identifier; lop_cua: the layers of each component database.';

DO $$
DECLARE
    t constant text := current_database() || '_';
    ham regprocedure;
BEGIN
    FOR ham IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'cb'::regnamespace
               AND p.proname IN ('giu_bo_sung', 'la_can_bo_quan_ly', 'o_trong', 'quan_ly_het', 'ban_ghi_duoc_bo_sung') LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
    EXECUTE format('GRANT SELECT ON cb.bo_sung TO %I, %I', t || 'identity', t || 'publisher');
    EXECUTE format('GRANT INSERT (ban_ghi, so, noi_dung, nguoi, ly_do) ON cb.bo_sung TO %I', t || 'identity');
    EXECUTE format('GRANT EXECUTE ON FUNCTION cb.la_can_bo_quan_ly, cb.ban_ghi_duoc_bo_sung TO %I', t || 'identity');
END $$;
