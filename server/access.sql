-- name: caller
-- Return who a principal is, and which profile is in force.
SELECT subject, account_id, account, account_kind, unit_id, unit, client_id, scopes, profile_hash, networks, client_networks, agreements
FROM acl.caller_of(%s::text, %s::text);
