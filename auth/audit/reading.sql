-- name: read_as
-- Say whose rows may be read until the end of the transaction.
SELECT set_config('datdai.audit_of', %(scope)s, true);

-- name: records
-- Return requests with what became of them, newest first.
SELECT d.id, d.at, d.request_id, d.subject, d.account, d.unit, d.client, d.token, d.ip, d.method, d.route, d.collection,
       d.operation, d.profile_hash, d.agreements, d.columns, d.granted, coalesce(o.status, d.status), d.reason, d.query,
       o.rows, o.bytes, o.duration_us, o.finished
FROM audit.decision AS d
LEFT JOIN audit.outcome AS o ON o.request_id = d.request_id AND o.at = d.at
WHERE d.at >= %(since)s AND d.at < %(until)s
  AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)
  AND (%(account)s::text IS NULL OR d.account = %(account)s)
  AND (%(agreement)s::text IS NULL OR %(agreement)s = ANY (d.agreements))
  AND (%(collection)s::text IS NULL OR d.collection = %(collection)s)
  AND (%(granted)s::boolean IS NULL OR d.granted = %(granted)s)
  AND (%(literal)s::text IS NULL OR strpos(d.query, %(literal)s) > 0)
  AND (%(before)s::bigint IS NULL OR d.id < %(before)s)
ORDER BY d.id DESC
LIMIT %(most)s;

-- name: acts
-- Return acts, newest first.
SELECT id, at, subject, account, unit, client, entered, act, about, before, after
FROM audit.act
WHERE at >= %(since)s AND at < %(until)s
  AND (%(unit)s::text IS NULL OR unit = %(unit)s)
  AND (%(account)s::text IS NULL OR account = %(account)s)
  AND (%(act)s::text IS NULL OR act = %(act)s OR starts_with(act, %(act)s || '.'))
  AND (%(about)s::text IS NULL OR about = %(about)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(most)s;

-- name: days
-- Count what was asked for on each day.
SELECT (d.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, count(*), count(*) FILTER (WHERE NOT d.granted),
       coalesce(sum(o.rows), 0)::bigint, coalesce(sum(o.bytes), 0)::bigint,
       count(*) FILTER (WHERE d.granted AND o.finished IS NOT TRUE)
FROM audit.decision AS d
LEFT JOIN audit.outcome AS o ON o.request_id = d.request_id AND o.at = d.at
WHERE d.at >= %(since)s AND d.at < %(until)s
  AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)
  AND (%(account)s::text IS NULL OR d.account = %(account)s)
  AND (%(agreement)s::text IS NULL OR %(agreement)s = ANY (d.agreements))
GROUP BY day
ORDER BY day;

-- name: after_hours
-- Count requests at night and on days of rest by account.
SELECT d.account, count(*), coalesce(sum(o.rows), 0)::bigint, max(d.at)
FROM (SELECT *, at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS here FROM audit.decision) AS d
LEFT JOIN audit.outcome AS o ON o.request_id = d.request_id AND o.at = d.at
WHERE d.at >= %(since)s AND d.at < %(until)s
  AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)
  AND (%(account)s::text IS NULL OR d.account = %(account)s)
  AND (%(agreement)s::text IS NULL OR %(agreement)s = ANY (d.agreements))
  AND d.account IS NOT NULL
  AND (d.here::time < %(opens)s OR d.here::time >= %(closes)s OR extract(isodow FROM d.here) > 5)
GROUP BY d.account
ORDER BY 2 DESC, 1;

-- name: unusual
-- Return days on which an account took more than three times its usual rows of the four weeks before.
WITH day AS (
    SELECT d.account, (d.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, coalesce(sum(o.rows), 0)::bigint AS rows
    FROM audit.decision AS d
    LEFT JOIN audit.outcome AS o ON o.request_id = d.request_id AND o.at = d.at
    WHERE d.at >= %(since)s::timestamptz - interval '28 days' AND d.at < %(until)s
      AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)
      AND (%(account)s::text IS NULL OR d.account = %(account)s)
      AND (%(agreement)s::text IS NULL OR %(agreement)s = ANY (d.agreements))
      AND d.account IS NOT NULL
    GROUP BY 1, 2
)
SELECT t.account, t.day, t.rows, u.usual
FROM day AS t
CROSS JOIN LATERAL (
    SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY b.rows), 0) AS usual
    FROM day AS b
    WHERE b.account = t.account AND b.day < t.day AND b.day >= t.day - 28
) AS u
WHERE t.day >= (%(since)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  AND t.rows > greatest(3 * u.usual, %(least)s)
ORDER BY t.rows DESC, 1, 2;

-- name: first_uses
-- Return the columns that an account named for the first time; * is a request that got all that it may see.
SELECT f.account, f.collection, f.column_name, f.at, f.request_id
FROM (SELECT DISTINCT ON (d.account, d.collection, c.name)
             d.account, d.collection, c.name AS column_name, d.at, d.request_id
      FROM audit.decision AS d
      CROSS JOIN LATERAL unnest(d.columns) AS c (name)
      WHERE d.at < %(until)s AND d.granted AND d.collection IS NOT NULL AND d.account IS NOT NULL
        AND (%(unit)s::text IS NULL OR d.unit = %(unit)s)
        AND (%(account)s::text IS NULL OR d.account = %(account)s)
        AND (%(agreement)s::text IS NULL OR %(agreement)s = ANY (d.agreements))
      ORDER BY d.account, d.collection, c.name, d.at, d.id) AS f
WHERE f.at >= %(since)s
ORDER BY f.at, 1, 2, 3
LIMIT 1000;
