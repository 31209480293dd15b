-- name: publish_profile
-- Publish a profile.
SELECT acl.publish_profile(%(hash)s, %(body)s, %(parts)s);

-- name: preview
-- Let this session take on the role of a part of a profile until it is rolled back.
SELECT acl.xem_thu(%(hash)s, %(part)s);

-- name: published
-- Return the published versions of the agreements of a unit, or of the publications to everybody.
SELECT a.code, a.kind, v.valid_from, v.valid_until, v.body
FROM acl.agreement a
JOIN acl.agreement_version v ON v.agreement_id = a.id
WHERE v.state = 'published'
      AND CASE WHEN %(recipient)s::int IS NULL THEN a.kind = 'cong_khai' ELSE a.recipient_id = %(recipient)s::int END
ORDER BY a.code, v.number;

-- name: held
-- Return the functions that the accounts of a unit hold on a day.
SELECT c.code, f.code, f.name, f.narrows, f.valid_from, f.valid_until
FROM acl.account c
JOIN acl.account_function h ON h.account_id = c.id
JOIN acl.function f ON f.id = h.function_id
WHERE c.unit_id = %(unit)s AND c.state <> 'revoked' AND (c.ends_on IS NULL OR c.ends_on > %(day)s::date)
      AND daterange(h.valid_from, h.valid_until) @> %(day)s::date
      AND daterange(f.valid_from, f.valid_until) @> %(day)s::date
ORDER BY c.code, f.code
