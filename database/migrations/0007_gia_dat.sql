-- Land prices: tables of prices as decided, street segments with positions, value zones, prices of parcels.

CREATE TABLE gd.bang_gia (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    ten text COLLATE "C" NOT NULL CHECK (ten IS NFC NORMALIZED),
    so_quyet_dinh text COLLATE "C" NOT NULL,
    ngay_quyet_dinh date NOT NULL,
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (so_quyet_dinh, hieu_luc_tu)
);
COMMENT ON COLUMN gd.bang_gia.xa_id IS 'The province.';
CREATE INDEX bang_gia_xa ON gd.bang_gia (xa_id, id);
CREATE INDEX bang_gia_so ON gd.bang_gia (so_quyet_dinh, id);
CREATE INDEX bang_gia_tu ON gd.bang_gia (hieu_luc_tu, id);

CREATE TABLE gd.quy_tac (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bang_gia_id uuid NOT NULL REFERENCES gd.bang_gia,
    ma text COLLATE "C" NOT NULL,
    thu_tu int NOT NULL,
    dien_giai text COLLATE "C" NOT NULL,
    dieu_kien jsonb NOT NULL,
    tac_dong jsonb NOT NULL,
    UNIQUE (bang_gia_id, ma),
    UNIQUE (bang_gia_id, thu_tu)
);
COMMENT ON TABLE gd.quy_tac IS 'Rules that turn a table into the price of one parcel, in order; coefficients are data.';

CREATE TABLE gd.doan_duong (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    bang_gia_id uuid NOT NULL REFERENCES gd.bang_gia,
    ten_duong text COLLATE "C" NOT NULL CHECK (ten_duong IS NFC NORMALIZED),
    diem_dau text COLLATE "C" NOT NULL,
    diem_cuoi text COLLATE "C" NOT NULL,
    loai_dat text COLLATE "C" NOT NULL,
    he_ma text COLLATE "C" NOT NULL,
    don_gia bigint NOT NULL CHECK (don_gia BETWEEN 1 AND 9007199254740991),
    be_rong_m float8 CHECK (be_rong_m > 0),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    tim text COLLATE "C" GENERATED ALWAYS AS (dm.de_tim(ten_duong || ' ' || diem_dau || ' ' || diem_cuoi)) STORED,
    geom_goc geometry(MultiLineString) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiLineString, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN gd.doan_duong.don_gia IS 'đồng/m² of position 1.';
CREATE INDEX doan_duong_hinh ON gd.doan_duong USING gist (xa_id, geom);
CREATE INDEX doan_duong_hinh_rieng ON gd.doan_duong USING gist (geom);
CREATE INDEX doan_duong_xa ON gd.doan_duong (xa_id, id);
CREATE INDEX doan_duong_ma_xa ON gd.doan_duong (ma_xa, id);
CREATE INDEX doan_duong_bang ON gd.doan_duong (bang_gia_id, id);
CREATE INDEX doan_duong_ten ON gd.doan_duong (ten_duong, id);
CREATE INDEX doan_duong_gia ON gd.doan_duong (don_gia, id);
CREATE INDEX doan_duong_tu ON gd.doan_duong (hieu_luc_tu, id);
CREATE INDEX doan_duong_tim ON gd.doan_duong USING gin (tim gin_trgm_ops, xa_id);

CREATE TABLE gd.vi_tri (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    doan_duong_id uuid NOT NULL REFERENCES gd.doan_duong,
    vi_tri smallint NOT NULL CHECK (vi_tri BETWEEN 1 AND 5),
    he_so float8 NOT NULL CHECK (he_so > 0 AND he_so <= 1),
    don_gia bigint NOT NULL CHECK (don_gia BETWEEN 1 AND 9007199254740991),
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (doan_duong_id, vi_tri)
);
CREATE INDEX vi_tri_xa ON gd.vi_tri (xa_id, id);
CREATE INDEX vi_tri_ma_xa ON gd.vi_tri (ma_xa, id);
CREATE INDEX vi_tri_gia ON gd.vi_tri (don_gia, id);

CREATE TABLE gd.vung_gia_tri (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    bang_gia_id uuid NOT NULL REFERENCES gd.bang_gia,
    khu_vuc smallint NOT NULL CHECK (khu_vuc BETWEEN 1 AND 3),
    vi_tri smallint NOT NULL CHECK (vi_tri BETWEEN 1 AND 5),
    loai_dat text COLLATE "C" NOT NULL,
    he_ma text COLLATE "C" NOT NULL,
    don_gia bigint NOT NULL CHECK (don_gia BETWEEN 1 AND 9007199254740991),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX vung_gia_tri_hinh ON gd.vung_gia_tri USING gist (xa_id, geom);
CREATE INDEX vung_gia_tri_hinh_rieng ON gd.vung_gia_tri USING gist (geom);
CREATE INDEX vung_gia_tri_xa ON gd.vung_gia_tri (xa_id, id);
CREATE INDEX vung_gia_tri_ma_xa ON gd.vung_gia_tri (ma_xa, id);
CREATE INDEX vung_gia_tri_loai ON gd.vung_gia_tri (loai_dat, id);
CREATE INDEX vung_gia_tri_gia ON gd.vung_gia_tri (don_gia, id);
CREATE INDEX vung_gia_tri_tu ON gd.vung_gia_tri (hieu_luc_tu, id);

CREATE TABLE gd.gia_thua (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    so_to int NOT NULL,
    so_thua int NOT NULL,
    bang_gia_id uuid NOT NULL REFERENCES gd.bang_gia,
    doan_duong_id uuid REFERENCES gd.doan_duong,
    vung_gia_tri_id uuid REFERENCES gd.vung_gia_tri,
    loai_dat text COLLATE "C" NOT NULL,
    he_ma text COLLATE "C" NOT NULL,
    vi_tri smallint NOT NULL CHECK (vi_tri BETWEEN 1 AND 5),
    don_gia bigint NOT NULL CHECK (don_gia BETWEEN 1 AND 9007199254740991),
    gia_tri bigint NOT NULL CHECK (gia_tri BETWEEN 1 AND 9007199254740991),
    thoi_diem date NOT NULL,
    can_cu text COLLATE "C" NOT NULL,
    geom_goc geometry(MultiPolygon) NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (thua_id, loai_dat, thoi_diem),
    CHECK (num_nonnulls(doan_duong_id, vung_gia_tri_id) = 1)
);
COMMENT ON COLUMN gd.gia_thua.don_gia IS 'đồng/m².';
COMMENT ON COLUMN gd.gia_thua.gia_tri IS 'đồng.';
CREATE INDEX gia_thua_hinh ON gd.gia_thua USING gist (xa_id, geom);
CREATE INDEX gia_thua_hinh_rieng ON gd.gia_thua USING gist (geom);
CREATE INDEX gia_thua_xa ON gd.gia_thua (xa_id, id);
CREATE INDEX gia_thua_ma_xa ON gd.gia_thua (ma_xa, id);
CREATE INDEX gia_thua_so_to ON gd.gia_thua (so_to, id);
CREATE INDEX gia_thua_so_thua ON gd.gia_thua (so_thua, id);
CREATE INDEX gia_thua_loai ON gd.gia_thua (loai_dat, id);
CREATE INDEX gia_thua_gia ON gd.gia_thua (don_gia, id);
CREATE INDEX gia_thua_ngay ON gd.gia_thua (thoi_diem, id);

CREATE FUNCTION gd.suy_ra_gia_thua() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- As in dc.suy_ra_quyen.
    IF new.thua_id IS DISTINCT FROM old.thua_id THEN
        PERFORM FROM dc.thua_dat WHERE id = least(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
        PERFORM FROM dc.thua_dat WHERE id = greatest(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
    END IF;
    SELECT t.xa_id, t.ma_xa, t.so_to, t.so_thua, t.geom_goc, t.geom
    INTO new.xa_id, new.ma_xa, new.so_to, new.so_thua, new.geom_goc, new.geom
    FROM dc.thua_dat t WHERE t.id = new.thua_id;
    new.cap_nhat := now();
    RETURN new;
END $$;
CREATE TRIGGER suy_ra BEFORE INSERT OR UPDATE ON gd.gia_thua FOR EACH ROW EXECUTE FUNCTION gd.suy_ra_gia_thua();

CREATE FUNCTION gd.thua_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    doi uuid[];
BEGIN
    EXECUTE 'SELECT array_agg(m.id) FROM moi m JOIN cu c USING (id)'
            ' WHERE (c.xa_id, c.so_to, c.so_thua, c.geom_goc) IS DISTINCT FROM (m.xa_id, m.so_to, m.so_thua, m.geom_goc)' INTO doi;
    IF doi IS NOT NULL THEN
        UPDATE gd.gia_thua g SET thua_id = g.thua_id WHERE g.thua_id = ANY (doi);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lan_truyen_gia AFTER UPDATE ON dc.thua_dat REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION gd.thua_da_doi();

CALL hc.suy_ra('gd.bang_gia');
CALL hc.suy_ra('gd.doan_duong');
CALL hc.suy_ra('gd.vi_tri');
CALL hc.suy_ra('gd.vung_gia_tri');
CALL dm.rang_buoc_ma('gd.doan_duong', ARRAY['loai_dat', 'loai_dat', '<he_ma>']);
CALL dm.rang_buoc_ma('gd.vung_gia_tri', ARRAY['loai_dat', 'loai_dat', '<he_ma>']);
CALL dm.rang_buoc_ma('gd.gia_thua', ARRAY['loai_dat', 'loai_dat', '<he_ma>']);
CALL lg.theo_doi('gd.bang_gia', '{hieu_luc_tu}');
CALL lg.theo_doi('gd.doan_duong', '{hieu_luc_tu}');
CALL lg.theo_doi('gd.vi_tri');
CALL lg.theo_doi('gd.vung_gia_tri', '{hieu_luc_tu}');
CALL lg.theo_doi('gd.gia_thua', '{thoi_diem}');
