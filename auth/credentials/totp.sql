-- name: put_secret
-- Keep a new TOTP secret in place of one that was not confirmed.
INSERT INTO acl.totp (account_id, sealed)
VALUES (%(account)s, %(sealed)s)
ON CONFLICT (account_id) DO UPDATE
SET sealed = excluded.sealed, last_step = 0
WHERE totp.confirmed_at IS NULL
RETURNING account_id;

-- name: secret
-- Return the sealed secret of an account, and whether it is confirmed.
SELECT sealed, confirmed_at IS NOT NULL
FROM acl.totp
WHERE account_id = %(account)s;

-- name: use_step
-- Use up a time step, which is newer than every one used before.
UPDATE acl.totp
SET last_step = %(step)s
WHERE account_id = %(account)s AND last_step < %(step)s
RETURNING account_id;

-- name: confirm
-- Note that the owner has the secret.
UPDATE acl.totp
SET confirmed_at = %(now)s
WHERE account_id = %(account)s AND confirmed_at IS NULL
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
