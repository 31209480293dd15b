-- Where pages of CSW ended. Harvesters page by numbers while the catalogue changes: the next page begins behind the record
-- that was the last one, wherever that stands by now.

CREATE TABLE cb.vi_tri (
    chu_the text COLLATE "C" NOT NULL CHECK (chu_the = 'public' OR chu_the ~ '^account:[0-9]+$'),
    dau_van text COLLATE "C" NOT NULL CHECK (length(dau_van) = 32),
    vi_tri int NOT NULL CHECK (vi_tri > 1),
    khach text COLLATE "C" NOT NULL CHECK (length(khach) = 32),
    sau text[] COLLATE "C" NOT NULL CHECK (cardinality(sau) > 0),
    so_khop int NOT NULL CHECK (so_khop >= 0),
    phien text COLLATE "C" NOT NULL,
    luc timestamptz NOT NULL,
    dung_luc timestamptz,
    PRIMARY KEY (chu_the, dau_van, vi_tri, khach)
);
COMMENT ON TABLE cb.vi_tri IS 'Where a page that begins at a number goes on, for a day; 1,000 for each subject: of the client that has most, the oldest go.';
COMMENT ON COLUMN cb.vi_tri.dau_van IS 'Digest of the search and its order.';
COMMENT ON COLUMN cb.vi_tri.khach IS 'Digest of the address and the program of who asks: two harvesters of one subject do not mix.';
COMMENT ON COLUMN cb.vi_tri.sau IS 'Sort keys of the record before that number.';
COMMENT ON COLUMN cb.vi_tri.so_khop IS 'How many records there were by these numbers at the state phien of the catalogue.';
COMMENT ON COLUMN cb.vi_tri.dung_luc IS 'When a page last began here.';
CREATE INDEX vi_tri_luc ON cb.vi_tri (chu_the, luc);

CREATE FUNCTION cb.vi_tri_cua(cau_hoi text, khach text, cho int, giam boolean)
RETURNS TABLE (sau text[], so_khop int, phien text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT v.sau, v.so_khop, v.phien
    FROM cb.vi_tri v
    WHERE v.chu_the = current_setting('datdai.chu_the', true) AND v.dau_van = cau_hoi AND v.vi_tri = cho
          AND v.luc > clock_timestamp() - interval '1 day'
    ORDER BY v.khach = vi_tri_cua.khach DESC, CASE WHEN giam THEN NULL ELSE v.sau END, v.sau DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION cb.vi_tri_cua IS
    'Where a page goes on: as this client of the subject that has entered left it, else where least is left out.';

-- A place at which nobody went on yet is kept for a while where it leaves less out: its harvester may still come. Who
-- reads a record twice has lost nothing.

CREATE FUNCTION cb.nho_vi_tri(
    ai text, cau_hoi text, cua_khach text, tu_vi_tri int, cho int, khoa text[], khop int, trang_thai text, giam boolean
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    nay constant timestamptz := clock_timestamp();
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cb.vi_tri ' || ai, 0));
    UPDATE cb.vi_tri v SET dung_luc = nay
    WHERE v.chu_the = ai AND v.dau_van = cau_hoi AND v.vi_tri = tu_vi_tri AND v.khach = cua_khach;
    IF cho IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM cb.vi_tri v
    WHERE v.chu_the = ai AND v.dau_van = cau_hoi AND v.vi_tri = cho AND v.khach = cua_khach
          AND (v.dung_luc IS NOT NULL OR v.luc < nay - interval '15 minutes'
               OR v.sau = khoa COLLATE "C" OR (khoa COLLATE "C" < v.sau) <> giam);
    INSERT INTO cb.vi_tri (chu_the, dau_van, vi_tri, khach, sau, so_khop, phien, luc)
    VALUES (ai, cau_hoi, cho, cua_khach, khoa, khop, trang_thai, nay)
    ON CONFLICT DO NOTHING;
    WHILE (SELECT count(*) FROM cb.vi_tri v WHERE v.chu_the = ai) > 1000 LOOP
        DELETE FROM cb.vi_tri v
        WHERE v.ctid = (SELECT o.ctid FROM cb.vi_tri o
                        WHERE o.chu_the = ai AND o.khach = (SELECT n.khach FROM cb.vi_tri n WHERE n.chu_the = ai
                                                            GROUP BY n.khach ORDER BY count(*) DESC, max(n.luc), n.khach LIMIT 1)
                        ORDER BY o.luc, o.dau_van, o.vi_tri LIMIT 1);
    END LOOP;
END $$;
COMMENT ON FUNCTION cb.nho_vi_tri IS
    'Note that a page began at a number (NULL: at none that was known) and where the one behind it goes on (NULL: there is none).';

DO $$
DECLARE
    t constant text := current_database() || '_';
BEGIN
    REVOKE EXECUTE ON FUNCTION cb.vi_tri_cua, cb.nho_vi_tri FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION cb.vi_tri_cua TO %I', t || 'g_common');
    EXECUTE format('GRANT EXECUTE ON FUNCTION cb.nho_vi_tri TO %I', t || 'identity');
END $$;
