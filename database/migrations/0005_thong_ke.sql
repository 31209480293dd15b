-- Land statistics and inventory.

CREATE TABLE tk.khoanh_dat (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    nam smallint NOT NULL CHECK (nam BETWEEN 1990 AND 2200),
    stt int NOT NULL CHECK (stt > 0),
    he_ma text COLLATE "C" NOT NULL,
    ma_loai_dat text COLLATE "C" NOT NULL,
    ma_loai_dat_truoc text COLLATE "C",
    nhom_dat text COLLATE "C" NOT NULL CHECK (nhom_dat IN ('NNP', 'PNN', 'CSD')),
    ma_ket_hop text COLLATE "C",
    ma_doi_tuong text COLLATE "C" NOT NULL,
    ma_doi_tuong_truoc text COLLATE "C",
    ma_khu_vuc text COLLATE "C",
    dt_khong_gian float8 NOT NULL CHECK (dt_khong_gian > 0),
    dien_tich float8 NOT NULL CHECK (dien_tich > 0),
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (nam, xa_id, stt)
);
COMMENT ON COLUMN tk.khoanh_dat.dt_khong_gian IS 'm², from the geometry.';
COMMENT ON COLUMN tk.khoanh_dat.dien_tich IS 'm², as counted.';
CREATE INDEX khoanh_dat_hinh ON tk.khoanh_dat USING gist (xa_id, geom);
CREATE INDEX khoanh_dat_hinh_rieng ON tk.khoanh_dat USING gist (geom);
CREATE INDEX khoanh_dat_xa ON tk.khoanh_dat (xa_id, id);
CREATE INDEX khoanh_dat_ma_xa ON tk.khoanh_dat (ma_xa, id);
CREATE INDEX khoanh_dat_nam ON tk.khoanh_dat (nam, id);
CREATE INDEX khoanh_dat_loai ON tk.khoanh_dat (ma_loai_dat, id);
CREATE INDEX khoanh_dat_nhom ON tk.khoanh_dat (nhom_dat, id);
CREATE INDEX khoanh_dat_doi_tuong ON tk.khoanh_dat (ma_doi_tuong, id);
CREATE INDEX khoanh_dat_dien_tich ON tk.khoanh_dat (dien_tich, id);

CREATE TABLE tk.bieu (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    nam smallint NOT NULL CHECK (nam BETWEEN 1990 AND 2200),
    bieu text COLLATE "C" NOT NULL CHECK (bieu ~ '^0[1-6]/TKKK'),
    he_ma text COLLATE "C" NOT NULL,
    ma_loai_dat text COLLATE "C" NOT NULL,
    cot text COLLATE "C" NOT NULL,
    gia_tri float8 NOT NULL,
    don_vi_tinh text COLLATE "C" NOT NULL CHECK (don_vi_tinh IN ('ha', 'm2', '%', 'nguoi')),
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (nam, bieu, xa_id, ma_loai_dat, cot)
);
COMMENT ON TABLE tk.bieu IS 'One cell of a statistical form: land type × column, for one unit and year.';
COMMENT ON COLUMN tk.bieu.xa_id IS 'The unit of the form, at any level.';
CREATE INDEX bieu_xa ON tk.bieu (xa_id, id);
CREATE INDEX bieu_ma_xa ON tk.bieu (ma_xa, id);
CREATE INDEX bieu_nam ON tk.bieu (nam, id);
CREATE INDEX bieu_bieu ON tk.bieu (bieu, id);
CREATE INDEX bieu_loai ON tk.bieu (ma_loai_dat, id);
CREATE INDEX bieu_cot ON tk.bieu (cot, id);

CALL hc.suy_ra('tk.khoanh_dat');
CALL hc.suy_ra('tk.bieu');
CALL dm.rang_buoc_ma('tk.khoanh_dat', ARRAY[
    'ma_loai_dat', 'loai_dat', '<he_ma>', 'ma_loai_dat_truoc', 'loai_dat', '<he_ma>', 'ma_ket_hop', 'loai_dat', '<he_ma>',
    'ma_doi_tuong', 'doi_tuong', '<he_ma>', 'ma_doi_tuong_truoc', 'doi_tuong', '<he_ma>']);
CALL dm.rang_buoc_ma('tk.bieu', ARRAY['ma_loai_dat', 'loai_dat', '<he_ma>']);
CALL lg.theo_doi('tk.khoanh_dat', '{nhom_dat, nam}');
CALL lg.theo_doi('tk.bieu', '{nam}');
