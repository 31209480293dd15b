-- name: agreement
-- Return an agreement by its code.
SELECT a.id, a.code, a.kind, a.recipient_id, u.code, a.title, p.code, r.code, u.kind
FROM acl.agreement a
LEFT JOIN acl.unit u ON u.id = a.recipient_id
LEFT JOIN acl.agreement p ON p.id = a.package_id
LEFT JOIN acl.request r ON r.id = a.request_id
WHERE a.code = %(code)s;

-- name: listed
-- Return one page of packages, or of agreements: all, or those that concern a unit; packages also when they may be joined.
SELECT a.id, a.code, a.kind, a.recipient_id, u.code, a.title, p.code, r.code, u.kind
FROM acl.agreement a
LEFT JOIN acl.unit u ON u.id = a.recipient_id
LEFT JOIN acl.agreement p ON p.id = a.package_id
LEFT JOIN acl.request r ON r.id = a.request_id
WHERE a.code > %(after)s AND (a.kind = 'goi') = %(package)s
      AND (%(unit)s::int IS NULL OR acl.lien_quan(a.id, %(unit)s::int)
           OR a.kind = 'goi'
              AND (EXISTS (SELECT FROM acl.agreement_version v WHERE v.agreement_id = a.id AND v.state = 'published')
                   OR EXISTS (SELECT FROM acl.agreement j
                              WHERE j.package_id = a.id AND j.recipient_id = %(unit)s::int)))
ORDER BY a.code
LIMIT %(limit)s;

-- name: concerns
-- Tell whether an agreement is the business of a unit.
SELECT acl.lien_quan(%(agreement)s, %(unit)s);

-- name: versions
-- Return the versions of an agreement, the newest first.
SELECT v.number, v.state, v.valid_from, v.valid_until, v.body, v.body_hash, v.maker, m.code, v.made_at, c.code,
       v.published_at, v.reason
FROM acl.agreement_version v
LEFT JOIN acl.account m ON m.id = v.maker
LEFT JOIN acl.account c ON c.id = v.checker
WHERE v.agreement_id = %(agreement)s
ORDER BY v.number DESC;

-- name: lock_in_work
-- Lock the version of an agreement that is in work.
SELECT number
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND state IN ('draft', 'proposed', 'accepted')
FOR NO KEY UPDATE;

-- name: parties
-- Return who has to accept the present body of a version, and who has.
SELECT t.unit_id, u.code, t.role, c.code, x.at
FROM acl.agreement_version v
JOIN acl.agreement_party t ON t.agreement_id = v.agreement_id AND t.number = v.number AND t.round = v.round
JOIN acl.unit u ON u.id = t.unit_id
LEFT JOIN acl.acceptance x ON x.agreement_id = t.agreement_id AND x.number = t.number AND x.round = t.round
                              AND x.unit_id = t.unit_id
LEFT JOIN acl.account c ON c.id = x.account_id
WHERE v.agreement_id = %(agreement)s AND v.number = %(number)s
ORDER BY t.role DESC, u.code;

-- name: move
-- Bring a version into another state.
UPDATE acl.agreement_version
SET state = %(state)s, reason = %(reason)s, ended_by = %(ended_by)s::int,
    ended_at = CASE WHEN %(ended_by)s::int IS NULL THEN NULL ELSE clock_timestamp() END
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: request
-- Return id, unit and state of a special request.
SELECT id, unit_id, state
FROM acl.request
WHERE code = %(code)s
