-- name: published
-- Return the rows of the catalogue, all or (units given) those of these administrative units and of layers.
SELECT b.id, b.khoa, b.dau_van, b.title, b.thanh_phan
FROM mt.ban_ghi b
WHERE %(units)s::int[] IS NULL OR b.xa_id = ANY (%(units)s::int[]) OR b.xa_id = 0;

-- name: insert
-- Add rows to the catalogue; a record that was there before keeps the instant at which it was first.
INSERT INTO mt.ban_ghi (id, khoa, xa_id, type, title, description, keywords, thanh_phan, lop, ma_don_vi, ten_don_vi, ky,
                        external_ids, license, time_begin, time_end, created, updated, ban_ghi, dau_van, tim, geom)
SELECT r.id, r.khoa, r.xa_id, r.type, r.title, r.description, r.keywords, r.thanh_phan, r.lop, r.ma_don_vi, r.ten_don_vi,
       r.ky, r.external_ids, r.license, r.time_begin, r.time_end,
       coalesce((SELECT min(s.tu) FROM cb.doi_song s WHERE s.id = r.id AND s.khoa = r.khoa), %(stamp)s), %(stamp)s,
       r.ban_ghi, r.dau_van,
       dm.de_tim(concat_ws(' ', r.title, r.description, array_to_string(r.keywords, ' '))),
       ST_Multi(ST_MakeEnvelope(r.tay, r.nam, r.dong, r.bac, 4326))
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (id uuid, khoa text, xa_id int, type text, title text, description text, keywords text[], thanh_phan text, lop text,
          ma_don_vi text, ten_don_vi text, ky text, external_ids text[], license text, time_begin date, time_end date,
          ban_ghi text, dau_van text, tay float8, nam float8, dong float8, bac float8);

-- name: update
-- Write rows of the catalogue anew.
UPDATE mt.ban_ghi b SET xa_id = r.xa_id, type = r.type, title = r.title, description = r.description, keywords = r.keywords,
       thanh_phan = r.thanh_phan, lop = r.lop, ma_don_vi = r.ma_don_vi, ten_don_vi = r.ten_don_vi, ky = r.ky,
       external_ids = r.external_ids, license = r.license, time_begin = r.time_begin, time_end = r.time_end,
       updated = %(stamp)s, ban_ghi = r.ban_ghi, dau_van = r.dau_van,
       tim = dm.de_tim(concat_ws(' ', r.title, r.description, array_to_string(r.keywords, ' '))),
       geom = ST_Multi(ST_MakeEnvelope(r.tay, r.nam, r.dong, r.bac, 4326))
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (id uuid, khoa text, xa_id int, type text, title text, description text, keywords text[], thanh_phan text, lop text,
          ma_don_vi text, ten_don_vi text, ky text, external_ids text[], license text, time_begin date, time_end date,
          ban_ghi text, dau_van text, tay float8, nam float8, dong float8, bac float8)
WHERE b.id = r.id AND b.khoa = r.khoa;

-- name: delete
-- Take rows out of the catalogue.
DELETE FROM mt.ban_ghi b USING unnest(%(ids)s::uuid[], %(keys)s::text[]) AS r (id, khoa)
WHERE b.id = r.id AND b.khoa = r.khoa;

-- name: begin_lives
-- Note that rows came into the catalogue. What late publications gave and took has this instant already.
INSERT INTO cb.doi_song (id, khoa, thanh_phan, tu)
SELECT r.id, r.khoa, r.thanh_phan, %(stamp)s
FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(components)s::text[]) AS r (id, khoa, thanh_phan)
ON CONFLICT (id, khoa, tu) DO UPDATE SET thanh_phan = excluded.thanh_phan, den = NULL, thay_boi = NULL;

-- name: end_lives
-- Note that rows go out of the catalogue, and which records take their places: the same of the unit that succeeds.
UPDATE cb.doi_song s SET den = %(stamp)s,
    thay_boi = (SELECT n.id FROM mt.ban_ghi o
                JOIN mt.ban_ghi n ON n.xa_id = cb.noi_tiep(o.xa_id) AND n.thanh_phan = o.thanh_phan
                                     AND n.ky IS NOT DISTINCT FROM o.ky AND n.lop IS NULL
                WHERE o.id = r.id AND o.khoa = r.khoa AND o.xa_id <> 0 LIMIT 1)
FROM unnest(%(ids)s::uuid[], %(keys)s::text[]) AS r (id, khoa)
WHERE s.id = r.id AND s.khoa = r.khoa AND s.den IS NULL;

-- name: forget_lacking
-- Forget which of these records lacked what.
DELETE FROM cb.thieu_sot t WHERE %(ids)s::uuid[] IS NULL OR t.id = ANY (%(ids)s::uuid[]);

-- name: note_lacking
-- Note what records lack.
INSERT INTO cb.thieu_sot (id, title, thieu)
SELECT r.id, r.title, r.thieu
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (id uuid, title text, thieu text[]);

-- name: held
-- Return the removals that wait or waited last.
SELECT g.dau_van, g.so_go, g.tong, g.ban_ghi, g.tu, g.xac_nhan_luc IS NOT NULL, g.lam_luc FROM cb.giu_lai g;

-- name: units_of
-- Return the administrative units of records.
SELECT DISTINCT b.xa_id FROM mt.ban_ghi b WHERE b.id = ANY (%(ids)s);

-- name: computed
-- Return how many records are computed of data, and how many were taken away in the last day without an officer.
SELECT (SELECT count(DISTINCT b.id) FROM mt.ban_ghi b WHERE NOT starts_with(b.khoa, 'khung:')),
       (SELECT count(DISTINCT s.id) FROM cb.doi_song s
        WHERE NOT starts_with(s.khoa, 'khung:')
          AND s.den > greatest(%(now)s::timestamptz - interval '1 day', (SELECT g.lam_luc FROM cb.giu_lai g))
          AND NOT EXISTS (SELECT FROM cb.doi_song o WHERE o.id = s.id AND o.den IS NULL AND NOT starts_with(o.khoa, 'khung:')));

-- name: hold
-- Hold removals back until an officer says that they may happen.
INSERT INTO cb.giu_lai (dau_van, tu, so_go, tong, ban_ghi)
VALUES (%(digest)s, clock_timestamp(), %(removed)s, %(all)s, %(records)s::jsonb)
ON CONFLICT (mot_dong) DO UPDATE SET dau_van = excluded.dau_van, tu = excluded.tu, so_go = excluded.so_go,
    tong = excluded.tong, ban_ghi = excluded.ban_ghi, xac_nhan_boi = NULL, xac_nhan_luc = NULL, ly_do = NULL, lam_luc = NULL;

-- name: let_go
-- Hold nothing back any more.
DELETE FROM cb.giu_lai WHERE lam_luc IS NULL;

-- name: carried_out
-- Note that what an officer confirmed was done.
UPDATE cb.giu_lai SET lam_luc = %(stamp)s WHERE dau_van = %(digest)s;

-- name: confirm
-- Let the removals of this digest happen that wait.
UPDATE cb.giu_lai SET xac_nhan_boi = %(account)s, xac_nhan_luc = clock_timestamp(), ly_do = normalize(%(reason)s)
WHERE dau_van = %(digest)s AND lam_luc IS NULL AND xac_nhan_boi IS NULL;
