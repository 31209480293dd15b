-- Loads: what was brought in, when, from which file, and what was turned away.

CREATE TABLE lg.dot_nap (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    lop text COLLATE "C" NOT NULL,
    tep text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    anh_xa text COLLATE "C",
    tai_khoan text COLLATE "C" NOT NULL DEFAULT session_user,
    bat_dau timestamptz NOT NULL,
    ket_thuc timestamptz NOT NULL DEFAULT clock_timestamp(),
    so_doc bigint NOT NULL CHECK (so_doc >= 0),
    so_nhan bigint NOT NULL CHECK (so_nhan >= 0),
    so_tu_choi bigint NOT NULL CHECK (so_tu_choi >= 0),
    CHECK (so_doc = so_nhan + so_tu_choi)
);

CREATE TABLE lg.tu_choi (
    dot_nap_id uuid NOT NULL REFERENCES lg.dot_nap,
    dong bigint NOT NULL CHECK (dong > 0),
    ma_loi text[] NOT NULL CHECK (cardinality(ma_loi) > 0),
    gia_tri jsonb NOT NULL,
    geom geometry,
    PRIMARY KEY (dot_nap_id, dong)
);
COMMENT ON COLUMN lg.tu_choi.dong IS 'Position of the row in the file, 1 is the first.';

CREATE FUNCTION lg.la_tinh_mau() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM lg.dot_nap WHERE lop = 'tinh-mau')
$$;
COMMENT ON FUNCTION lg.la_tinh_mau IS 'Tells whether the sample province was loaded; it is no layer, so no load of data has its name.';
