-- name: begin
-- Keep a new TOTP secret until its owner confirms it; an earlier one that was not confirmed is forgotten.
INSERT INTO acl.totp_begun (account_id, sealed, begun_at)
VALUES (%(account)s, %(sealed)s, %(now)s)
ON CONFLICT (account_id) DO UPDATE
SET sealed = excluded.sealed, begun_at = excluded.begun_at;

-- name: begun
-- Return the sealed secret that waits to be confirmed; who comes second waits.
SELECT sealed
FROM acl.totp_begun
WHERE account_id = %(account)s AND begun_at > %(since)s
FOR UPDATE;

-- name: confirm
-- Put the confirmed secret in place of the one before.
INSERT INTO acl.totp (account_id, sealed, confirmed_at, last_step)
SELECT account_id, sealed, %(now)s, %(step)s
FROM acl.totp_begun
WHERE account_id = %(account)s
ON CONFLICT (account_id) DO UPDATE
SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step;

-- name: drop_begun
-- Forget the secret that waits to be confirmed.
DELETE FROM acl.totp_begun
WHERE account_id = %(account)s;

-- name: secret
-- Return the sealed secret of an account.
SELECT sealed
FROM acl.totp
WHERE account_id = %(account)s;

-- name: use_step
-- Use up a time step, which is newer than every one used before.
UPDATE acl.totp
SET last_step = %(step)s
WHERE account_id = %(account)s AND last_step < %(step)s
RETURNING account_id;

-- name: drop_recovery_codes
-- Forget the recovery codes of an account.
DELETE FROM acl.recovery_code
WHERE account_id = %(account)s;

-- name: put_recovery_code
-- Keep the hash of a recovery code.
INSERT INTO acl.recovery_code (account_id, hash)
VALUES (%(account)s, %(hash)s);

-- name: use_recovery_code
-- Use up a recovery code.
UPDATE acl.recovery_code
SET used_at = %(now)s
WHERE account_id = %(account)s AND hash = %(hash)s AND used_at IS NULL
RETURNING account_id;

-- name: recovery_codes_left
-- Count the recovery codes that are left.
SELECT count(*)
FROM acl.recovery_code
WHERE account_id = %(account)s AND used_at IS NULL;

-- name: drop_secret
-- Forget the secret of an account, and its recovery codes.
DELETE FROM acl.totp
WHERE account_id = %(account)s
RETURNING account_id;
