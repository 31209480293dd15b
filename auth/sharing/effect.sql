-- name: publish_profile
-- Publish a profile.
SELECT acl.publish_profile(%(hash)s, %(body)s, %(parts)s);

-- name: preview
-- Let this session take on the role of a part of a profile until it is rolled back.
SELECT acl.xem_thu(%(hash)s, %(part)s);

-- name: names
-- Return the accounts of a unit by their ids.
SELECT id, code
FROM acl.account
WHERE unit_id = %(unit)s
