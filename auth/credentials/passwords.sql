-- name: newest_hashes
-- Return the newest hashes of an account, the newest first.
SELECT hash
FROM acl.password
WHERE account_id = %(account)s
ORDER BY id DESC
LIMIT %(kept)s;

-- name: insert_password
-- Keep the hash of a new password.
INSERT INTO acl.password (account_id, set_at, hash)
VALUES (%(account)s, %(now)s, %(hash)s);

-- name: forget_old_passwords
-- Forget the hashes of an account behind the newest ones.
DELETE FROM acl.password
WHERE account_id = %(account)s
  AND id NOT IN (SELECT id FROM acl.password WHERE account_id = %(account)s ORDER BY id DESC LIMIT %(kept)s);

-- name: hash_anew
-- Replace the newest hash of an account by one of the same password.
UPDATE acl.password
SET hash = %(hash)s
WHERE id = (SELECT max(id) FROM acl.password WHERE account_id = %(account)s);

-- name: put_activation
-- Keep the hash of an activation code.
INSERT INTO acl.activation (account_id, whole, expires_at)
VALUES (%(account)s, %(hash)s, %(until)s);

-- name: put_half
-- Keep the hash of the approver's half of an activation code.
INSERT INTO acl.activation (account_id, second_half, second_by, proposal_id, expires_at)
VALUES (%(account)s, %(hash)s, %(giver)s, %(proposal)s, %(until)s);

-- name: put_other_half
-- Keep the hash of the proposer's half, once.
UPDATE acl.activation
SET first_half = %(hash)s, first_by = %(giver)s
WHERE proposal_id = %(proposal)s AND first_half IS NULL AND expires_at > %(now)s
RETURNING account_id;

-- name: use_activation
-- Use up an activation code that is good.
DELETE FROM acl.activation
WHERE account_id = %(account)s AND hash = ANY (%(hashes)s) AND expires_at > %(now)s
RETURNING account_id;

-- name: has_activation
-- Return the account if it has an activation code.
SELECT account_id
FROM acl.activation
WHERE account_id = %(account)s;

-- name: drop_password
-- Let the password of an account be used no more.
UPDATE acl.account
SET password_until = NULL
WHERE id = %(account)s;

-- name: drop_activation
-- Forget the activation code of an account.
DELETE FROM acl.activation
WHERE account_id = %(account)s;

-- name: password_set
-- Note that an account has a password of its owner's own.
UPDATE acl.account
SET state = 'active', password_until = %(until)s
WHERE id = %(account)s AND state IN ('must_change', 'active') AND kind <> 'machine'
RETURNING id;

-- name: owner
-- Return what a new password of an account is measured by, and hold the account.
SELECT a.code, a.person, u.code, u.name, a.state, a.password_until
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.id = %(account)s
FOR NO KEY UPDATE OF a;
