-- name: counter
-- Return the role that counts rows for a preview.
SELECT acl.prefix() || 'thuoc';

-- name: preview
-- Let this session take on the role of a part of a profile, or its twin, until it is rolled back.
SELECT acl.xem_thu(%(hash)s, %(part)s) || %(twin)s;
