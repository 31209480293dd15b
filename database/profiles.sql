-- name: publish_profile
-- Make the roles of a profile, unless they stand already.
SELECT acl.publish_profile(%s::text, %s::jsonb, %s::jsonb);

-- name: put_in_force
-- Say which profile is a subject's from which day on.
SELECT acl.put_in_force(%s::text, %s::jsonb);

-- name: drop_unused
-- Drop the roles of profiles that ended before yesterday.
SELECT acl.drop_unused();

-- name: profile_hash
-- Return which profile a principal has now.
SELECT profile_hash FROM acl.caller_of(%s::text, %s::text);

-- name: profile_body
-- Return a compiled profile.
SELECT acl.profile_body(%s::text)::text;
