-- Foundations: extensions, schemas, coordinate systems, the legal day, text folding, roles.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SCHEMA hc;
CREATE SCHEMA dm;
CREATE SCHEMA dc;
CREATE SCHEMA tk;
CREATE SCHEMA qh;
CREATE SCHEMA gd;
CREATE SCHEMA hs;
CREATE SCHEMA IF NOT EXISTS lg;
CREATE SCHEMA acl;

COMMENT ON SCHEMA hc IS 'Đơn vị hành chính';
COMMENT ON SCHEMA dm IS 'Danh mục mã theo từng thời kỳ pháp luật';
COMMENT ON SCHEMA dc IS 'Cơ sở dữ liệu địa chính';
COMMENT ON SCHEMA tk IS 'Cơ sở dữ liệu thống kê, kiểm kê đất đai';
COMMENT ON SCHEMA qh IS 'Cơ sở dữ liệu quy hoạch, kế hoạch sử dụng đất';
COMMENT ON SCHEMA gd IS 'Cơ sở dữ liệu giá đất';
COMMENT ON SCHEMA hs IS 'Hồ sơ giao dịch đất đai';
COMMENT ON SCHEMA lg IS 'Nhật ký thay đổi, đợt nạp dữ liệu, ngày pháp lý';
COMMENT ON SCHEMA acl IS 'Đơn vị, tài khoản, thỏa thuận và hồ sơ quyền';


-- Roles are cluster-wide, so their names carry the name of the database.

DO $$
DECLARE
    vai_tro text;
BEGIN
    FOREACH vai_tro IN ARRAY ARRAY['loader', 'worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_' || vai_tro) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', current_database() || '_' || vai_tro);
        END IF;
    END LOOP;
    FOREACH vai_tro IN ARRAY ARRAY['app', 'identity', 'publisher', 'audit', 'auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_' || vai_tro) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', current_database() || '_' || vai_tro);
        END IF;
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH vai_tro IN ARRAY ARRAY['app', 'identity', 'publisher', 'audit', 'auditor'] LOOP
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), current_database() || '_' || vai_tro);
    END LOOP;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), current_database() || '_loader');
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;


-- VN-2000 / TM-3 zones that PostGIS before 3.5 lacks. PROJ resolves each by authority and code; the PROJ string is
-- for readers that look at the text. Rotations carry the position-vector sign of QĐ 05/2007/QĐ-BTNMT (EPSG:6960).

INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)
SELECT zone.srid, 'EPSG', zone.srid, '',
       format('+proj=tmerc +lat_0=0 +lon_0=%s +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 '
              '+towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278 '
              '+units=m +no_defs', zone.meridian)
FROM (VALUES (9205, '103'), (9206, '104'), (9207, '104.5'), (9208, '104.75'), (9209, '105.5'), (9210, '105.75'),
             (9211, '106'), (9212, '106.25'), (9213, '106.5'), (9214, '107'), (9215, '107.25'), (9216, '107.5'),
             (9217, '108.25'), (9218, '108.5')) AS zone (srid, meridian)
ON CONFLICT (srid) DO NOTHING;

-- Not STRICT, here and below: only then does PostgreSQL put the body in place of the call (seven times as fast).

CREATE FUNCTION hc.la_vn2000(srid int) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN srid = 4756 OR srid BETWEEN 3405 AND 3406 OR srid BETWEEN 5896 AND 5899 OR srid BETWEEN 9205 AND 9218;

COMMENT ON FUNCTION hc.la_vn2000 IS 'True for an EPSG code on the VN-2000 datum that a survey here may use.';

-- PROJ knows two operations between VN-2000 and WGS 84 for some zones and changes from one to the other in the middle
-- of a province (0.80 m). Only the official one, EPSG:6960, applies to EPSG:9212: every change of datum passes there,
-- and the step between two VN-2000 systems has no datum in it.

CREATE FUNCTION hc.doi_toa_do(hinh geometry, den int) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN ST_SRID(hinh) = den THEN hinh
    WHEN hc.la_vn2000(ST_SRID(hinh)) = hc.la_vn2000(den) THEN ST_Transform(hinh, den)
    ELSE ST_Transform(ST_Transform(hinh, 9212), den)
END;

COMMENT ON FUNCTION hc.doi_toa_do IS
    'The one coordinate operation of the service; between VN-2000 and WGS 84 always EPSG:6960 (QĐ 05/2007/QĐ-BTNMT).';


-- A box so small that it is found by its index wherever it lies: a statement that names it may keep its plan.

CREATE FUNCTION hc.o_nho(tay float8, nam float8, dong float8, bac float8) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ST_MakeEnvelope(tay, nam, dong, bac, 4326);


-- A geometry of a request. Repairing one costs cubic time that nothing can interrupt; telling that it is broken does not.

CREATE FUNCTION hc.hinh_yeu_cau(hinh geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT ST_IsValid(hinh) THEN
        RAISE EXCEPTION 'not a valid geometry' USING ERRCODE = 'DD001';
    END IF;
    RETURN hinh;
END $$;

COMMENT ON FUNCTION hc.hinh_yeu_cau IS 'The geometry itself; an invalid one is SQLSTATE DD001.';


-- Text as Vietnamese readers compare it.

CREATE FUNCTION dm.bo_dau(chu text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN translate(
    normalize(regexp_replace(normalize(chu, NFD), '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]', '', 'g'), NFC),
    'ĐđÐðØøŁłĦħŦŧıŒœÆæßÞþ', 'DdDdOoLlHhTtiOoAasTt');

COMMENT ON FUNCTION dm.bo_dau IS 'Text without diacritics, case kept: Đường -> Duong. What ACCENTI compares.';

CREATE FUNCTION dm.chu_thuong(chu text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN lower(upper(normalize(chu, NFC) COLLATE "und-x-icu"));

COMMENT ON FUNCTION dm.chu_thuong IS 'Text in lower case: ĐƯỜNG -> đường, and Straße like STRASSE. What CASEI compares.';

CREATE FUNCTION dm.de_tim(chu text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN regexp_replace(btrim(dm.chu_thuong(dm.bo_dau(chu))), '\s+', ' ', 'g') COLLATE "C";

COMMENT ON FUNCTION dm.de_tim IS 'Text as the parameter q compares it: no diacritics, lower case, single spaces.';


-- The legal day: validity of units, codes, agreements and prices follows it. One row that only the DBA writes.

CREATE TABLE lg.ngay_phap_ly (
    mot_dong boolean PRIMARY KEY DEFAULT true CHECK (mot_dong),
    ngay date
);
INSERT INTO lg.ngay_phap_ly DEFAULT VALUES;
COMMENT ON COLUMN lg.ngay_phap_ly.ngay IS 'Fixed legal day; NULL follows the calendar of Asia/Ho_Chi_Minh.';

CREATE FUNCTION lg.hom_nay() RETURNS date
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN -- every request asks for it: plpgsql keeps the plan
    RETURN (SELECT coalesce(ngay, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) FROM lg.ngay_phap_ly);
END $$;

COMMENT ON FUNCTION lg.hom_nay IS 'The legal day.';
