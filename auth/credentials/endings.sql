-- name: end_sessions
-- End the sessions of an account, but one.
UPDATE oauth.session
SET ended_at = %(now)s
WHERE account_id = %(id)s AND ended_at IS NULL AND hash <> %(keep)s;

-- name: drop_sign_ins
-- Forget the sign-ins of an account that are under way.
DELETE FROM oauth.sign_in
WHERE account_id = %(id)s;

-- name: end_clients
-- Revoke the clients that an account made, can prove to be or gave an address, and those that act as it.
UPDATE oauth.client
SET revoked_at = %(now)s
WHERE %(id)s = ANY (ARRAY[made_by, proof_by, account_id] || addresses_by) AND revoked_at IS NULL;

-- name: end_families_of_clients
-- End the consents given to the clients that end with an account.
UPDATE oauth.family
SET ended_at = %(now)s
WHERE client_id IN (SELECT id FROM oauth.client WHERE %(id)s = ANY (ARRAY[made_by, proof_by, account_id] || addresses_by))
  AND ended_at IS NULL;

-- name: revoke_tokens_of_clients
-- Revoke the tokens of the clients that end with an account.
UPDATE oauth.token
SET revoked_at = %(now)s
WHERE client_id IN (SELECT id FROM oauth.client WHERE %(id)s = ANY (ARRAY[made_by, proof_by, account_id] || addresses_by))
  AND revoked_at IS NULL;
