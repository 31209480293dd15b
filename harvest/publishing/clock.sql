-- name: one_transaction
-- See one state of the database in the whole transaction.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;

-- name: alone
-- Tell whether nobody else publishes now.
SELECT pg_try_advisory_xact_lock(%(key)s);

-- name: clock
-- Return the clock, held until the end, with the watermark, the cluster, the legal day and whether the sample is loaded.
SELECT d.cong_bo, d.giao_dich::text, d.he_thong, d.dau_van, d.dot_nap, d.kip,
       pg_snapshot_xmin(pg_current_snapshot())::text, k.he_thong, lg.hom_nay(), lg.la_tinh_mau()
FROM cb.dong_ho d, lg.ky_nguyen k
FOR UPDATE OF d;

-- name: now
-- Return the time of the database, not that at which the transaction began.
SELECT clock_timestamp();

-- name: move
-- Write the clock.
UPDATE cb.dong_ho SET cong_bo = coalesce(%(stamp)s, cong_bo), nhip = clock_timestamp(), giao_dich = %(until)s::xid8,
       he_thong = %(cluster)s, dau_van = %(digest)s, dot_nap = %(loads)s, kip = kip AND %(stamp)s::timestamptz IS NULL;

-- name: in_time
-- Mark the newest publication as committed before its instant.
UPDATE cb.dong_ho SET kip = true WHERE cong_bo = %(stamp)s AND clock_timestamp() < cong_bo;

-- name: restamp_records
-- Give the records of one instant another.
UPDATE mt.ban_ghi SET updated = %(new)s, created = CASE WHEN created = %(old)s THEN %(new)s ELSE created END
WHERE updated = %(old)s;

-- name: restamp_lives
-- Give the lives that began or ended at an instant another.
UPDATE cb.doi_song SET tu = CASE WHEN tu = %(old)s THEN %(new)s ELSE tu END,
                       den = CASE WHEN den = %(old)s THEN %(new)s ELSE den END
WHERE tu = %(old)s OR den = %(old)s;

-- name: restamp_keys
-- Give the keys that were given or taken at an instant another.
UPDATE cb.khoa_cua SET tu = CASE WHEN tu = %(old)s THEN %(new)s ELSE tu END,
                       den = CASE WHEN den = %(old)s THEN %(new)s ELSE den END
WHERE tu = %(old)s OR den = %(old)s;

-- name: restamp_held
-- Give removals that were carried out at an instant another.
UPDATE cb.giu_lai SET lam_luc = %(new)s WHERE lam_luc = %(old)s;

-- name: unread
-- Tell whether the change log holds what is not worked off yet.
SELECT EXISTS (SELECT FROM lg.thay_doi t, cb.dong_ho d WHERE t.bang = ANY (%(tables)s) AND t.giao_dich >= d.giao_dich);
