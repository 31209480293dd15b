-- Cadastre. Holders are a table of their own; who they are in person is dc.nguoi, which no profile role may read.

CREATE TABLE dc.tai_lieu_do_dac (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    loai_ban_do text COLLATE "C" NOT NULL,
    don_vi_do_dac text COLLATE "C" NOT NULL,
    phuong_phap_do text COLLATE "C",
    ty_le int NOT NULL CHECK (ty_le > 0),
    ngay_hoan_thanh date NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tai_lieu_do_dac_xa ON dc.tai_lieu_do_dac (xa_id);

CREATE TABLE dc.thua_dat (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    ma_dinh_danh text COLLATE "C" CHECK (ma_dinh_danh ~ '^[0-9b-hjkmnp-z]{12}$'),
    so_to int NOT NULL CHECK (so_to > 0),
    so_thua int NOT NULL CHECK (so_thua > 0),
    so_to_cu text COLLATE "C",
    so_thua_cu text COLLATE "C",
    dien_tich float8 NOT NULL CHECK (dien_tich > 0 AND round(dien_tich::numeric, 1) = dien_tich::numeric),
    dien_tich_phap_ly float8 CHECK (dien_tich_phap_ly > 0 AND round(dien_tich_phap_ly::numeric, 1) = dien_tich_phap_ly::numeric),
    dia_chi text COLLATE "C" CHECK (dia_chi IS NFC NORMALIZED),
    he_ma text COLLATE "C" NOT NULL,
    loai_dat text COLLATE "C" NOT NULL,
    loai_dat_chinh text COLLATE "C" NOT NULL,
    nhom_dat_chinh text COLLATE "C" NOT NULL CHECK (nhom_dat_chinh IN ('NNP', 'PNN', 'CSD')),
    muc_dich text[] COLLATE "C" NOT NULL CHECK (cardinality(muc_dich) > 0 AND muc_dich[1] = loai_dat_chinh),
    loai_doi_tuong text COLLATE "C",
    da_cap_gcn boolean NOT NULL DEFAULT false,
    tranh_chap boolean NOT NULL DEFAULT false,
    trang_thai text COLLATE "C" NOT NULL DEFAULT 'hien_trang',
    tai_lieu_do_dac_id uuid REFERENCES dc.tai_lieu_do_dac,
    nguon text COLLATE "C" NOT NULL,
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    tim text COLLATE "C" GENERATED ALWAYS AS
        (dm.de_tim('to ' || so_to || ' thua ' || so_thua || coalesce(' ' || dia_chi, ''))) STORED,
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN dc.thua_dat.dien_tich IS 'm², one decimal, as the circular prints it; not computed from the geometry.';
COMMENT ON COLUMN dc.thua_dat.loai_dat IS 'Codes as the map prints them, joined: ODT+CLN.';
COMMENT ON COLUMN dc.thua_dat.muc_dich IS 'The same codes, split, the chief one first.';
COMMENT ON COLUMN dc.thua_dat.da_cap_gcn IS
    'A certificate is in force (was, until the parcel ended); as the source states it while no certificate is known here.';
COMMENT ON COLUMN dc.thua_dat.loai_doi_tuong IS
    'Type of the chief holder; as the source states it while no right is known here in the parcel''s code system.';

CREATE UNIQUE INDEX thua_dat_so ON dc.thua_dat (xa_id, so_to, so_thua) WHERE hieu_luc_den IS NULL;
CREATE UNIQUE INDEX thua_dat_ma_dinh_danh ON dc.thua_dat (ma_dinh_danh) WHERE hieu_luc_den IS NULL AND ma_dinh_danh IS NOT NULL;
CREATE INDEX thua_dat_dinh_danh ON dc.thua_dat (ma_dinh_danh, id);
CREATE INDEX thua_dat_hinh ON dc.thua_dat USING gist (xa_id, geom);
CREATE INDEX thua_dat_hinh_rieng ON dc.thua_dat USING gist (geom);
CREATE INDEX thua_dat_xa ON dc.thua_dat (xa_id, id);
CREATE INDEX thua_dat_ma_xa ON dc.thua_dat (ma_xa, id);
CREATE INDEX thua_dat_so_to ON dc.thua_dat (so_to, id);
CREATE INDEX thua_dat_so_thua ON dc.thua_dat (so_thua, id);
CREATE INDEX thua_dat_dien_tich ON dc.thua_dat (dien_tich, id);
CREATE INDEX thua_dat_loai ON dc.thua_dat (loai_dat_chinh, id);
CREATE INDEX thua_dat_nhom ON dc.thua_dat (nhom_dat_chinh, id);
CREATE INDEX thua_dat_muc_dich ON dc.thua_dat USING gin (muc_dich);
CREATE INDEX thua_dat_tu ON dc.thua_dat (hieu_luc_tu, id);
CREATE INDEX thua_dat_lich_su ON dc.thua_dat (hieu_luc_den, id) WHERE hieu_luc_den IS NOT NULL;
CREATE INDEX thua_dat_tim ON dc.thua_dat USING gin (tim gin_trgm_ops, xa_id);

CREATE TABLE dc.muc_dich (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    stt smallint NOT NULL CHECK (stt > 0),
    he_ma text COLLATE "C" NOT NULL,
    ma_loai_dat text COLLATE "C" NOT NULL,
    dien_tich float8 CHECK (dien_tich > 0 AND round(dien_tich::numeric, 1) = dien_tich::numeric),
    thoi_han text COLLATE "C",
    ngay_het_han date,
    nguon_goc text COLLATE "C",
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (thua_id, stt)
);
CREATE INDEX muc_dich_xa ON dc.muc_dich (xa_id, id);
CREATE INDEX muc_dich_ma_xa ON dc.muc_dich (ma_xa, id);
CREATE INDEX muc_dich_loai ON dc.muc_dich (ma_loai_dat, id);

CREATE TABLE dc.nguoi (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('ca_nhan', 'vo_chong', 'ho_gia_dinh', 'to_chuc', 'cong_dong')),
    he_ma text COLLATE "C" NOT NULL,
    loai_doi_tuong text COLLATE "C" NOT NULL,
    ho_ten text COLLATE "C" NOT NULL CHECK (ho_ten <> '' AND ho_ten IS NFC NORMALIZED),
    nam_sinh smallint CHECK (nam_sinh BETWEEN 1850 AND 2100),
    gioi_tinh text COLLATE "C" CHECK (gioi_tinh IN ('nam', 'nu')),
    so_dinh_danh text COLLATE "C",
    so_dien_thoai text COLLATE "C",
    thu_dien_tu text COLLATE "C",
    dia_chi text COLLATE "C",
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dc.nguoi IS 'Personal data. No profile role reads it; what is agreed goes through dc.quyen_su_dung_dat.';

CREATE TABLE dc.giay_chung_nhan (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    loai text COLLATE "C" NOT NULL,
    so_vao_so text COLLATE "C" NOT NULL,
    so_phat_hanh text COLLATE "C" NOT NULL,
    ngay_cap date NOT NULL,
    cap_boi text COLLATE "C" NOT NULL CHECK (cap_boi IN ('huyen', 'tinh', 'so')),
    trang_thai text COLLATE "C" NOT NULL DEFAULT 'hieu_luc' CHECK (trang_thai IN ('hieu_luc', 'da_thu_hoi')),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX gcn_so_phat_hanh ON dc.giay_chung_nhan (so_phat_hanh) WHERE hieu_luc_den IS NULL;
CREATE INDEX gcn_so ON dc.giay_chung_nhan (so_phat_hanh, id);
CREATE INDEX gcn_xa ON dc.giay_chung_nhan (xa_id, id);
CREATE INDEX gcn_ma_xa ON dc.giay_chung_nhan (ma_xa, id);
CREATE INDEX gcn_thua ON dc.giay_chung_nhan (thua_id, id);
CREATE INDEX gcn_ngay ON dc.giay_chung_nhan (ngay_cap, id);

CREATE TABLE dc.tai_san (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    loai text COLLATE "C" NOT NULL,
    ten text COLLATE "C",
    so_tang smallint CHECK (so_tang > 0),
    dien_tich_xay_dung float8 CHECK (dien_tich_xay_dung > 0),
    dien_tich_san float8 CHECK (dien_tich_san > 0),
    ket_cau text COLLATE "C",
    cap_hang text COLLATE "C",
    nam_hoan_thanh smallint,
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    geom_goc geometry(MultiPolygon) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tai_san_hinh ON dc.tai_san USING gist (xa_id, geom);
CREATE INDEX tai_san_hinh_rieng ON dc.tai_san USING gist (geom);
CREATE INDEX tai_san_xa ON dc.tai_san (xa_id, id);
CREATE INDEX tai_san_ma_xa ON dc.tai_san (ma_xa, id);
CREATE INDEX tai_san_thua ON dc.tai_san (thua_id, id);
CREATE INDEX tai_san_loai ON dc.tai_san (loai, id);
CREATE INDEX tai_san_tu ON dc.tai_san (hieu_luc_tu, id);

CREATE TABLE dc.quyen_su_dung_dat (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    nguoi_id uuid NOT NULL REFERENCES dc.nguoi,
    gcn_id uuid REFERENCES dc.giay_chung_nhan,
    so_to int NOT NULL,
    so_thua int NOT NULL,
    loai_quyen text COLLATE "C" NOT NULL CHECK (loai_quyen IN ('SDD', 'QLD')),
    hinh_thuc text COLLATE "C" NOT NULL CHECK (hinh_thuc IN ('rieng', 'chung')),
    ty_le float8 NOT NULL CHECK (ty_le > 0 AND ty_le <= 1),
    the_chap boolean NOT NULL DEFAULT false,
    loai_chu text COLLATE "C" NOT NULL,
    loai_doi_tuong text COLLATE "C" NOT NULL,
    ten_chu text COLLATE "C" NOT NULL,
    nam_sinh smallint,
    so_dinh_danh text COLLATE "C",
    dia_chi_chu text COLLATE "C",
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    tim text COLLATE "C" GENERATED ALWAYS AS (dm.de_tim(ten_chu || coalesce(' ' || dia_chi_chu, ''))) STORED,
    geom_goc geometry(MultiPolygon) NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dc.quyen_su_dung_dat IS
    'One row for each right and holder. Columns of the holder and the parcel are kept by triggers.';
CREATE UNIQUE INDEX quyen_mot_lan ON dc.quyen_su_dung_dat (thua_id, nguoi_id, loai_quyen) WHERE hieu_luc_den IS NULL;
CREATE INDEX quyen_hinh ON dc.quyen_su_dung_dat USING gist (xa_id, geom);
CREATE INDEX quyen_hinh_rieng ON dc.quyen_su_dung_dat USING gist (geom);
CREATE INDEX quyen_xa ON dc.quyen_su_dung_dat (xa_id, id);
CREATE INDEX quyen_ma_xa ON dc.quyen_su_dung_dat (ma_xa, id);
CREATE INDEX quyen_thua ON dc.quyen_su_dung_dat (thua_id, id);
CREATE INDEX quyen_nguoi ON dc.quyen_su_dung_dat (nguoi_id);
CREATE INDEX quyen_ten ON dc.quyen_su_dung_dat (ten_chu, id);
CREATE INDEX quyen_dinh_danh ON dc.quyen_su_dung_dat (so_dinh_danh, id);
CREATE INDEX quyen_so_to ON dc.quyen_su_dung_dat (so_to, id);
CREATE INDEX quyen_so_thua ON dc.quyen_su_dung_dat (so_thua, id);
CREATE INDEX quyen_doi_tuong ON dc.quyen_su_dung_dat (loai_doi_tuong, id);
CREATE INDEX quyen_tu ON dc.quyen_su_dung_dat (hieu_luc_tu, id);
CREATE INDEX quyen_tim ON dc.quyen_su_dung_dat USING gin (tim gin_trgm_ops, xa_id);

CREATE TABLE dc.bien_dong (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    loai text COLLATE "C" NOT NULL,
    ma_bien_dong text COLLATE "C" NOT NULL,
    ngay_dang_ky date NOT NULL,
    noi_dung text COLLATE "C",
    ho_so_id uuid,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (xa_id, ma_bien_dong)
);
CREATE INDEX bien_dong_ma ON dc.bien_dong (ma_bien_dong, id);
CREATE INDEX bien_dong_xa ON dc.bien_dong (xa_id, id);
CREATE INDEX bien_dong_ma_xa ON dc.bien_dong (ma_xa, id);
CREATE INDEX bien_dong_loai ON dc.bien_dong (loai, id);
CREATE INDEX bien_dong_ngay ON dc.bien_dong (ngay_dang_ky, id);

CREATE TABLE dc.thua_dat_pha_he (
    thua_cha uuid NOT NULL REFERENCES dc.thua_dat,
    thua_con uuid NOT NULL REFERENCES dc.thua_dat,
    bien_dong_id uuid NOT NULL REFERENCES dc.bien_dong,
    dien_tich float8 NOT NULL CHECK (dien_tich > 0),
    PRIMARY KEY (thua_cha, thua_con),
    CHECK (thua_cha <> thua_con)
);
CREATE INDEX pha_he_con ON dc.thua_dat_pha_he (thua_con);
CREATE INDEX pha_he_bien_dong ON dc.thua_dat_pha_he (bien_dong_id);
COMMENT ON COLUMN dc.thua_dat_pha_he.dien_tich IS 'Area of the parent that went into the child, m².';

CREATE TABLE dc.han_che (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('han_che', 'ngan_chan', 'the_chap')),
    noi_dung text COLLATE "C",
    so_van_ban text COLLATE "C",
    dien_tich float8 CHECK (dien_tich > 0),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX han_che_xa ON dc.han_che (xa_id, id);
CREATE INDEX han_che_ma_xa ON dc.han_che (ma_xa, id);
CREATE INDEX han_che_thua ON dc.han_che (thua_id, id);
CREATE INDEX han_che_loai ON dc.han_che (loai, id);
CREATE INDEX han_che_tu ON dc.han_che (hieu_luc_tu, id);

CREATE TABLE dc.moc (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('dia_gioi', 'quy_hoach', 'toa_do_quoc_gia', 'toa_do_dia_chinh')),
    so_hieu text COLLATE "C" NOT NULL,
    cap_hang text COLLATE "C",
    do_cao float8,
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    geom_goc geometry(Point) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(Point, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX moc_so ON dc.moc (loai, so_hieu) WHERE hieu_luc_den IS NULL;
CREATE INDEX moc_hinh ON dc.moc USING gist (xa_id, geom);
CREATE INDEX moc_xa ON dc.moc (xa_id, id);
CREATE INDEX moc_ma_xa ON dc.moc (ma_xa, id);
CREATE INDEX moc_loai ON dc.moc (loai, id);
CREATE INDEX moc_so_hieu ON dc.moc (so_hieu, id);
CREATE INDEX moc_tu ON dc.moc (hieu_luc_tu, id);

CREATE TABLE dc.chi_gioi (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('dia_gioi', 'quy_hoach', 'hanh_lang_an_toan')),
    ten text COLLATE "C",
    can_cu text COLLATE "C",
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date CHECK (hieu_luc_den > hieu_luc_tu),
    geom_goc geometry(MultiLineString) NOT NULL CONSTRAINT hinh_tot CHECK (hc.hinh_tot(geom_goc)),
    geom geometry(MultiLineString, 4326) NOT NULL,
    cap_nhat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chi_gioi_hinh ON dc.chi_gioi USING gist (xa_id, geom);
CREATE INDEX chi_gioi_xa ON dc.chi_gioi (xa_id, id);
CREATE INDEX chi_gioi_ma_xa ON dc.chi_gioi (ma_xa, id);
CREATE INDEX chi_gioi_loai ON dc.chi_gioi (loai, id);
CREATE INDEX chi_gioi_tu ON dc.chi_gioi (hieu_luc_tu, id);


-- A right shows its holder and its parcel as they are now.

-- Who hangs a row on a parcel locks the parcel before he copies from it: a writer who is moving the parcel does not see the new
-- row, so the new row has to wait and see the move. A row that stays where it hangs needs no lock: the writer of the parcel
-- comes to it, waits for it and writes it anew. Locks are taken in one order, else they wait for each other for ever: persons,
-- parcels, what hangs on parcels. Parcels are locked as the triggers below lock them: FOR SHARE would have to be raised.

CREATE FUNCTION dc.suy_ra_quyen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF new.nguoi_id IS DISTINCT FROM old.nguoi_id THEN
        PERFORM FROM dc.nguoi WHERE id = new.nguoi_id FOR SHARE;
    END IF;
    IF new.thua_id IS DISTINCT FROM old.thua_id THEN
        PERFORM FROM dc.thua_dat WHERE id = least(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
        PERFORM FROM dc.thua_dat WHERE id = greatest(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
    END IF;
    SELECT t.xa_id, t.ma_xa, t.so_to, t.so_thua, t.geom_goc, t.geom
    INTO new.xa_id, new.ma_xa, new.so_to, new.so_thua, new.geom_goc, new.geom
    FROM dc.thua_dat t WHERE t.id = new.thua_id;
    SELECT n.loai, n.loai_doi_tuong, n.ho_ten, n.nam_sinh, n.so_dinh_danh, n.dia_chi
    INTO new.loai_chu, new.loai_doi_tuong, new.ten_chu, new.nam_sinh, new.so_dinh_danh, new.dia_chi_chu
    FROM dc.nguoi n WHERE n.id = new.nguoi_id;
    new.cap_nhat := now();
    RETURN new;
END $$;
CREATE TRIGGER suy_ra BEFORE INSERT OR UPDATE ON dc.quyen_su_dung_dat
    FOR EACH ROW EXECUTE FUNCTION dc.suy_ra_quyen();

-- What joins the rows before and after a statement is planned anew each time: a plan that was made for one row, and kept,
-- compares every row with every other.

CREATE FUNCTION dc.nguoi_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    doi uuid[];
BEGIN
    EXECUTE 'SELECT array_agg(m.id) FROM moi m JOIN cu c USING (id)'
            ' WHERE (c.loai, c.he_ma, c.loai_doi_tuong, c.ho_ten, c.nam_sinh, c.so_dinh_danh, c.dia_chi)'
            ' IS DISTINCT FROM (m.loai, m.he_ma, m.loai_doi_tuong, m.ho_ten, m.nam_sinh, m.so_dinh_danh, m.dia_chi)' INTO doi;
    IF doi IS NOT NULL THEN
        PERFORM FROM dc.thua_dat t WHERE t.id IN (SELECT q.thua_id FROM dc.quyen_su_dung_dat q WHERE q.nguoi_id = ANY (doi))
        ORDER BY t.id FOR NO KEY UPDATE;
        UPDATE dc.quyen_su_dung_dat q SET nguoi_id = q.nguoi_id WHERE q.nguoi_id = ANY (doi);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lan_truyen AFTER UPDATE ON dc.nguoi REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.nguoi_da_doi();

CREATE FUNCTION dc.thua_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    doi uuid[];
    chuyen uuid[];
BEGIN
    EXECUTE 'SELECT array_agg(m.id), array_agg(m.id) FILTER (WHERE c.xa_id <> m.xa_id) FROM moi m JOIN cu c USING (id)'
            ' WHERE (c.xa_id, c.so_to, c.so_thua, c.geom_goc) IS DISTINCT FROM (m.xa_id, m.so_to, m.so_thua, m.geom_goc)'
        INTO doi, chuyen;
    IF doi IS NOT NULL THEN
        UPDATE dc.quyen_su_dung_dat t SET thua_id = t.thua_id WHERE t.thua_id = ANY (doi);
    END IF;
    IF chuyen IS NOT NULL THEN
        UPDATE dc.muc_dich t SET thua_id = t.thua_id WHERE t.thua_id = ANY (chuyen);
        UPDATE dc.giay_chung_nhan t SET thua_id = t.thua_id WHERE t.thua_id = ANY (chuyen);
        UPDATE dc.tai_san t SET thua_id = t.thua_id WHERE t.thua_id = ANY (chuyen);
        UPDATE dc.han_che t SET thua_id = t.thua_id WHERE t.thua_id = ANY (chuyen);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lan_truyen AFTER UPDATE ON dc.thua_dat REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.thua_da_doi();

CREATE FUNCTION dc.suy_ra_theo_thua() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF new.thua_id IS DISTINCT FROM old.thua_id THEN
        PERFORM FROM dc.thua_dat WHERE id = least(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
        PERFORM FROM dc.thua_dat WHERE id = greatest(old.thua_id, new.thua_id) FOR NO KEY UPDATE;
    END IF;
    SELECT t.xa_id, t.ma_xa INTO new.xa_id, new.ma_xa FROM dc.thua_dat t WHERE t.id = new.thua_id;
    new.cap_nhat := now();
    RETURN new;
END $$;
COMMENT ON FUNCTION dc.suy_ra_theo_thua IS 'What hangs on a parcel lies in the parcel''s commune.';

CREATE TRIGGER suy_ra BEFORE INSERT OR UPDATE ON dc.muc_dich FOR EACH ROW EXECUTE FUNCTION dc.suy_ra_theo_thua();
CREATE TRIGGER suy_ra BEFORE INSERT OR UPDATE ON dc.giay_chung_nhan FOR EACH ROW EXECUTE FUNCTION dc.suy_ra_theo_thua();
CREATE TRIGGER suy_ra BEFORE INSERT OR UPDATE ON dc.han_che FOR EACH ROW EXECUTE FUNCTION dc.suy_ra_theo_thua();
CREATE TRIGGER suy_ra_thua BEFORE INSERT OR UPDATE ON dc.tai_san FOR EACH ROW EXECUTE FUNCTION dc.suy_ra_theo_thua();
CREATE TRIGGER suy_ra_hinh BEFORE INSERT OR UPDATE OF geom_goc, geom ON dc.tai_san FOR EACH ROW EXECUTE FUNCTION hc.suy_ra_hinh();

-- A parcel knows whether it has a certificate, and what its chief holder is. What a source states holds until certificates
-- or rights of the parcel are known here; from then on these alone decide, whoever writes them. A parcel that ended keeps
-- what it was on its last day.

CREATE FUNCTION dc.con_luc(tu_thua date, den date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN den IS NULL OR coalesce(den >= tu_thua, false);

COMMENT ON FUNCTION dc.con_luc IS
    'True for what is in force with a parcel, or was when it ended. Arguments: end of the parcel, end of the thing.';

CREATE FUNCTION dc.gcn_cua(thua uuid, het_han date) RETURNS boolean
LANGUAGE sql STABLE
RETURN (SELECT bool_or(dc.con_luc(het_han, g.hieu_luc_den) AND (g.trang_thai = 'hieu_luc' OR g.hieu_luc_den IS NOT NULL))
        FROM dc.giay_chung_nhan g WHERE g.thua_id = thua);

COMMENT ON FUNCTION dc.gcn_cua IS 'Whether a parcel has a certificate; null where none was ever known.';

CREATE FUNCTION dc.doi_tuong_cua(thua uuid, he text, het_han date, neu_khong_ro text) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT CASE WHEN count(*) > 0 THEN
                   coalesce((array_agg(q.loai_doi_tuong ORDER BY q.loai_quyen DESC, q.ty_le DESC, q.hieu_luc_tu, q.id)
                             FILTER (WHERE n.he_ma = he))[1], neu_khong_ro) END
        FROM dc.quyen_su_dung_dat q JOIN dc.nguoi n ON n.id = q.nguoi_id
        WHERE q.thua_id = thua AND dc.con_luc(het_han, q.hieu_luc_den));

COMMENT ON FUNCTION dc.doi_tuong_cua IS
    'Type of a parcel''s chief holder, users before managers; neu_khong_ro where holders have codes of another system only.';

-- Whoever writes these columns of a parcel, or what they depend on, by hand. A new parcel has no certificates yet.

CREATE FUNCTION dc.giu_cot_thua() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    new.da_cap_gcn := coalesce(dc.gcn_cua(new.id, new.hieu_luc_den), new.da_cap_gcn);
    IF EXISTS (SELECT FROM dc.quyen_su_dung_dat q WHERE q.thua_id = new.id) THEN
        new.loai_doi_tuong := dc.doi_tuong_cua(new.id, new.he_ma, new.hieu_luc_den, new.loai_doi_tuong);
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_cot BEFORE UPDATE OF da_cap_gcn, loai_doi_tuong, he_ma, hieu_luc_den ON dc.thua_dat
    FOR EACH ROW EXECUTE FUNCTION dc.giu_cot_thua();

-- Parcels are locked before they are looked at: two writers of one parcel's certificates would each miss the other's. In a
-- bulk load nothing is looked up where the new rows say what the parcel says already.

CREATE FUNCTION dc.gcn_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cham uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        cham := ARRAY(SELECT DISTINCT thua_id FROM moi);
    ELSIF TG_OP = 'DELETE' THEN
        cham := ARRAY(SELECT DISTINCT thua_id FROM cu);
    ELSE
        EXECUTE 'SELECT array_agg(DISTINCT k.id) FROM moi m JOIN cu c USING (id), unnest(ARRAY[c.thua_id, m.thua_id]) AS k (id)'
                ' WHERE (c.thua_id, c.trang_thai, c.hieu_luc_den) IS DISTINCT FROM (m.thua_id, m.trang_thai, m.hieu_luc_den)'
            INTO cham;
    END IF;
    IF cham IS NULL OR cham = '{}' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM dc.thua_dat WHERE id = ANY (cham) ORDER BY id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'SELECT ARRAY(SELECT t.id FROM moi m JOIN dc.thua_dat t ON t.id = m.thua_id GROUP BY t.id'
                ' HAVING t.da_cap_gcn IS DISTINCT FROM bool_or(dc.con_luc(t.hieu_luc_den, m.hieu_luc_den)'
                ' AND (m.trang_thai = ''hieu_luc'' OR m.hieu_luc_den IS NOT NULL)))' INTO cham;
    END IF;
    IF cham = '{}' THEN
        RETURN NULL;
    END IF;
    UPDATE dc.thua_dat t SET da_cap_gcn = x.co
    FROM (SELECT id, coalesce(dc.gcn_cua(id, hieu_luc_den), false) AS co FROM dc.thua_dat WHERE id = ANY (cham)) x
    WHERE t.id = x.id AND t.da_cap_gcn <> x.co;
    RETURN NULL;
END $$;
CREATE TRIGGER giu_thua_them AFTER INSERT ON dc.giay_chung_nhan REFERENCING NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.gcn_da_doi();
CREATE TRIGGER giu_thua_sua AFTER UPDATE ON dc.giay_chung_nhan REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.gcn_da_doi();
CREATE TRIGGER giu_thua_xoa AFTER DELETE ON dc.giay_chung_nhan REFERENCING OLD TABLE AS cu
    FOR EACH STATEMENT EXECUTE FUNCTION dc.gcn_da_doi();

CREATE FUNCTION dc.quyen_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cham uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        cham := ARRAY(SELECT DISTINCT thua_id FROM moi);
    ELSIF TG_OP = 'DELETE' THEN
        cham := ARRAY(SELECT DISTINCT thua_id FROM cu);
    ELSE
        cham := ARRAY(SELECT thua_id FROM moi UNION SELECT thua_id FROM cu);
    END IF;
    IF cham = '{}' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM dc.thua_dat WHERE id = ANY (cham) ORDER BY id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'SELECT ARRAY(SELECT DISTINCT t.id FROM moi m'
                ' JOIN dc.thua_dat t ON t.id = m.thua_id JOIN dc.nguoi n ON n.id = m.nguoi_id'
                ' WHERE CASE WHEN NOT dc.con_luc(t.hieu_luc_den, m.hieu_luc_den) THEN t.loai_doi_tuong IS NOT NULL'
                ' ELSE n.he_ma = t.he_ma AND t.loai_doi_tuong IS DISTINCT FROM m.loai_doi_tuong END)' INTO cham;
    END IF;
    IF cham = '{}' THEN
        RETURN NULL;
    END IF;
    UPDATE dc.thua_dat t SET loai_doi_tuong = x.loai
    FROM (SELECT id, dc.doi_tuong_cua(id, he_ma, hieu_luc_den, loai_doi_tuong) AS loai
          FROM dc.thua_dat WHERE id = ANY (cham)) x
    WHERE t.id = x.id AND t.loai_doi_tuong IS DISTINCT FROM x.loai;
    RETURN NULL;
END $$;
CREATE TRIGGER giu_thua_them AFTER INSERT ON dc.quyen_su_dung_dat REFERENCING NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.quyen_da_doi();
CREATE TRIGGER giu_thua_sua AFTER UPDATE ON dc.quyen_su_dung_dat REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION dc.quyen_da_doi();
CREATE TRIGGER giu_thua_xoa AFTER DELETE ON dc.quyen_su_dung_dat REFERENCING OLD TABLE AS cu
    FOR EACH STATEMENT EXECUTE FUNCTION dc.quyen_da_doi();

CALL hc.suy_ra('dc.tai_lieu_do_dac');
CALL hc.suy_ra('dc.thua_dat');
CALL hc.suy_ra('dc.bien_dong');
CALL hc.suy_ra('dc.moc');
CALL hc.suy_ra('dc.chi_gioi');

CALL dm.rang_buoc_ma('dc.thua_dat', ARRAY[
    'loai_dat_chinh', 'loai_dat', '<he_ma>', 'muc_dich[]', 'loai_dat', '<he_ma>', 'loai_doi_tuong', 'doi_tuong', '<he_ma>', 'trang_thai', 'trang_thai_thua', 'datdai']);
CALL dm.rang_buoc_ma('dc.nguoi', ARRAY['loai_doi_tuong', 'doi_tuong', '<he_ma>']);
CALL dm.rang_buoc_ma('dc.muc_dich', ARRAY['ma_loai_dat', 'loai_dat', '<he_ma>', 'nguon_goc', 'nguon_goc', 'TT75']);
CALL dm.rang_buoc_ma('dc.giay_chung_nhan', ARRAY['loai', 'loai_gcn', 'TT75']);
CALL dm.rang_buoc_ma('dc.tai_san', ARRAY['loai', 'loai_tai_san', 'datdai']);
CALL dm.rang_buoc_ma('dc.bien_dong', ARRAY['loai', 'loai_bien_dong', 'TT75']);

CALL lg.theo_doi('dc.tai_lieu_do_dac');
CALL lg.theo_doi('dc.thua_dat', '{nhom_dat_chinh, trang_thai, hieu_luc_tu}');
CALL lg.theo_doi('dc.muc_dich');
CALL lg.theo_doi('dc.giay_chung_nhan', '{trang_thai, ngay_cap}');
CALL lg.theo_doi('dc.tai_san', '{loai}');
CALL lg.theo_doi('dc.quyen_su_dung_dat', '{loai_doi_tuong, hieu_luc_tu}');
CALL lg.theo_doi('dc.bien_dong', '{loai, ngay_dang_ky}');
CALL lg.theo_doi('dc.han_che', '{loai}');
CALL lg.theo_doi('dc.moc', '{loai}');
CALL lg.theo_doi('dc.chi_gioi', '{loai}');
