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

-- name: add_party
-- Note that a unit is a party of the present body of a version.
INSERT INTO acl.agreement_party (agreement_id, number, round, body_hash, unit_id, role)
SELECT agreement_id, number, round, body_hash, %(unit)s::int, %(role)s::text
FROM acl.agreement_version
WHERE agreement_id = %(agreement)s AND number = %(number)s
ON CONFLICT DO NOTHING
