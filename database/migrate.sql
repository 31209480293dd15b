-- name: create_table
-- Make the table of applied migrations; everybody may look at it.
CREATE SCHEMA IF NOT EXISTS lg;
CREATE TABLE IF NOT EXISTS lg.di_tru (
    version int PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    checksum text COLLATE "C" NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE lg.di_tru IS 'Migrations applied to this database, with the SHA-256 of each file.';
GRANT SELECT ON lg.di_tru TO PUBLIC;

-- name: exists
-- Say whether the table of applied migrations exists.
SELECT to_regclass('lg.di_tru') IS NOT NULL;

-- name: applied
-- Return what was applied, in order.
SELECT version, checksum
FROM lg.di_tru
ORDER BY version;

-- name: record
-- Record a migration.
INSERT INTO lg.di_tru (version, name, checksum)
VALUES (%(version)s, %(name)s, %(checksum)s);

-- name: can_begin_an_era
-- Say whether the database has a procedure that begins a new era after a restore.
SELECT to_regprocedure('lg.sau_khoi_phuc()') IS NOT NULL;

-- name: is_empty
-- Say whether there is no administrative unit.
SELECT NOT EXISTS (SELECT FROM hc.don_vi);
