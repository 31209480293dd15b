-- name: tell
-- Write a notice of what is left out and was not yet, for the head of the unit and the officers; of the public one, for the Sở.
INSERT INTO acl.notice (kind, account_id, unit_id, day, made_at, collection, pieces)
SELECT 'left_out', a.id, u.id, min(n.since), clock_timestamp(), n.collection, n.pieces
FROM jsonb_to_recordset(%(rows)s) AS n (subject text, collection text, pieces jsonb, since date)
LEFT JOIN acl.account a ON n.subject = 'account:' || a.id
JOIN acl.unit u ON u.id = coalesce(a.unit_id, (
    SELECT id
    FROM acl.unit
    WHERE kind = 'so' AND daterange(valid_from, valid_until) @> %(day)s::date
    ORDER BY id
    LIMIT 1))
WHERE NOT EXISTS (
    SELECT FROM acl.left_out o
    WHERE (o.subject, o.collection, o.pieces) = (n.subject, n.collection, n.pieces)
          AND (o.valid_until IS NULL OR o.valid_until > %(day)s::date))
GROUP BY a.id, u.id, n.collection, n.pieces
ON CONFLICT DO NOTHING;

-- name: forget
-- Forget what was to be left out from a day on.
DELETE FROM acl.left_out
WHERE subject = ANY (%(subjects)s::text[]) AND valid_from >= %(day)s::date;

-- name: cut
-- Let what is left out end on a day.
UPDATE acl.left_out
SET valid_until = %(day)s
WHERE subject = ANY (%(subjects)s::text[]) AND (valid_until IS NULL OR valid_until > %(day)s::date);

-- name: note
-- Note what is left out.
INSERT INTO acl.left_out (subject, collection, pieces, valid_from, valid_until)
SELECT subject, collection, pieces, since, until
FROM jsonb_to_recordset(%(rows)s) AS n (subject text, collection text, pieces jsonb, since date, until date);

-- name: not_noted
-- Return the numbers of what is left out on some day on which it is not noted so.
SELECT n.number
FROM jsonb_to_recordset(%(rows)s) AS n (number int, subject text, collection text, pieces jsonb, since date, until date)
WHERE NOT coalesce((
    SELECT range_agg(daterange(o.valid_from, o.valid_until))
    FROM acl.left_out o
    WHERE (o.subject, o.collection, o.pieces) = (n.subject, n.collection, n.pieces)), '{}') @> daterange(n.since, n.until);
