-- name: one_at_a_time
-- Wait until no other transaction compiles and publishes; what it changed is then seen.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: holders
-- Return accounts with their unit and the functions that they hold from a day on, as JSON in a fixed order.
SELECT a.id, a.unit_id, u.kind,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(h.code, h.name, h.narrows, h.since, h.until) ORDER BY h.code, h.since)
           FROM (
               SELECT f.code, f.name, f.narrows,
                      greatest(f.valid_from, g.valid_from, u.valid_from) AS since,
                      least(f.valid_until, g.valid_until, u.valid_until, a.ends_on) AS until
               FROM acl.account_function g
               JOIN acl.function f ON f.id = g.function_id AND f.unit_id = a.unit_id
               WHERE g.account_id = a.id) h
           WHERE a.state <> 'revoked' AND u.kind <> 'trung_tam_du_lieu'
                 AND (h.until IS NULL OR h.until > greatest(h.since, %(day)s::date))), '[]')::text,
       a.state IN ('active', 'must_change')
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE (%(accounts)s::int[] IS NULL OR a.id = ANY (%(accounts)s::int[]))
      AND (%(unit)s::int IS NULL OR a.unit_id = %(unit)s::int)
ORDER BY a.id;

-- name: agreements
-- Return what is published for some units, and for everybody, and has not ended on a day.
SELECT a.recipient_id, a.code, a.kind, v.valid_from, v.valid_until, v.body
FROM acl.agreement a
JOIN acl.agreement_version v ON v.agreement_id = a.id
WHERE v.state = 'published' AND a.kind <> 'goi' AND (v.valid_until IS NULL OR v.valid_until > %(day)s::date)
      AND (a.recipient_id IS NULL OR a.recipient_id = ANY (%(units)s::int[]))
ORDER BY a.code, v.number;

-- name: in_force
-- Return which profile is whose from a day on, and by which agreements.
SELECT subject, greatest(valid_from, %(day)s::date), valid_until, hash, because
FROM acl.profile_in_force
WHERE (valid_until IS NULL OR valid_until > %(day)s::date)
      AND (%(subjects)s::text[] IS NULL OR subject = ANY (%(subjects)s::text[]))
ORDER BY subject, valid_from;

-- name: bodies
-- Return profiles as they were published, those of them that have roles.
SELECT p.hash, p.body
FROM acl.profile p
WHERE p.hash = ANY (%(hashes)s::text[]) AND EXISTS (SELECT FROM acl.profile_role r WHERE r.hash = p.hash);
