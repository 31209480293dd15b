-- Dossiers. The receipt code is unique within the system that gave it, and only there.

CREATE TABLE hs.thu_tuc (
    ma text COLLATE "C" PRIMARY KEY,
    ten text COLLATE "C" NOT NULL,
    so_ngay smallint NOT NULL CHECK (so_ngay >= 0),
    can_cu text COLLATE "C" NOT NULL
);

CREATE TABLE hs.ho_so (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xa_id int NOT NULL REFERENCES hc.don_vi,
    ma_xa text COLLATE "C" NOT NULL,
    he_thong text COLLATE "C" NOT NULL,
    ma_ho_so text COLLATE "C" NOT NULL
        CHECK (ma_ho_so ~ '^(\d{3}\.\d{2}\.\d{2}\.H\d{2}|H\d{2}(\.\d{1,4})?)-\d{6}-\d{4,6}$'),
    trung_ma boolean NOT NULL DEFAULT false,
    ma_thu_tuc text COLLATE "C" NOT NULL REFERENCES hs.thu_tuc,
    loai_bien_dong text COLLATE "C",
    ngay_nhan date NOT NULL,
    ngay_hen date NOT NULL CHECK (ngay_hen >= ngay_nhan),
    ngay_tra date CHECK (ngay_tra >= ngay_nhan),
    trang_thai text COLLATE "C" NOT NULL,
    giai_doan_thue boolean NOT NULL DEFAULT false,
    so_thua_dat int NOT NULL DEFAULT 0 CHECK (so_thua_dat >= 0),
    tim text COLLATE "C" GENERATED ALWAYS AS (dm.de_tim(ma_ho_so)) STORED,
    cap_nhat timestamptz NOT NULL DEFAULT now(),
    UNIQUE (he_thong, ma_ho_so)
);
COMMENT ON COLUMN hs.ho_so.so_thua_dat IS
    'Parcels of the dossier; as the source states it while none is tied to the dossier in hs.ho_so_thua.';
CREATE INDEX ho_so_ma ON hs.ho_so (ma_ho_so, id);
CREATE INDEX ho_so_xa ON hs.ho_so (xa_id, id);
CREATE INDEX ho_so_ma_xa ON hs.ho_so (ma_xa, id);
CREATE INDEX ho_so_thu_tuc ON hs.ho_so (ma_thu_tuc, id);
CREATE INDEX ho_so_trang_thai ON hs.ho_so (trang_thai, id);
CREATE INDEX ho_so_nhan ON hs.ho_so (ngay_nhan, id);
CREATE INDEX ho_so_hen ON hs.ho_so (ngay_hen, id);
CREATE INDEX ho_so_tim ON hs.ho_so USING gin (tim gin_trgm_ops, xa_id);

CREATE TABLE hs.buoc (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ho_so_id uuid NOT NULL REFERENCES hs.ho_so,
    stt smallint NOT NULL CHECK (stt > 0),
    trang_thai text COLLATE "C" NOT NULL,
    vao timestamptz NOT NULL,
    ra timestamptz CHECK (ra >= vao),
    dung_dong_ho boolean NOT NULL DEFAULT false,
    UNIQUE (ho_so_id, stt)
);
COMMENT ON COLUMN hs.buoc.dung_dong_ho IS 'The clock of the deadline stands still in this step (tax phase).';

CREATE TABLE hs.ho_so_thua (
    ho_so_id uuid NOT NULL REFERENCES hs.ho_so,
    thua_id uuid NOT NULL REFERENCES dc.thua_dat,
    PRIMARY KEY (ho_so_id, thua_id)
);
CREATE INDEX ho_so_thua_thua ON hs.ho_so_thua (thua_id);

CREATE TABLE hs.thanh_phan (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ho_so_id uuid NOT NULL REFERENCES hs.ho_so,
    stt smallint NOT NULL CHECK (stt > 0),
    ten text COLLATE "C" NOT NULL,
    ban_goc boolean NOT NULL DEFAULT false,
    UNIQUE (ho_so_id, stt)
);

ALTER TABLE dc.bien_dong ADD FOREIGN KEY (ho_so_id) REFERENCES hs.ho_so;
CREATE INDEX bien_dong_ho_so ON dc.bien_dong (ho_so_id);

-- A dossier counts the parcels that are tied to it; what a source states holds until one is.

CREATE FUNCTION hs.giu_so_thua() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT coalesce(nullif(count(*), 0), new.so_thua_dat) INTO new.so_thua_dat FROM hs.ho_so_thua WHERE ho_so_id = new.id;
    RETURN new;
END $$;
CREATE TRIGGER giu_cot BEFORE UPDATE OF so_thua_dat ON hs.ho_so FOR EACH ROW EXECUTE FUNCTION hs.giu_so_thua();

CREATE FUNCTION hs.thua_da_doi() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cham uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        cham := ARRAY(SELECT DISTINCT ho_so_id FROM moi);
    ELSIF TG_OP = 'DELETE' THEN
        cham := ARRAY(SELECT DISTINCT ho_so_id FROM cu);
    ELSE
        cham := ARRAY(SELECT ho_so_id FROM moi UNION SELECT ho_so_id FROM cu);
    END IF;
    IF cardinality(cham) = 0 THEN
        RETURN NULL;
    END IF;
    -- Locked before they are looked at: two writers of one dossier would each miss the other's parcels.
    PERFORM FROM hs.ho_so WHERE id = ANY (cham) ORDER BY id FOR NO KEY UPDATE;
    UPDATE hs.ho_so h SET so_thua_dat = x.so
    FROM (SELECT k.id, (SELECT count(*) FROM hs.ho_so_thua t WHERE t.ho_so_id = k.id) AS so FROM unnest(cham) AS k (id)) x
    WHERE h.id = x.id AND h.so_thua_dat <> x.so;
    RETURN NULL;
END $$;
CREATE TRIGGER giu_ho_so_them AFTER INSERT ON hs.ho_so_thua REFERENCING NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION hs.thua_da_doi();
CREATE TRIGGER giu_ho_so_sua AFTER UPDATE ON hs.ho_so_thua REFERENCING OLD TABLE AS cu NEW TABLE AS moi
    FOR EACH STATEMENT EXECUTE FUNCTION hs.thua_da_doi();
CREATE TRIGGER giu_ho_so_xoa AFTER DELETE ON hs.ho_so_thua REFERENCING OLD TABLE AS cu
    FOR EACH STATEMENT EXECUTE FUNCTION hs.thua_da_doi();

CALL hc.suy_ra('hs.ho_so');
CALL dm.rang_buoc_ma('hs.ho_so', ARRAY['trang_thai', 'trang_thai_ho_so', 'datdai', 'loai_bien_dong', 'loai_bien_dong', 'TT75']);
CALL dm.rang_buoc_ma('hs.buoc', ARRAY['trang_thai', 'trang_thai_ho_so', 'datdai']);
CALL lg.theo_doi('hs.ho_so', '{trang_thai, giai_doan_thue, ngay_nhan}');
