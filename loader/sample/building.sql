-- name: built_as
-- Return what the sample province was built from.
SELECT tep
FROM lg.dot_nap
WHERE lop = %(name)s;

-- name: holds_units
-- Say whether there is any administrative unit.
SELECT EXISTS (SELECT FROM hc.don_vi);

-- name: parcels_in_force
-- Count the parcels in force.
SELECT count(*)
FROM dc.thua_dat
WHERE hieu_luc_den IS NULL;

-- name: set_legal_day
-- Let the legal day stand at a date.
UPDATE lg.ngay_phap_ly
SET ngay = %(day)s;

-- name: free_unit_ids
-- Let units that are added later have ids above those of the sample.
SELECT setval(pg_get_serial_sequence('hc.don_vi', 'id'), 1000);

-- name: mark
-- Record that the sample province is whole: the last statement of its transaction.
INSERT INTO lg.dot_nap (lop, tep, sha256, bat_dau, so_doc, so_nhan, so_tu_choi)
VALUES (%(name)s, %(made_from)s, %(sha256)s, transaction_timestamp(), %(rows)s, %(rows)s, 0);

-- name: fold_log
-- Fold the change log into the counts.
SELECT lg.don_dem();
