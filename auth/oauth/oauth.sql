-- name: living_client
-- Return a client that is not revoked, of a unit that still is.
SELECT client.id, client.name, client.unit_id, unit.name AS unit, client.account_id, client.auth_method,
       client.secret_hash, client.jwks, client.redirect_uris, client.grant_types, client.scopes, client.origins,
       client.networks, client.for_everybody, client.may_introspect, coalesce(registrar.name, '') AS registered_by
  FROM oauth.client
  JOIN acl.unit ON unit.id = client.unit_id
  LEFT JOIN acl.account maker ON maker.id = client.made_by
  LEFT JOIN acl.unit registrar ON registrar.id = maker.unit_id
 WHERE client.id = %(id)s
   AND client.revoked_at IS NULL
   AND (unit.valid_until IS NULL OR unit.valid_until > lg.hom_nay())

-- name: hold_client
-- Keep a client from being revoked until the commit; nothing comes back when it is.
SELECT 1
  FROM oauth.client
 WHERE id = %(id)s
   AND revoked_at IS NULL
   FOR SHARE

-- name: is_known_origin
-- Tell whether a living client was registered with an origin.
SELECT EXISTS (SELECT 1
                 FROM oauth.client
                WHERE revoked_at IS NULL
                  AND origins @> ARRAY[%(origin)s] COLLATE "C")

-- name: acting_account
-- Return an account that may act now.
SELECT id, code, unit_id, unit
  FROM oauth.acting(%(now)s)
 WHERE id = %(account_id)s

-- name: agreements_of_unit
-- List the agreements in force of a unit: a version of today, published and neither over nor revoked.
SELECT agreement.code, version.number
  FROM acl.agreement
  JOIN acl.agreement_version AS version ON version.agreement_id = agreement.id
 WHERE agreement.recipient_id = %(unit_id)s
   AND version.state = 'published'
   AND version.valid_from <= lg.hom_nay()
   AND (version.valid_until IS NULL OR version.valid_until > lg.hom_nay())
 ORDER BY agreement.code

-- name: begin_family
-- Keep a consent.
INSERT INTO oauth.family (id, account_id, client_id, begun_at, ends_at, proved_at)
VALUES (%(family)s, %(account_id)s, %(client_id)s, %(now)s, %(ends_at)s, %(proved_at)s)

-- name: hold_family
-- Return the end of a living family, and keep it alive until the commit.
SELECT ends_at
  FROM oauth.family
 WHERE id = %(family)s
   AND ended_at IS NULL
   AND ends_at > %(now)s
   FOR SHARE

-- name: insert_code
-- Keep an authorization code.
INSERT INTO oauth.code (hash, client_id, account_id, family, redirect_uri, scopes, challenge, issued_at, expires_at)
VALUES (%(hash)s, %(client_id)s, %(account_id)s, %(family)s, %(redirect_uri)s, %(scopes)s, %(challenge)s, %(now)s,
        %(expires_at)s)

-- name: redeem_code
-- Use up a code of a client; of many at once one succeeds.
UPDATE oauth.code
   SET used_at = %(now)s
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s
   AND used_at IS NULL
   AND expires_at > %(now)s
RETURNING client_id, account_id, family, redirect_uri, scopes, challenge AS code_challenge

-- name: family_of_used_code
-- Return the family of a code that was used before.
SELECT family
  FROM oauth.code
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s
   AND used_at IS NOT NULL

-- name: insert_refresh
-- Keep a refresh token.
INSERT INTO oauth.refresh (hash, client_id, account_id, family, scopes, issued_at, expires_at)
VALUES (%(hash)s, %(client_id)s, %(account_id)s, %(family)s, %(scopes)s, %(now)s, %(expires_at)s)

-- name: use_refresh
-- Use up a refresh token of a client for scopes within its own; of many at once one succeeds.
UPDATE oauth.refresh
   SET used_at = %(now)s
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s
   AND used_at IS NULL
   AND expires_at > %(now)s
   AND scopes @> %(scopes)s::text[]
RETURNING account_id, family, scopes

-- name: refresh_as_it_is
-- Return the family of a refresh token, whether it was used, and whether it is too old.
SELECT family, used_at IS NOT NULL, expires_at <= %(now)s
  FROM oauth.refresh
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s

-- name: family_of_token
-- Return the family of an access or refresh token of a client.
SELECT family
  FROM oauth.token
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s
UNION ALL
SELECT family
  FROM oauth.refresh
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s

-- name: insert_assertion
-- Note that an assertion was used; nothing is written when it was used before.
INSERT INTO oauth.assertion (client_id, jti_hash, expires_at)
VALUES (%(client_id)s, %(jti_hash)s, %(expires_at)s)
ON CONFLICT DO NOTHING

-- name: insert_device
-- Keep a device code.
INSERT INTO oauth.device (hash, user_code_hash, client_id, scopes, issued_at, expires_at, interval_s)
VALUES (%(hash)s, %(user_code_hash)s, %(client_id)s, %(scopes)s, %(now)s, %(expires_at)s, %(interval_s)s)

-- name: poll_device
-- Return a device code of which a client asks, and hold it until the commit.
SELECT hash, client_id, scopes, interval_s, expires_at <= %(now)s AS expired,
       coalesce(polled_at + make_interval(secs => interval_s) > %(now)s, false) AS too_soon,
       account_id, allowed, family, used_at
  FROM oauth.device
 WHERE hash = %(hash)s
   AND client_id = %(client_id)s
   FOR UPDATE

-- name: note_poll
-- Note when a client asked; one that asks too often waits longer from now on.
UPDATE oauth.device
   SET polled_at = %(now)s, interval_s = interval_s + CASE WHEN %(too_soon)s THEN 5 ELSE 0 END
 WHERE hash = %(hash)s

-- name: use_device
-- Use up a device code.
UPDATE oauth.device
   SET used_at = %(now)s
 WHERE hash = %(hash)s
   AND used_at IS NULL

-- name: undecided_device
-- Return the device that shows a user code, if nobody has decided yet.
SELECT client_id, scopes
  FROM oauth.device
 WHERE user_code_hash = %(user_code_hash)s
   AND allowed IS NULL
   AND expires_at > %(now)s
   FOR UPDATE

-- name: decide_device
-- Write down what a person decided on a device.
UPDATE oauth.device
   SET account_id = %(account_id)s, allowed = %(allowed)s, family = %(family)s
 WHERE user_code_hash = %(user_code_hash)s
   AND allowed IS NULL

-- name: count_request
-- Count a request of this minute; the row of another minute begins anew.
INSERT INTO oauth.rate AS rate (key, begun_at, requests)
VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE
   SET begun_at = CASE WHEN rate.begun_at > %(now)s::timestamptz - %(window)s::interval THEN rate.begun_at ELSE %(now)s END,
       requests = CASE WHEN rate.begun_at > %(now)s::timestamptz - %(window)s::interval THEN rate.requests + 1 ELSE 1 END
RETURNING requests

-- name: forget_rates
-- Forget counts of minutes that are over.
DELETE FROM oauth.rate WHERE begun_at < %(before)s

-- name: forget_assertions
-- Forget assertions that nobody could use any more.
DELETE FROM oauth.assertion WHERE expires_at < %(before)s

-- name: forget_codes
-- Forget codes that expired.
DELETE FROM oauth.code WHERE expires_at < %(before)s

-- name: forget_devices
-- Forget device codes that expired.
DELETE FROM oauth.device WHERE expires_at < %(before)s

-- name: forget_refreshes
-- Forget refresh tokens that expired.
DELETE FROM oauth.refresh WHERE expires_at < %(before)s

-- name: forget_tokens
-- Forget tokens that expired.
DELETE FROM oauth.token WHERE expires_at < %(before)s

-- name: forget_families
-- Forget consents that are over, once nothing of them is left.
DELETE FROM oauth.family
 WHERE ends_at < %(before)s
   AND NOT EXISTS (SELECT 1 FROM oauth.code WHERE code.family = family.id)
   AND NOT EXISTS (SELECT 1 FROM oauth.refresh WHERE refresh.family = family.id)
   AND NOT EXISTS (SELECT 1 FROM oauth.device WHERE device.family = family.id)
