-- name: unit
-- Return the unit of a code that is one today.
SELECT id
  FROM acl.unit
 WHERE code = %(code)s
   AND (valid_until IS NULL OR valid_until > lg.hom_nay())

-- name: machine_account
-- Return a machine account of a unit that may act.
SELECT id
  FROM acl.account
 WHERE code = %(code)s
   AND unit_id = %(unit_id)s
   AND kind = 'machine'
   AND state = 'active'
   AND (ends_on IS NULL OR ends_on > lg.hom_nay())

-- name: count_of_unit
-- Count the living clients of a unit.
SELECT count(*)
  FROM oauth.client
 WHERE unit_id = %(unit_id)s
   AND revoked_at IS NULL

-- name: insert_client
-- Register a client; nothing is written when its id or its name is taken.
INSERT INTO oauth.client (id, unit_id, name, account_id, made_by, proof_by, made_at, auth_method, secret_hash, jwks,
                          redirect_uris, grant_types, scopes, origins, networks, for_everybody, may_introspect)
VALUES (%(id)s, %(unit_id)s, %(name)s, %(account_id)s, %(made_by)s, %(made_by)s, %(now)s, %(auth_method)s,
        %(secret_hash)s, %(jwks)s, %(redirect_uris)s, %(grant_types)s, %(scopes)s, %(origins)s, %(networks)s::cidr[],
        %(for_everybody)s, %(may_introspect)s)
ON CONFLICT DO NOTHING

-- name: folded
-- Return a name without what eyes pass over.
SELECT oauth.ten_gon(%(name)s)

-- name: alike
-- Find another client, not revoked, whose name looks the same to somebody who may sign in to both.
SELECT 1
  FROM oauth.client
 WHERE folded = oauth.ten_gon(%(name)s)
   AND id <> %(id)s
   AND revoked_at IS NULL
   AND (unit_id = %(unit_id)s OR for_everybody OR %(for_everybody)s)

-- name: is_dba
-- Tell whether this connection is of the login that owns the database.
SELECT acl.la_dba()

-- name: update_client
-- Change a client.
UPDATE oauth.client
   SET name = %(name)s, jwks = %(jwks)s, redirect_uris = %(redirect_uris)s, grant_types = %(grant_types)s,
       scopes = %(scopes)s, origins = %(origins)s, networks = %(networks)s::cidr[],
       proof_by = CASE WHEN %(gave_keys)s THEN %(actor)s ELSE proof_by END,
       addresses_by = CASE WHEN %(gave_addresses)s THEN array_remove(addresses_by, %(actor)s::int) || %(actor)s::int
                           ELSE addresses_by END,
       for_everybody = %(for_everybody)s, may_introspect = %(may_introspect)s
 WHERE id = %(id)s

-- name: update_secret
-- Give a client another secret.
UPDATE oauth.client
   SET secret_hash = %(secret_hash)s, proof_by = %(actor)s
 WHERE id = %(id)s

-- name: client
-- Return one client.
SELECT client.id, client.name, client.unit_id, unit.code AS unit, account.code AS account, maker.code AS made_by,
       client.made_at, client.revoked_at, client.auth_method, client.jwks, client.redirect_uris, client.grant_types,
       client.scopes, client.origins, client.networks, client.for_everybody, client.may_introspect
  FROM oauth.client
  JOIN acl.unit ON unit.id = client.unit_id
  LEFT JOIN acl.account ON account.id = client.account_id
  LEFT JOIN acl.account AS maker ON maker.id = client.made_by
 WHERE client.id = %(id)s

-- name: clients
-- List clients behind an id, of one unit or of all.
SELECT client.id, client.name, client.unit_id, unit.code AS unit, account.code AS account, maker.code AS made_by,
       client.made_at, client.revoked_at, client.auth_method, client.jwks, client.redirect_uris, client.grant_types,
       client.scopes, client.origins, client.networks, client.for_everybody, client.may_introspect
  FROM oauth.client
  JOIN acl.unit ON unit.id = client.unit_id
  LEFT JOIN acl.account ON account.id = client.account_id
  LEFT JOIN acl.account AS maker ON maker.id = client.made_by
 WHERE client.id > %(after)s
   AND (%(unit_id)s::int IS NULL OR client.unit_id = %(unit_id)s)
 ORDER BY client.id
 LIMIT %(limit)s

-- name: revoke_clients
-- Revoke clients.
UPDATE oauth.client
   SET revoked_at = %(now)s
 WHERE id = ANY (%(ids)s)
   AND revoked_at IS NULL

-- name: end_families_of_clients
-- End every consent that was given to clients.
UPDATE oauth.family
   SET ended_at = %(now)s
 WHERE client_id = ANY (%(ids)s)
   AND ended_at IS NULL

-- name: revoke_tokens_of_clients
-- Revoke every token that was given to clients.
UPDATE oauth.token
   SET revoked_at = %(now)s
 WHERE client_id = ANY (%(ids)s)
   AND revoked_at IS NULL

-- name: revoke_tokens_of_client
-- Revoke every token that was given to a client, now.
UPDATE oauth.token
   SET revoked_at = clock_timestamp()
 WHERE client_id = %(id)s
   AND revoked_at IS NULL
