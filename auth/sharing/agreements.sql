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
      AND (%(unit)s::int IS NULL OR a.recipient_id = %(unit)s::int
           OR EXISTS (SELECT FROM acl.agreement_party t WHERE t.agreement_id = a.id AND t.unit_id = %(unit)s::int)
           OR a.kind = 'goi'
              AND (EXISTS (SELECT FROM acl.agreement_version v WHERE v.agreement_id = a.id AND v.state = 'published')
                   OR EXISTS (SELECT FROM acl.agreement j
                              WHERE j.package_id = a.id AND j.recipient_id = %(unit)s::int)))
ORDER BY a.code
LIMIT %(limit)s;

-- name: concerns
-- Tell whether a unit is the recipient or a party of an agreement.
SELECT EXISTS (SELECT FROM acl.agreement a WHERE a.id = %(agreement)s AND a.recipient_id = %(unit)s)
       OR EXISTS (SELECT FROM acl.agreement_party t WHERE t.agreement_id = %(agreement)s AND t.unit_id = %(unit)s);

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

-- name: write_agreement
-- Write down an agreement.
INSERT INTO acl.agreement (code, kind, recipient_id, title, package_id, request_id)
VALUES (%(code)s, %(kind)s, %(recipient)s, %(title)s, %(package)s, %(request)s);

-- name: write_version
-- Write down the next version of an agreement as a draft.
INSERT INTO acl.agreement_version (agreement_id, number, valid_from, valid_until, body, maker)
SELECT %(agreement)s, coalesce(max(number), 0) + 1, %(since)s::date, %(until)s::date, %(body)s::jsonb, %(maker)s::int
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s
RETURNING number, body_hash;

-- name: redraft
-- Write a version anew, as a draft.
UPDATE acl.agreement_version
SET state = 'draft', body = %(body)s::jsonb, valid_from = (%(body)s::jsonb ->> 'valid_from')::date,
    valid_until = (%(body)s::jsonb ->> 'valid_until')::date, reason = NULL
WHERE agreement_id = %(agreement)s AND number = %(number)s
RETURNING body_hash;

-- name: move
-- Bring a version into another state.
UPDATE acl.agreement_version
SET state = %(state)s, reason = %(reason)s, ended_by = %(ended_by)s::int,
    ended_at = CASE WHEN %(ended_by)s::int IS NULL THEN NULL ELSE clock_timestamp() END
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: add_party
-- Note that a unit has to accept the present body of a version.
INSERT INTO acl.agreement_party (agreement_id, number, round, body_hash, unit_id, role)
SELECT agreement_id, number, round, body_hash, %(unit)s::int, %(role)s::text
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s
ON CONFLICT DO NOTHING;

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

-- name: accept
-- Note that a unit accepts the present body of a version.
INSERT INTO acl.acceptance (agreement_id, number, round, body_hash, unit_id, account_id)
SELECT agreement_id, number, round, body_hash, %(unit)s::int, %(account)s::int
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: note_effect_seen
-- Note that an account saw the effect of the present body of an accepted version.
INSERT INTO acl.effect_seen (agreement_id, number, round, body_hash, account_id)
SELECT agreement_id, number, round, body_hash, %(account)s::int
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s AND body_hash = %(body_hash)s AND state = 'accepted'
ON CONFLICT DO NOTHING;

-- name: effect_seen
-- Tell whether an account saw the effect of the present body of a version since all have accepted it.
SELECT EXISTS (
    SELECT FROM acl.effect_seen s
    JOIN acl.agreement_version v ON (v.agreement_id, v.number, v.round, v.body_hash)
                                    = (s.agreement_id, s.number, s.round, s.body_hash)
    WHERE s.agreement_id = %(agreement)s AND s.number = %(number)s AND s.account_id = %(account)s);

-- name: supersede
-- End the published versions that would begin with a version or later.
UPDATE acl.agreement_version o
SET state = 'superseded'
FROM acl.agreement_version n
WHERE n.agreement_id = %(agreement)s AND n.number = %(number)s AND o.agreement_id = n.agreement_id
      AND o.number <> n.number AND o.state = 'published' AND o.valid_from >= n.valid_from;

-- name: cut
-- Let the published versions end where a version begins.
UPDATE acl.agreement_version o
SET valid_until = n.valid_from
FROM acl.agreement_version n
WHERE n.agreement_id = %(agreement)s AND n.number = %(number)s AND o.agreement_id = n.agreement_id
      AND o.number <> n.number AND o.state = 'published' AND (o.valid_until IS NULL OR o.valid_until > n.valid_from);

-- name: publish
-- Put a version in force.
UPDATE acl.agreement_version
SET state = 'published', checker = %(checker)s, published_at = %(at)s
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: end_at_once
-- End a published version for good.
UPDATE acl.agreement_version
SET state = 'revoked', reason = %(reason)s, ended_by = %(by)s, ended_at = clock_timestamp()
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: end_on
-- Let a published version end on a coming day.
UPDATE acl.agreement_version
SET valid_until = %(on)s, reason = %(reason)s, ended_by = %(by)s, ended_at = clock_timestamp()
WHERE agreement_id = %(agreement)s AND number = %(number)s;

-- name: request
-- Return id, unit and state of a special request.
SELECT id, unit_id, state
FROM acl.request
WHERE code = %(code)s;

-- name: agree_to_request
-- Note that a special request is agreed to.
WITH step AS (
    INSERT INTO acl.request_step (request_id, number, state, note, account_id)
    SELECT %(request)s, max(number) + 1, 'agreed', %(note)s, %(account)s
    FROM acl.request_step
    WHERE request_id = %(request)s
)
UPDATE acl.request
SET state = 'agreed'
WHERE id = %(request)s
