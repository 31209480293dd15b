-- name: note_effect_seen
-- Note that an account saw the effect of the present body of an accepted version, and what that rested on.
INSERT INTO acl.effect_seen (agreement_id, number, round, body_hash, account_id, effect_hash)
SELECT agreement_id, number, round, body_hash, %(account)s::int, %(effect_hash)s
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s AND body_hash = %(body_hash)s AND state = 'accepted'
ON CONFLICT DO NOTHING;

-- name: effect_seen
-- Return a row if an account saw the effect of the present body of a version when it rested on the same.
SELECT 1
FROM acl.effect_seen s
JOIN acl.agreement_version v USING (agreement_id, number, round, body_hash)
WHERE v.agreement_id = %(agreement)s AND v.number = %(number)s AND s.account_id = %(account)s
      AND s.effect_hash = %(effect_hash)s;

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

-- name: ended_along
-- Return what came of migrations and was ended in this transaction: codes, and the units that would have had it.
SELECT DISTINCT a.code, a.recipient_id
FROM acl.succession_item i
JOIN acl.agreement_version v ON v.agreement_id = i.made_agreement AND v.number = i.made_number
JOIN acl.agreement a ON a.id = v.agreement_id
WHERE v.state = 'revoked' AND v.ended_at >= now()
ORDER BY a.code;

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
