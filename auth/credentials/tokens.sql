-- name: insert_access
-- Keep an access token, which is good where its client is.
INSERT INTO oauth.token (hash, kind, account_id, client_id, scopes, family, issued_at, expires_at, networks)
SELECT %(hash)s, 'access', %(account_id)s, client.id, %(scopes)s, %(family)s, %(now)s, %(expires_at)s, client.networks
  FROM oauth.client
 WHERE client.id = %(client_id)s

-- name: insert_personal
-- Keep a personal token.
INSERT INTO oauth.token (hash, kind, account_id, scopes, family, issued_at, expires_at, purpose, networks)
VALUES (%(hash)s, 'personal', %(account_id)s, %(scopes)s, %(family)s, %(now)s, %(expires_at)s, %(purpose)s,
        %(networks)s::cidr[])

-- name: room_of_account
-- Count the personal tokens of an account that may act.
SELECT (SELECT count(*)
          FROM oauth.token
         WHERE token.account_id = acting.id
           AND token.kind = 'personal'
           AND token.revoked_at IS NULL
           AND token.expires_at > %(now)s)
  FROM oauth.acting(%(now)s)
 WHERE acting.id = %(account_id)s

-- name: personal_of_account
-- List the personal tokens of an account that are good.
SELECT hash, kind, account_id, client_id, scopes, family, issued_at, expires_at, revoked_at, purpose, networks, used_at
  FROM oauth.token
 WHERE account_id = %(account_id)s
   AND kind = 'personal'
   AND revoked_at IS NULL
   AND expires_at > %(now)s
 ORDER BY issued_at DESC, hash

-- name: token_by_hash
-- Return one token, good or not.
SELECT hash, kind, account_id, client_id, scopes, family, issued_at, expires_at, revoked_at, purpose, networks, used_at
  FROM oauth.token
 WHERE hash = %(hash)s

-- name: good_token
-- Return one token that is good, of an account that may act and a client that is not revoked.
SELECT token.hash, token.kind, token.account_id, token.client_id, token.scopes, token.family, token.issued_at,
       token.expires_at, token.revoked_at, token.purpose, token.networks, token.used_at, family.proved_at,
       coalesce(client.networks, '{}') AS client_networks
  FROM oauth.token
  JOIN oauth.acting(%(now)s) ON acting.id = token.account_id
  LEFT JOIN oauth.client ON client.id = token.client_id
  LEFT JOIN oauth.family ON family.id = token.family
 WHERE token.hash = %(hash)s
   AND token.revoked_at IS NULL
   AND token.expires_at > %(now)s
   AND client.revoked_at IS NULL

-- name: acting
-- Return an account that may act.
SELECT code, kind, unit_id, unit
  FROM oauth.acting(%(now)s)
 WHERE id = %(account_id)s

-- name: revoke_personal
-- Revoke one personal token of an account, found by the beginning of its hash.
UPDATE oauth.token
   SET revoked_at = %(now)s
 WHERE account_id = %(account_id)s
   AND kind = 'personal'
   AND starts_with(hash, %(mark)s)
   AND revoked_at IS NULL
   AND expires_at > %(now)s
RETURNING hash, kind, account_id, client_id, scopes, family, issued_at, expires_at, revoked_at, purpose, networks, used_at

-- name: end_family
-- End a family.
UPDATE oauth.family
   SET ended_at = %(now)s
 WHERE id = %(family)s
   AND ended_at IS NULL

-- name: revoke_family
-- Revoke the tokens of a family.
UPDATE oauth.token
   SET revoked_at = %(now)s
 WHERE family = %(family)s
   AND revoked_at IS NULL

-- name: consents_of_account
-- List the consents of an account that are alive, the newest first.
SELECT family.id, client.id AS client_id, client.name AS client, unit.name AS unit, family.begun_at, family.ends_at,
       coalesce((SELECT code.scopes FROM oauth.code WHERE code.family = family.id LIMIT 1),
                (SELECT device.scopes FROM oauth.device WHERE device.family = family.id LIMIT 1), '{}') AS scopes,
       (SELECT max(token.used_at) FROM oauth.token WHERE token.family = family.id) AS used_at
  FROM oauth.family
  JOIN oauth.client ON client.id = family.client_id
  JOIN acl.unit ON unit.id = client.unit_id
 WHERE family.account_id = %(account_id)s
   AND family.ended_at IS NULL
   AND family.ends_at > %(now)s
   AND client.revoked_at IS NULL
 ORDER BY family.begun_at DESC, family.id

-- name: revoke_access_of_account
-- Revoke what came out of the consents of an account; its personal tokens stay.
UPDATE oauth.token
   SET revoked_at = %(now)s
 WHERE account_id = %(account_id)s
   AND kind = 'access'
   AND revoked_at IS NULL
   AND expires_at > %(now)s

-- name: end_families_of_account
-- End every consent that an account gave.
UPDATE oauth.family
   SET ended_at = %(now)s
 WHERE account_id = %(account_id)s
   AND ended_at IS NULL

-- name: revoke_of_account
-- Revoke every token of an account.
UPDATE oauth.token
   SET revoked_at = %(now)s
 WHERE account_id = %(account_id)s
   AND revoked_at IS NULL
   AND expires_at > %(now)s

-- name: note_use
-- Note that a token was used, at most once in five minutes.
UPDATE oauth.token
   SET used_at = %(now)s
 WHERE hash = %(hash)s
   AND (used_at IS NULL OR used_at < %(now)s::timestamptz - interval '5 minutes')
