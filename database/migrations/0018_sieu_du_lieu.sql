-- The catalogue: records of metadata, who may see which, and when each came into sight and went out of it.

CREATE SCHEMA mt;
CREATE SCHEMA cb;
COMMENT ON SCHEMA mt IS 'Siêu dữ liệu';
COMMENT ON SCHEMA cb IS 'Công bố siêu dữ liệu: đồng hồ, lịch sử, những gì chờ xác nhận';

-- A row is a record as one key shows it; a profile holds the keys of the rows that it sees, never two of one record.

CREATE TABLE mt.ban_ghi (
    dong bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    khoa text COLLATE "C" NOT NULL CHECK (khoa ~ '^(khung|day-du|ca-hai|don-vi):.'),
    xa_id int NOT NULL DEFAULT 0,
    type text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL CHECK (title <> '' AND title IS NFC NORMALIZED),
    description text COLLATE "C" NOT NULL CHECK (description IS NFC NORMALIZED),
    keywords text[] COLLATE "C" NOT NULL DEFAULT '{}',
    thanh_phan text COLLATE "C" NOT NULL,
    lop text COLLATE "C",
    ma_don_vi text COLLATE "C",
    ten_don_vi text COLLATE "C",
    ky text COLLATE "C",
    external_ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    license text COLLATE "C" NOT NULL,
    time_begin date,
    time_end date CHECK (time_end > time_begin),
    created timestamptz NOT NULL CHECK (created = date_trunc('second', created)),
    updated timestamptz NOT NULL CHECK (updated = date_trunc('second', updated) AND updated >= created),
    ban_ghi text COLLATE "C" NOT NULL,
    dau_van text COLLATE "C" NOT NULL,
    tim text COLLATE "C" NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL,
    UNIQUE (id, khoa)
);
COMMENT ON COLUMN mt.ban_ghi.xa_id IS '0 is the whole province.';
COMMENT ON COLUMN mt.ban_ghi.time_end IS 'First day of which the data do not tell any more.';
COMMENT ON COLUMN mt.ban_ghi.ban_ghi IS 'The record as JSON: catalogue.record.';
COMMENT ON COLUMN mt.ban_ghi.dau_van IS 'Digest of the record: its instant moves when this does, and never else.';
CREATE INDEX ban_ghi_khoa ON mt.ban_ghi (khoa, id);
CREATE INDEX ban_ghi_xa ON mt.ban_ghi (xa_id, id);
CREATE INDEX ban_ghi_hinh ON mt.ban_ghi USING gist (xa_id, geom);
CREATE INDEX ban_ghi_hinh_rieng ON mt.ban_ghi USING gist (geom);
CREATE INDEX ban_ghi_tim ON mt.ban_ghi USING gin (tim gin_trgm_ops, xa_id);
CREATE INDEX ban_ghi_type ON mt.ban_ghi (type, id);
CREATE INDEX ban_ghi_title ON mt.ban_ghi (title, id);
CREATE INDEX ban_ghi_thanh_phan ON mt.ban_ghi (thanh_phan, id);
CREATE INDEX ban_ghi_lop ON mt.ban_ghi (lop, id);
CREATE INDEX ban_ghi_ma_don_vi ON mt.ban_ghi (ma_don_vi, id);
CREATE INDEX ban_ghi_ten_don_vi ON mt.ban_ghi (ten_don_vi, id);
CREATE INDEX ban_ghi_ky ON mt.ban_ghi (ky, id);
CREATE INDEX ban_ghi_license ON mt.ban_ghi (license, id);
CREATE INDEX ban_ghi_time_begin ON mt.ban_ghi (time_begin, id);
CREATE INDEX ban_ghi_time_end ON mt.ban_ghi (time_end, id);
CREATE INDEX ban_ghi_created ON mt.ban_ghi (created, id);
CREATE INDEX ban_ghi_updated ON mt.ban_ghi (updated, id);

-- The change log knows the rows by number: one record has several.

CREATE TRIGGER nhat_ky_them AFTER INSERT ON mt.ban_ghi REFERENCING NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi('dong', 'xa_id', 'geom', '', 'thanh_phan');
CREATE TRIGGER nhat_ky_sua AFTER UPDATE ON mt.ban_ghi REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi('dong', 'xa_id', 'geom', '', 'thanh_phan');
CREATE TRIGGER nhat_ky_xoa AFTER DELETE ON mt.ban_ghi REFERENCING OLD TABLE AS cu
    FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi('dong', 'xa_id', 'geom', '', 'thanh_phan');
CREATE TRIGGER khong_truncate BEFORE TRUNCATE ON mt.ban_ghi
    FOR EACH STATEMENT EXECUTE FUNCTION lg.tu_choi_sua();


-- The clock of the catalogue: one publisher at a time, instants in whole seconds that only grow and lie ahead of the
-- commit, so that who has asked at an instant has seen everything stamped up to it.

CREATE TABLE cb.dong_ho (
    mot_dong boolean PRIMARY KEY DEFAULT true CHECK (mot_dong),
    cong_bo timestamptz CHECK (cong_bo = date_trunc('second', cong_bo)),
    nhip timestamptz,
    giao_dich xid8 NOT NULL DEFAULT '0',
    he_thong bigint NOT NULL DEFAULT 0,
    dau_van text COLLATE "C" NOT NULL DEFAULT '',
    dot_nap text COLLATE "C" NOT NULL DEFAULT '',
    kip boolean NOT NULL DEFAULT true
);
INSERT INTO cb.dong_ho DEFAULT VALUES;
COMMENT ON COLUMN cb.dong_ho.cong_bo IS 'Instant of the newest publication; NULL: the catalogue was never published, and no answer can be given.';
COMMENT ON COLUMN cb.dong_ho.nhip IS 'When the publisher last looked and found nothing left to do.';
COMMENT ON COLUMN cb.dong_ho.giao_dich IS 'The change log is worked off below this transaction.';
COMMENT ON COLUMN cb.dong_ho.he_thong IS 'Identity of the cluster whose transaction numbers these are.';
COMMENT ON COLUMN cb.dong_ho.dau_van IS 'Digest of what records are made of besides data: layers, service, program.';
COMMENT ON COLUMN cb.dong_ho.dot_nap IS 'How many loads there were, and when the newest ended: full records tell of them.';
COMMENT ON COLUMN cb.dong_ho.kip IS 'The newest publication was seen to be committed before its instant; else it is stamped anew.';

-- What was counted of the data, by administrative unit and edition, so that a change costs no more than its own unit.

CREATE TABLE cb.so_lieu (
    lop text COLLATE "C" NOT NULL,
    xa_id int NOT NULL,
    ky text COLLATE "C" NOT NULL,
    so_dong bigint NOT NULL CHECK (so_dong > 0),
    tu date,
    tay float8,
    nam float8,
    dong float8,
    bac float8,
    PRIMARY KEY (lop, xa_id, ky)
);
CREATE INDEX so_lieu_xa ON cb.so_lieu (xa_id);
COMMENT ON TABLE cb.so_lieu IS 'How many rows a layer has, the earliest day on which one took effect, and the box around them.';
COMMENT ON COLUMN cb.so_lieu.ky IS 'The year; empty where the layer has no editions.';

CREATE TABLE cb.ngay_doi (
    lop text COLLATE "C" NOT NULL,
    xa_id int NOT NULL,
    ky text COLLATE "C" NOT NULL,
    ngay date NOT NULL,
    PRIMARY KEY (lop, xa_id, ky)
);
CREATE INDEX ngay_doi_xa ON cb.ngay_doi (xa_id);
COMMENT ON TABLE cb.ngay_doi IS 'The day of the newest change, from the change log.';

CREATE TABLE cb.thieu_sot (
    id uuid PRIMARY KEY,
    title text COLLATE "C" NOT NULL,
    thieu text[] COLLATE "C" NOT NULL CHECK (cardinality(thieu) > 0)
);
COMMENT ON TABLE cb.thieu_sot IS 'Records that lack what their encodings need: they stay as they were published last.';

-- Run as <db>_thuoc, which reads the key, the unit, the validity, the geometry and the terms of scopes: nothing of persons
-- can get into what is counted.

CREATE FUNCTION lg.dem_lop(bang regclass, chi_hien_hanh boolean, cot_ky name, cot_tu name, xa int[])
RETURNS TABLE (xa_id int, ky text, so_dong bigint, tu date, tay float8, nam float8, dong float8, bac float8)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kieu constant text := (SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
                           WHERE a.attrelid = bang AND a.attname = cot_ky AND NOT a.attisdropped);
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT t.xa_id, t.ky, t.so_dong, t.tu, ST_XMin(t.hop), ST_YMin(t.hop), ST_XMax(t.hop), ST_YMax(t.hop) '
        'FROM (SELECT b.xa_id, %s AS ky, count(*) AS so_dong, %s AS tu, %s AS hop FROM %s b WHERE %s GROUP BY 1, 2) t',
        CASE WHEN kieu IS NULL THEN format('%L::text', '')
             WHEN kieu = 'date' THEN format('coalesce(to_char(b.%I, %L), %L)', cot_ky, 'YYYY', '')
             ELSE format('coalesce(b.%I::text, %L)', cot_ky, '') END,
        CASE WHEN cot_tu IS NULL THEN 'NULL::date' ELSE format('min(b.%I)', cot_tu) END,
        CASE WHEN lg.co_cot(bang, 'geom') THEN 'ST_Extent(b.geom)' ELSE 'NULL::box2d' END,
        bang,
        concat_ws(' AND ', 'true', CASE WHEN chi_hien_hanh THEN 'b.hieu_luc_den IS NULL' END,
                  CASE WHEN xa IS NOT NULL THEN 'b.xa_id = ANY ($1)' END))
    USING xa;
END $$;
COMMENT ON FUNCTION lg.dem_lop IS 'Counts a table as a layer shows it, by administrative unit and year; xa NULL: in all units.';

CREATE TABLE cb.doi_song (
    id uuid NOT NULL,
    khoa text COLLATE "C" NOT NULL,
    thanh_phan text COLLATE "C" NOT NULL,
    thay_boi uuid,
    tu timestamptz NOT NULL,
    den timestamptz CHECK (den >= tu),
    PRIMARY KEY (id, khoa, tu)
);
CREATE UNIQUE INDEX doi_song_con ON cb.doi_song (id, khoa) WHERE den IS NULL;
CREATE INDEX doi_song_khoa ON cb.doi_song (khoa, id);
CREATE INDEX doi_song_het ON cb.doi_song (khoa, id) WHERE den IS NOT NULL;
COMMENT ON TABLE cb.doi_song IS 'When a key showed a record: from an instant until another one. Kept for ever.';
COMMENT ON COLUMN cb.doi_song.thay_boi IS 'The record that took its place.';

CREATE FUNCTION cb.noi_tiep(don_vi int) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.moi_id FROM hc.chuyen_doi c WHERE c.cu_id = don_vi ORDER BY c.ty_le DESC, c.moi_id LIMIT 1;
END;
COMMENT ON FUNCTION cb.noi_tiep IS 'The administrative unit to which the greater part of one went; NULL: to none.';

CREATE TABLE cb.khoa_cua (
    chu_the text COLLATE "C" NOT NULL CHECK (chu_the = 'public' OR chu_the ~ '^account:[0-9]+$'),
    khoa text COLLATE "C" NOT NULL,
    tu timestamptz NOT NULL,
    den timestamptz CHECK (den >= tu),
    dau_tien boolean NOT NULL,
    PRIMARY KEY (chu_the, khoa, tu)
);
CREATE UNIQUE INDEX khoa_cua_con ON cb.khoa_cua (chu_the, khoa) WHERE den IS NULL;
COMMENT ON TABLE cb.khoa_cua IS 'Which keys a subject held from when until when. Kept for ever.';
COMMENT ON COLUMN cb.khoa_cua.dau_tien IS
    'Held when the subject was first noted: what it shows did not enter then, and has the instants of its own.';

CREATE TABLE cb.chu_the (
    chu_the text COLLATE "C" PRIMARY KEY,
    hash text COLLATE "C" NOT NULL
);
COMMENT ON TABLE cb.chu_the IS 'The profile by which the keys of a subject were last noted.';

CREATE TABLE cb.ho_so (
    hash text COLLATE "C" PRIMARY KEY
);
COMMENT ON TABLE cb.ho_so IS 'Profiles whose keys are written down in cb.khoa_ho_so; one may hold none.';

CREATE TABLE cb.khoa_ho_so (
    hash text COLLATE "C" NOT NULL REFERENCES cb.ho_so,
    khoa text COLLATE "C" NOT NULL,
    PRIMARY KEY (hash, khoa)
);
COMMENT ON TABLE cb.khoa_ho_so IS 'The keys that a profile holds.';

CREATE TABLE cb.da_qua (
    stt bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chu_the text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL
);
COMMENT ON TABLE cb.da_qua IS 'Profiles as they came into force, not noted yet: what is given and taken again between two looks leaves a mark, too.';

CREATE FUNCTION cb.ghi_da_qua() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.valid_from <= lg.hom_nay() AND (new.valid_until IS NULL OR new.valid_until > lg.hom_nay()) THEN
        INSERT INTO cb.da_qua (chu_the, hash) VALUES (new.subject, new.hash);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ghi_da_qua AFTER INSERT OR UPDATE ON acl.profile_in_force
    FOR EACH ROW EXECUTE FUNCTION cb.ghi_da_qua();


-- What the subject that has entered may know. The door says who it is; the setting shows instants and tombstones of its
-- own, and no row.

CREATE OR REPLACE FUNCTION acl.role_for(loai text, khoa text, profile_hash text, part text, cung text) RETURNS name
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ngay constant date := lg.hom_nay();
    subject constant text := acl.subject_of(loai, khoa, ngay);
    vai_tro name;
BEGIN
    IF subject IS NULL THEN
        RAISE EXCEPTION 'no such principal' USING ERRCODE = 'DD003';
    END IF;
    IF acl.hash_of(subject, ngay) <> profile_hash THEN
        RAISE EXCEPTION 'another profile is in force' USING ERRCODE = 'DD002';
    END IF;
    SELECT r.role INTO vai_tro FROM acl.profile_role r WHERE r.hash = profile_hash AND r.part = role_for.part;
    IF vai_tro IS NULL THEN
        RAISE EXCEPTION 'the profile has no such part' USING ERRCODE = 'DD002';
    END IF;
    PERFORM set_config('datdai.chu_the', subject, true);
    RETURN concat_ws('_', vai_tro, CASE WHEN cung IN ('b', 's') THEN cung END);
END $$;

CREATE FUNCTION cb.vao(khoa text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT k.tu FROM cb.khoa_cua k
            WHERE k.chu_the = current_setting('datdai.chu_the', true) AND k.khoa = vao.khoa
                  AND k.den IS NULL AND NOT k.dau_tien);
END $$;
COMMENT ON FUNCTION cb.vao IS 'When the subject that has entered got a key; NULL: it has had it since it was first noted.';

CREATE FUNCTION cb.da_mat(sau uuid, tu_luc timestamptz, den_luc timestamptz)
RETURNS TABLE (id uuid, luc timestamptz, thanh_phan text, thay_boi uuid)
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ai constant text := current_setting('datdai.chu_the', true);
BEGIN
    RETURN QUERY
        SELECT m.id, max(m.luc), (array_agg(m.thanh_phan ORDER BY m.luc DESC))[1], (array_agg(m.thay_boi ORDER BY m.luc DESC))[1]
        FROM (SELECT s.id, s.den AS luc, s.thanh_phan, s.thay_boi
              FROM cb.khoa_cua k
              JOIN cb.doi_song s ON s.khoa = k.khoa AND s.den IS NOT NULL AND s.den >= k.tu
              WHERE k.chu_the = ai AND (k.den IS NULL OR s.den <= k.den) AND (sau IS NULL OR s.id > sau)
              UNION ALL
              SELECT s.id, k.den, s.thanh_phan, NULL
              FROM cb.khoa_cua k
              JOIN cb.doi_song s ON s.khoa = k.khoa AND s.tu <= k.den AND (s.den IS NULL OR s.den > k.den)
              WHERE k.chu_the = ai AND k.den IS NOT NULL AND (sau IS NULL OR s.id > sau)) m
        WHERE NOT EXISTS (SELECT FROM cb.doi_song c
                          JOIN cb.khoa_cua h ON h.khoa = c.khoa AND h.chu_the = ai AND h.den IS NULL
                          WHERE c.id = m.id AND c.den IS NULL)
        GROUP BY m.id
        HAVING (tu_luc IS NULL OR max(m.luc) >= tu_luc) AND (den_luc IS NULL OR max(m.luc) <= den_luc)
        ORDER BY m.id;
END $$;
COMMENT ON FUNCTION cb.da_mat IS
    'Records that the subject that has entered could see and cannot see any more, with the instant at which that ended.';

CREATE FUNCTION cb.dong_ho_nay() RETURNS TABLE (cong_bo timestamptz, nhip timestamptz, bay_gio timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.cong_bo, d.nhip, date_trunc('second', clock_timestamp()) FROM cb.dong_ho d;
END;
COMMENT ON FUNCTION cb.dong_ho_nay IS 'The clock of the catalogue, and the second that it is.';


-- A publication that would take away more than a share of the records waits until an officer says so.

CREATE TABLE cb.giu_lai (
    mot_dong boolean PRIMARY KEY DEFAULT true CHECK (mot_dong),
    dau_van text COLLATE "C" NOT NULL,
    tu timestamptz NOT NULL,
    so_go int NOT NULL CHECK (so_go > 0),
    tong int NOT NULL CHECK (tong >= so_go),
    ban_ghi jsonb NOT NULL,
    xac_nhan_boi int REFERENCES acl.account,
    xac_nhan_luc timestamptz,
    ly_do text COLLATE "C" CHECK (ly_do <> '' AND ly_do IS NFC NORMALIZED),
    lam_luc timestamptz,
    CHECK ((xac_nhan_boi IS NULL) = (xac_nhan_luc IS NULL) AND (xac_nhan_boi IS NULL) = (ly_do IS NULL))
);
COMMENT ON TABLE cb.giu_lai IS 'The removals that wait: which (digest, identifiers and titles), of how many; and who said that they may happen.';

COMMENT ON COLUMN cb.giu_lai.lam_luc IS 'The publication that took them away; NULL: they wait.';

CALL acl.bao_ve('mt.ban_ghi', '{khoa, thanh_phan}');

-- Records are written by the publisher, not by loads.

DROP POLICY nap ON mt.ban_ghi;
DELETE FROM acl.guarded WHERE bang = 'mt.ban_ghi' AND policy = 'nap';

DO $$
DECLARE
    t constant text := current_database() || '_';
    ham regprocedure;
BEGIN
    CALL acl.them_policy('mt.ban_ghi', 'mt.ban_ghi', 'nap', t || 'publisher', 'true', 'ALL');
    EXECUTE format('GRANT USAGE ON SCHEMA mt, cb TO %I', t || 'publisher');
    EXECUTE format('GRANT USAGE ON SCHEMA cb TO %I, %I', t || 'identity', t || 'g_common');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mt, cb TO %I', t || 'publisher');
    EXECUTE format('GRANT SELECT (giao_dich, luc, bang, xa_cu, xa_moi, dieu_kien_cu, dieu_kien_moi) ON lg.thay_doi TO %I',
                   t || 'publisher');
    EXECUTE format('GRANT SELECT (id, lop, tep, ket_thuc, so_doc, so_nhan, so_tu_choi) ON lg.dot_nap TO %I', t || 'publisher');
    EXECUTE format('GRANT SELECT (dot_nap_id, ma_loi) ON lg.tu_choi TO %I', t || 'publisher');
    EXECUTE format('GRANT SELECT ON lg.ky_nguyen TO %I', t || 'publisher');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.la_tinh_mau, dm.de_tim, cb.noi_tiep TO %I', t || 'publisher');
    EXECUTE format('GRANT USAGE ON SCHEMA dm TO %I', t || 'publisher');
    EXECUTE format('GRANT SELECT (cap, ma, ten) ON hc.don_vi TO %I', t || 'thuoc');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.co_cot TO %I', t || 'thuoc');
    FOR ham IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'cb'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
    REVOKE EXECUTE ON FUNCTION lg.dem_lop FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.dem_lop TO %I', t || 'thuoc');
    EXECUTE format('GRANT EXECUTE ON FUNCTION cb.vao, cb.da_mat, cb.dong_ho_nay TO %I', t || 'g_common');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.hom_nay TO %I', t || 'publisher');
END $$;


-- A record of the whole province has no administrative unit: its `xa_id` is 0. Versions of a table have the 0 for all of
-- its rows; those of the province are told by no version of their own, for no scope of rows names them.

CREATE OR REPLACE FUNCTION lg.don_dem() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tu xid8;
    den constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
    da_gop bigint;
BEGIN
    SELECT giao_dich INTO tu FROM lg.moc_dem FOR UPDATE SKIP LOCKED;
    IF tu IS NULL OR tu >= den THEN
        RETURN 0;
    END IF;
    INSERT INTO lg.dem AS d (bang, xa_id, so_dong, so_hien_hanh)
    SELECT bang, xa_id, sum(so_dong), sum(so_hien_hanh)
    FROM lg.cong_tru WHERE giao_dich >= tu AND giao_dich < den GROUP BY bang, xa_id
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_dong = d.so_dong + excluded.so_dong, so_hien_hanh = d.so_hien_hanh + excluded.so_hien_hanh;
    INSERT INTO lg.phien_ban AS p (bang, xa_id, so_muc, muc_cuoi)
    SELECT bang, coalesce(xa_id, 0), count(*), max(id)
    FROM lg.cong_tru WHERE giao_dich >= tu AND giao_dich < den GROUP BY GROUPING SETS ((bang, xa_id), (bang))
    HAVING GROUPING(xa_id) = 1 OR xa_id <> 0
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_muc = p.so_muc + excluded.so_muc, muc_cuoi = greatest(p.muc_cuoi, excluded.muc_cuoi);
    SELECT count(*) INTO da_gop FROM lg.thay_doi WHERE giao_dich >= tu AND giao_dich < den;
    UPDATE lg.moc_dem SET giao_dich = den;
    RETURN da_gop;
END $$;

CREATE OR REPLACE PROCEDURE lg.sau_khoi_phuc()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day constant bigint := (SELECT system_identifier FROM pg_control_system());
    moc constant xid8 := (SELECT giao_dich FROM lg.moc_dem FOR UPDATE);
BEGIN
    IF day = (SELECT he_thong FROM lg.ky_nguyen) THEN
        RETURN;
    END IF;
    LOCK TABLE lg.thay_doi IN ACCESS EXCLUSIVE MODE;
    INSERT INTO lg.dem AS d (bang, xa_id, so_dong, so_hien_hanh)
    SELECT bang, xa_id, sum(so_dong), sum(so_hien_hanh) FROM lg.cong_tru WHERE giao_dich >= moc GROUP BY bang, xa_id
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_dong = d.so_dong + excluded.so_dong, so_hien_hanh = d.so_hien_hanh + excluded.so_hien_hanh;
    INSERT INTO lg.phien_ban AS p (bang, xa_id, so_muc, muc_cuoi)
    SELECT bang, coalesce(xa_id, 0), count(*), max(id)
    FROM lg.cong_tru WHERE giao_dich >= moc GROUP BY GROUPING SETS ((bang, xa_id), (bang))
    HAVING GROUPING(xa_id) = 1 OR xa_id <> 0
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_muc = p.so_muc + excluded.so_muc, muc_cuoi = greatest(p.muc_cuoi, excluded.muc_cuoi);
    ALTER TABLE lg.thay_doi DISABLE TRIGGER chi_them;
    UPDATE lg.thay_doi SET giao_dich = '0' WHERE giao_dich <> '0';
    ALTER TABLE lg.thay_doi ENABLE TRIGGER chi_them;
    UPDATE lg.moc_dem SET giao_dich = pg_snapshot_xmin(pg_current_snapshot());
    UPDATE lg.ky_nguyen SET so = so + 1, he_thong = day;
END $$;
