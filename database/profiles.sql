-- name: publish_profile
-- Make the roles of a profile, unless they stand already.
SELECT acl.publish_profile(%(hash)s, %(body)s, %(parts)s);

-- name: put_in_force
-- Say which profile is a subject's from which day on.
SELECT acl.put_in_force(%(subject)s, %(segments)s);

-- name: drop_unused
-- Drop the roles that nobody has needed for a day.
SELECT acl.drop_unused();

-- name: profile_hash
-- Return which profile a principal has now.
SELECT profile_hash FROM acl.caller_of(%s::text, %s::text);

-- name: profile_body
-- Return a compiled profile.
SELECT acl.profile_body(%s::text)::text;
