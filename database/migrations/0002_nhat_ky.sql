-- The change log: what every writer did, also by plain SQL. Statement triggers with transition tables write it.

CREATE TABLE lg.ky_nguyen (
    mot_dong boolean PRIMARY KEY DEFAULT true CHECK (mot_dong),
    so int NOT NULL DEFAULT 1,
    he_thong bigint NOT NULL
);
INSERT INTO lg.ky_nguyen (he_thong) SELECT system_identifier FROM pg_control_system();
COMMENT ON COLUMN lg.ky_nguyen.he_thong IS 'Identity of the cluster whose transaction numbers the log holds.';
COMMENT ON COLUMN lg.ky_nguyen.so IS 'Era: raised by a logical restore, after which log positions mean something else.';

CREATE TABLE lg.thay_doi (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    giao_dich xid8 NOT NULL DEFAULT pg_current_xact_id(),
    luc timestamptz NOT NULL DEFAULT clock_timestamp(),
    bang text COLLATE "C" NOT NULL,
    thao_tac text COLLATE "C" NOT NULL CHECK (thao_tac IN ('I', 'U', 'D')),
    xa_cu int,
    xa_moi int,
    so_dong int NOT NULL CHECK (so_dong > 0),
    khoa text[] NOT NULL,
    cot text[] NOT NULL DEFAULT '{}',
    dieu_kien_cu jsonb,
    dieu_kien_moi jsonb,
    hop_cu box2d,
    hop_moi box2d,
    hien_hanh_cu int NOT NULL,
    hien_hanh_moi int NOT NULL
);
CREATE INDEX thay_doi_bang ON lg.thay_doi (bang, giao_dich);
COMMENT ON COLUMN lg.thay_doi.khoa IS 'Keys of the rows: one for a small statement, all of a group for a bulk one.';
COMMENT ON COLUMN lg.thay_doi.cot IS 'Columns that an update changed.';
COMMENT ON COLUMN lg.thay_doi.dieu_kien_cu IS 'Scope terms of the rows before the change.';
COMMENT ON COLUMN lg.thay_doi.hien_hanh_cu IS 'How many of the rows were in force (hieu_luc_den is null) before.';

CREATE VIEW lg.cong_tru AS
    SELECT id, giao_dich, bang, xa_cu AS xa_id, -so_dong AS so_dong, -hien_hanh_cu AS so_hien_hanh
    FROM lg.thay_doi WHERE thao_tac <> 'I'
    UNION ALL
    SELECT id, giao_dich, bang, xa_moi, so_dong, hien_hanh_moi
    FROM lg.thay_doi WHERE thao_tac <> 'D';
COMMENT ON VIEW lg.cong_tru IS 'What each log row takes from a commune and what it gives to one.';

-- Counts up to the watermark, folded by lg.don_dem; readers add what lies above it, in their own snapshot.

CREATE TABLE lg.moc_dem (
    mot_dong boolean PRIMARY KEY DEFAULT true CHECK (mot_dong),
    giao_dich xid8 NOT NULL DEFAULT '0'
);
INSERT INTO lg.moc_dem DEFAULT VALUES;

CREATE TABLE lg.dem (
    bang text COLLATE "C" NOT NULL,
    xa_id int NOT NULL,
    so_dong bigint NOT NULL,
    so_hien_hanh bigint NOT NULL,
    PRIMARY KEY (bang, xa_id)
);

CREATE TABLE lg.phien_ban (
    bang text COLLATE "C" NOT NULL,
    xa_id int NOT NULL,
    so_muc bigint NOT NULL,
    muc_cuoi bigint NOT NULL,
    PRIMARY KEY (bang, xa_id)
);
COMMENT ON COLUMN lg.phien_ban.xa_id IS '0 is the whole table.';

CREATE FUNCTION lg.tu_choi_sua() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the change log would not see it', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE OR TRUNCATE ON lg.thay_doi
    FOR EACH STATEMENT EXECUTE FUNCTION lg.tu_choi_sua();


-- One function for every table. Arguments: key column, commune column, geometry column or '', column of the end of
-- validity or '', then the columns that scopes of rows may name.

CREATE FUNCTION lg.ghi_thay_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bang constant text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
    nguon constant text := CASE TG_OP WHEN 'INSERT' THEN 'moi m' WHEN 'DELETE' THEN 'cu c'
                                ELSE format('cu c JOIN moi m USING (%I)', TG_ARGV[0]) END;
    mot text := CASE TG_OP WHEN 'DELETE' THEN 'c' ELSE 'm' END;
    khoa text := format('%s.%I::text', mot, TG_ARGV[0]);
    so_dong bigint;
    so_khop bigint;
    cot text := '''{}''::text[]';
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', CASE TG_OP WHEN 'DELETE' THEN 'cu' ELSE 'moi' END) INTO so_dong;
    IF so_dong = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        cot := lg.bieu_thuc_cot_doi(TG_RELID);
        EXECUTE format('SELECT count(*) FROM %s', nguon) INTO so_khop;
        IF so_khop <> so_dong THEN
            RAISE EXCEPTION 'the key of a row of % cannot be changed', bang USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    EXECUTE format(
        'INSERT INTO lg.thay_doi (bang, thao_tac, xa_cu, xa_moi, so_dong, khoa, cot, dieu_kien_cu, dieu_kien_moi, '
        '                         hop_cu, hop_moi, hien_hanh_cu, hien_hanh_moi) '
        'SELECT %L, %L, xa_cu, xa_moi, count(*), array_agg(khoa), cot, dk_cu, dk_moi, '
        '       ST_Extent(hinh_cu), ST_Extent(hinh_moi), sum(hien_hanh_cu), sum(hien_hanh_moi) '
        'FROM (SELECT %s AS xa_cu, %s AS xa_moi, %s AS khoa, %s AS cot, %s AS dk_cu, %s AS dk_moi, '
        '             %s AS hinh_cu, %s AS hinh_moi, %s AS hien_hanh_cu, %s AS hien_hanh_moi FROM %s) t '
        'WHERE %L <> ''U'' OR cot <> ''{}'' '
        'GROUP BY xa_cu, xa_moi, cot, dk_cu, dk_moi%s '
        'ORDER BY min(khoa)',
        bang, left(TG_OP, 1),
        CASE WHEN TG_OP = 'INSERT' THEN 'NULL::int' ELSE format('c.%I', TG_ARGV[1]) END,
        CASE WHEN TG_OP = 'DELETE' THEN 'NULL::int' ELSE format('m.%I', TG_ARGV[1]) END,
        CASE WHEN TG_OP = 'UPDATE' THEN format('%I::text', TG_ARGV[0]) ELSE khoa END, cot,
        CASE WHEN TG_OP = 'INSERT' THEN 'NULL::jsonb' ELSE lg.bieu_thuc_dieu_kien('c', TG_ARGV[4:]) END,
        CASE WHEN TG_OP = 'DELETE' THEN 'NULL::jsonb' ELSE lg.bieu_thuc_dieu_kien('m', TG_ARGV[4:]) END,
        CASE WHEN TG_OP = 'INSERT' OR TG_ARGV[2] = '' THEN 'NULL::geometry' ELSE format('c.%I', TG_ARGV[2]) END,
        CASE WHEN TG_OP = 'DELETE' OR TG_ARGV[2] = '' THEN 'NULL::geometry' ELSE format('m.%I', TG_ARGV[2]) END,
        CASE WHEN TG_OP = 'INSERT' THEN '0' ELSE lg.bieu_thuc_hien_hanh('c', TG_ARGV[3]) END,
        CASE WHEN TG_OP = 'DELETE' THEN '0' ELSE lg.bieu_thuc_hien_hanh('m', TG_ARGV[3]) END,
        nguon, left(TG_OP, 1),
        CASE WHEN so_dong <= 100 THEN ', khoa' ELSE '' END);
    RETURN NULL;
END $$;

COMMENT ON FUNCTION lg.ghi_thay_doi IS
    'Writes one log row for each key of a statement of up to 100 rows, else one for each group of equal scope terms.';

CREATE FUNCTION lg.bieu_thuc_hien_hanh(bi_danh text, cot text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN cot = '' THEN '1' ELSE format('(%s.%I IS NULL)::int', bi_danh, cot) END;

CREATE FUNCTION lg.bieu_thuc_dieu_kien(bi_danh text, cot text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN cardinality(cot) = 0 THEN 'NULL::jsonb' ELSE
    (SELECT 'jsonb_build_object(' || string_agg(format('%L, %s.%I', ten, bi_danh, ten), ', ') || ')' FROM unnest(cot) ten)
END;

CREATE FUNCTION lg.bieu_thuc_cot_doi(bang oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT 'array_remove(ARRAY[' ||
           string_agg(format('CASE WHEN c.%1$I IS DISTINCT FROM m.%1$I THEN %1$L END', attname), ', ' ORDER BY attnum) ||
           '], NULL)'
    FROM pg_attribute
    WHERE attrelid = bang AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'cap_nhat', 'tim');
END;

CREATE PROCEDURE lg.theo_doi(bang regclass, cot_dieu_kien text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
    co_hinh text := CASE WHEN lg.co_cot(bang, 'geom') THEN 'geom' ELSE '' END;
    co_het_han text := CASE WHEN lg.co_cot(bang, 'hieu_luc_den') THEN 'hieu_luc_den' ELSE '' END;
    doi_so text;
BEGIN
    SELECT string_agg(quote_literal(each), ', ') INTO doi_so
    FROM unnest(ARRAY['id', 'xa_id', co_hinh, co_het_han] || cot_dieu_kien) each;
    EXECUTE format('CREATE TRIGGER nhat_ky_them AFTER INSERT ON %s REFERENCING NEW TABLE AS moi '
                   'FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi(%s)', bang, doi_so);
    EXECUTE format('CREATE TRIGGER nhat_ky_sua AFTER UPDATE ON %s REFERENCING OLD TABLE AS cu NEW TABLE AS moi '
                   'FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi(%s)', bang, doi_so);
    EXECUTE format('CREATE TRIGGER nhat_ky_xoa AFTER DELETE ON %s REFERENCING OLD TABLE AS cu '
                   'FOR EACH STATEMENT EXECUTE FUNCTION lg.ghi_thay_doi(%s)', bang, doi_so);
    EXECUTE format('CREATE TRIGGER khong_truncate BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION lg.tu_choi_sua()', bang);
END $$;

COMMENT ON PROCEDURE lg.theo_doi IS
    'Puts a table (with id and xa_id; geom and hieu_luc_den where it has them) under the change log.';

CREATE FUNCTION lg.co_cot(bang regclass, cot name) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM pg_attribute WHERE attrelid = bang AND attname = cot AND NOT attisdropped);


-- Reading: exact counts and the version of a table, in the snapshot of the reader.

-- plpgsql keeps its plans, and asks the log only where something lies above the watermark. Profile roles do not call
-- these two: they ask for what their own scope holds (lg.so_dong and lg.phien_ban_cua, with the second wall).

CREATE FUNCTION lg.so_dong_trong(bang text, chi_hien_hanh boolean, xa int[]) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moc constant xid8 := (SELECT m.giao_dich FROM lg.moc_dem m);
    so bigint;
BEGIN
    IF xa IS NULL THEN
        so := (SELECT coalesce(sum(CASE WHEN chi_hien_hanh THEN d.so_hien_hanh ELSE d.so_dong END), 0)
               FROM lg.dem d WHERE d.bang = $1);
    ELSE
        so := (SELECT coalesce(sum(CASE WHEN chi_hien_hanh THEN d.so_hien_hanh ELSE d.so_dong END), 0)
               FROM lg.dem d WHERE d.bang = $1 AND d.xa_id = ANY (xa));
    END IF;
    IF EXISTS (SELECT FROM lg.thay_doi t WHERE t.bang = $1 AND t.giao_dich >= moc) THEN
        so := so + (SELECT coalesce(sum(CASE WHEN chi_hien_hanh THEN t.so_hien_hanh ELSE t.so_dong END), 0)
                    FROM lg.cong_tru t WHERE t.bang = $1 AND t.giao_dich >= moc AND (xa IS NULL OR t.xa_id = ANY (xa)));
    END IF;
    RETURN so;
END $$;

COMMENT ON FUNCTION lg.so_dong_trong IS
    'Exact number of rows, in some administrative units or (NULL) in all, of a table that is under the change log.';

CREATE FUNCTION lg.phien_ban_trong(bang text, xa int[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moc constant xid8 := (SELECT m.giao_dich FROM lg.moc_dem m);
    so_muc bigint := 0;
    muc_cuoi bigint := 0;
BEGIN
    IF xa IS NULL THEN
        SELECT p.so_muc, p.muc_cuoi INTO so_muc, muc_cuoi FROM lg.phien_ban p WHERE p.bang = $1 AND p.xa_id = 0;
    ELSE
        SELECT sum(p.so_muc), max(p.muc_cuoi) INTO so_muc, muc_cuoi
        FROM lg.phien_ban p WHERE p.bang = $1 AND p.xa_id = ANY (xa);
    END IF;
    SELECT coalesce(so_muc, 0) + count(*), greatest(muc_cuoi, max(t.id), 0) INTO so_muc, muc_cuoi
    FROM lg.cong_tru t WHERE t.bang = $1 AND t.giao_dich >= moc AND (xa IS NULL OR t.xa_id = ANY (xa));
    RETURN (SELECT k.so FROM lg.ky_nguyen k) || '.' || so_muc || '.' || muc_cuoi;
END $$;

COMMENT ON FUNCTION lg.phien_ban_trong IS
    'Version of a table, in some administrative units or in all: era, number of changes, last log row. Equal versions mean equal content; never shown to clients.';

CREATE FUNCTION lg.don_dem() RETURNS bigint
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
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_muc = p.so_muc + excluded.so_muc, muc_cuoi = greatest(p.muc_cuoi, excluded.muc_cuoi);
    SELECT count(*) INTO da_gop FROM lg.thay_doi WHERE giao_dich >= tu AND giao_dich < den;
    UPDATE lg.moc_dem SET giao_dich = den;
    RETURN da_gop;
END $$;

COMMENT ON FUNCTION lg.don_dem IS
    'Folds log rows of finished transactions into the counts; changes no answer. Returns the rows folded.';


-- After a logical restore the log holds transaction numbers of another cluster, which mean nothing here: everything is
-- folded into the counts, and a new era begins. `datdai migrate` calls it; in the cluster of old it does nothing.

CREATE PROCEDURE lg.sau_khoi_phuc()
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
    ON CONFLICT (bang, xa_id) DO UPDATE
        SET so_muc = p.so_muc + excluded.so_muc, muc_cuoi = greatest(p.muc_cuoi, excluded.muc_cuoi);
    ALTER TABLE lg.thay_doi DISABLE TRIGGER chi_them;
    UPDATE lg.thay_doi SET giao_dich = '0' WHERE giao_dich <> '0';
    ALTER TABLE lg.thay_doi ENABLE TRIGGER chi_them;
    UPDATE lg.moc_dem SET giao_dich = pg_snapshot_xmin(pg_current_snapshot());
    UPDATE lg.ky_nguyen SET so = so + 1, he_thong = day;
END $$;
