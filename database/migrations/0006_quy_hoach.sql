-- Land-use planning: plans of a period, their zones and targets; yearly plans and their projects.

CREATE TABLE qh.phuong_an (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    cap text COLLATE "C" NOT NULL CHECK (cap IN ('tinh', 'huyen', 'xa')),
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('su_dung_dat', 'chung', 'phan_khu')),
    ten text COLLATE "C" NOT NULL CHECK (ten IS NFC NORMALIZED),
    so_quyet_dinh text COLLATE "C" NOT NULL,
    ngay_quyet_dinh date NOT NULL,
    co_quan_duyet text COLLATE "C" NOT NULL,
    ky_tu date NOT NULL,
    ky_den date NOT NULL CHECK (ky_den > ky_tu),
    ty_le_ban_do int CHECK (ty_le_ban_do > 0),
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (so_quyet_dinh, ngay_quyet_dinh)
);
COMMENT ON COLUMN qh.phuong_an.xa_id IS 'The unit that the plan is of, at any level.';
CREATE INDEX phuong_an_xa ON qh.phuong_an (xa_id, id);
CREATE INDEX phuong_an_ma_xa ON qh.phuong_an (ma_xa, id);
CREATE INDEX phuong_an_cap ON qh.phuong_an (cap, id);
CREATE INDEX phuong_an_loai ON qh.phuong_an (loai, id);
CREATE INDEX phuong_an_ky_tu ON qh.phuong_an (ky_tu, id);

CREATE TABLE qh.vung (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    phuong_an_id uuid NOT NULL REFERENCES qh.phuong_an,
    ma_loai_dat_qh text COLLATE "C" NOT NULL,
    ten text COLLATE "C" CHECK (ten IS NFC NORMALIZED),
    nam_quy_hoach smallint NOT NULL CHECK (nam_quy_hoach BETWEEN 1990 AND 2200),
    dien_tich float8 NOT NULL CHECK (dien_tich > 0),
    tim text COLLATE "C" GENERATED ALWAYS AS (dm.de_tim(coalesce(ten, ''))) STORED,
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX vung_hinh ON qh.vung USING gist (xa_id, geom);
CREATE INDEX vung_hinh_rieng ON qh.vung USING gist (geom);
CREATE INDEX vung_xa ON qh.vung (xa_id, id);
CREATE INDEX vung_ma_xa ON qh.vung (ma_xa, id);
CREATE INDEX vung_phuong_an ON qh.vung (phuong_an_id, id);
CREATE INDEX vung_loai ON qh.vung (ma_loai_dat_qh, id);
CREATE INDEX vung_nam ON qh.vung (nam_quy_hoach, id);
CREATE INDEX vung_tim ON qh.vung USING gin (tim gin_trgm_ops, xa_id);

CREATE TABLE qh.chi_tieu (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    phuong_an_id uuid NOT NULL REFERENCES qh.phuong_an,
    ma_loai_dat_qh text COLLATE "C" NOT NULL,
    dien_tich float8 NOT NULL CHECK (dien_tich >= 0),
    da_dung float8 NOT NULL DEFAULT 0 CHECK (da_dung >= 0),
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (phuong_an_id, xa_id, ma_loai_dat_qh)
);
COMMENT ON COLUMN qh.chi_tieu.da_dung IS 'm² of the target that are used already; the rest is the quota that remains.';
CREATE INDEX chi_tieu_xa ON qh.chi_tieu (xa_id, id);
CREATE INDEX chi_tieu_ma_xa ON qh.chi_tieu (ma_xa, id);
CREATE INDEX chi_tieu_loai ON qh.chi_tieu (ma_loai_dat_qh, id);
CREATE INDEX chi_tieu_phuong_an ON qh.chi_tieu (phuong_an_id, id);

CREATE TABLE qh.ke_hoach (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    nam smallint NOT NULL CHECK (nam BETWEEN 1990 AND 2200),
    ten text COLLATE "C" NOT NULL CHECK (ten IS NFC NORMALIZED),
    so_quyet_dinh text COLLATE "C" NOT NULL,
    ngay_quyet_dinh date NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (xa_id, nam)
);
COMMENT ON COLUMN qh.ke_hoach.xa_id IS 'The district (before the reform) or commune that the yearly plan is of.';
CREATE INDEX ke_hoach_xa ON qh.ke_hoach (xa_id, id);
CREATE INDEX ke_hoach_ma_xa ON qh.ke_hoach (ma_xa, id);
CREATE INDEX ke_hoach_nam ON qh.ke_hoach (nam, id);
CREATE INDEX ke_hoach_ngay ON qh.ke_hoach (ngay_quyet_dinh, id);

CREATE TABLE qh.cong_trinh (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    ke_hoach_id uuid NOT NULL REFERENCES qh.ke_hoach,
    nam smallint NOT NULL,
    stt int NOT NULL CHECK (stt > 0),
    ten text COLLATE "C" NOT NULL CHECK (ten IS NFC NORMALIZED),
    ma_loai_dat_qh text COLLATE "C" NOT NULL,
    dien_tich float8 NOT NULL CHECK (dien_tich > 0),
    dien_tich_thu_hoi float8 NOT NULL CHECK (dien_tich_thu_hoi >= 0 AND dien_tich_thu_hoi <= dien_tich),
    tim text COLLATE "C" GENERATED ALWAYS AS (dm.de_tim(ten)) STORED,
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (ke_hoach_id, stt)
);
CREATE INDEX cong_trinh_hinh ON qh.cong_trinh USING gist (xa_id, geom);
CREATE INDEX cong_trinh_hinh_rieng ON qh.cong_trinh USING gist (geom);
CREATE INDEX cong_trinh_xa ON qh.cong_trinh (xa_id, id);
CREATE INDEX cong_trinh_ma_xa ON qh.cong_trinh (ma_xa, id);
CREATE INDEX cong_trinh_nam ON qh.cong_trinh (nam, id);
CREATE INDEX cong_trinh_loai ON qh.cong_trinh (ma_loai_dat_qh, id);
CREATE INDEX cong_trinh_tim ON qh.cong_trinh USING gin (tim gin_trgm_ops, xa_id);

CALL hc.suy_ra('qh.phuong_an');
CALL hc.suy_ra('qh.vung');
CALL hc.suy_ra('qh.chi_tieu');
CALL hc.suy_ra('qh.ke_hoach');
CALL hc.suy_ra('qh.cong_trinh');
CALL dm.rang_buoc_ma('qh.vung', ARRAY['ma_loai_dat_qh', 'loai_dat_qh', 'TT75']);
CALL dm.rang_buoc_ma('qh.chi_tieu', ARRAY['ma_loai_dat_qh', 'loai_dat_qh', 'TT75']);
CALL dm.rang_buoc_ma('qh.cong_trinh', ARRAY['ma_loai_dat_qh', 'loai_dat_qh', 'TT75']);
CALL lg.theo_doi('qh.phuong_an', '{cap}');
CALL lg.theo_doi('qh.vung', '{ma_loai_dat_qh, nam_quy_hoach}');
CALL lg.theo_doi('qh.chi_tieu');
CALL lg.theo_doi('qh.ke_hoach', '{nam}');
CALL lg.theo_doi('qh.cong_trinh', '{nam}');
