-- name: let_expire
-- Close what was begun of a unit and a version of a package more than five days ago, or by who may not act any more.
UPDATE acl.joining
SET state = 'expired'
WHERE package_id = %(package)s AND package_number = %(number)s AND unit_id = %(unit)s AND state = 'begun'
      AND (expires_at <= clock_timestamp()
           OR officer_id IS NOT NULL AND NOT acl.la_can_bo_chia_se(officer_id)
           OR head_id IS NOT NULL AND NOT acl.la_truong_don_vi(head_id, unit_id));

-- name: begin
-- Begin the joining of a unit to a version of a package, unless it is begun.
INSERT INTO acl.joining (package_id, package_number, unit_id)
VALUES (%(package)s, %(number)s, %(unit)s)
ON CONFLICT (package_id, package_number, unit_id) WHERE state = 'begun' DO NOTHING;

-- name: sign
-- Note that one side joins; nothing where it has done so already.
UPDATE acl.joining
SET officer_id = coalesce(officer_id, %(officer)s::int), head_id = coalesce(head_id, %(head)s::int)
WHERE package_id = %(package)s AND package_number = %(number)s AND unit_id = %(unit)s AND state = 'begun'
      AND CASE WHEN %(officer)s::int IS NULL THEN head_id IS NULL ELSE officer_id IS NULL END
RETURNING id, officer_id, head_id, expires_at;

-- name: joined
-- Return the agreement that a unit has of a package.
SELECT code
FROM acl.agreement
WHERE package_id = %(package)s AND recipient_id = %(unit)s;

-- name: complete
-- Note the agreement that a joining has led to.
UPDATE acl.joining
SET agreement_id = %(agreement)s, number = %(number)s
WHERE id = %(entry)s;

-- name: propose_joined
-- Propose the version that a joining has led to.
UPDATE acl.agreement_version
SET state = 'proposed'
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: accept_joined
-- Accept the version that a joining has led to: both sides have signed.
UPDATE acl.agreement_version
SET state = 'accepted'
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: joinings
-- Return the joinings of a package, all or those of one unit.
SELECT p.code, u.code,
       CASE WHEN j.agreement_id IS NOT NULL THEN NULL WHEN j.officer_id IS NULL THEN 'officer' ELSE 'head' END, a.code,
       j.expires_at
FROM acl.joining j
JOIN acl.agreement p ON p.id = j.package_id
JOIN acl.unit u ON u.id = j.unit_id
LEFT JOIN acl.agreement a ON a.id = j.agreement_id
WHERE j.package_id = %(package)s AND (%(unit)s::int IS NULL OR j.unit_id = %(unit)s::int)
      AND (j.state = 'joined' OR j.state = 'begun' AND j.expires_at > clock_timestamp())
ORDER BY j.id
