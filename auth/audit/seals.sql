-- name: horizon
-- Return the era of now, and the transaction below which everything is finished.
SELECT audit.era(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: last
-- Return the last seal.
SELECT n, era, from_tx::text::bigint, until_tx::text::bigint, rows, NULL::bytea, root, chain, made_at, seal, signature
FROM audit.seal
ORDER BY n DESC
LIMIT 1;

-- name: seals
-- Return seals in their order.
SELECT n, era, from_tx::text::bigint, until_tx::text::bigint, rows, leaves, root, chain, made_at, seal, signature
FROM audit.seal
WHERE n >= %(since)s AND n <= %(until)s
ORDER BY n;

-- name: bounds
-- Return the first and the last seal that were made between two instants.
SELECT min(n), max(n)
FROM audit.seal
WHERE (%(since)s::timestamptz IS NULL OR made_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR made_at < %(until)s);

-- name: rows
-- Return the rows of some transactions in their order, each as the text that is sealed; acts only for all time.
SELECT tx::text::bigint, stream, id, canonical
FROM (SELECT d.tx, 'decision' AS stream, d.id,
             json_build_array('decision', d.id, d.era, d.tx::text, d.request_id, d.at AT TIME ZONE 'UTC', d.subject,
                              d.account, d.unit, d.client, d.token, d.ip, d.method, d.route, d.collection, d.operation,
                              d.profile_hash, d.agreements, d.columns, d.granted, d.status, d.reason, d.query,
                              d.sealed)::text AS canonical
      FROM audit.decision AS d
      WHERE d.era = %(era)s AND d.tx >= %(since)s::text::xid8 AND d.tx < %(until)s::text::xid8
        AND (%(begin)s::timestamptz IS NULL OR d.at >= %(begin)s) AND (%(end)s::timestamptz IS NULL OR d.at < %(end)s)
      UNION ALL
      SELECT o.tx, 'outcome', o.id,
             json_build_array('outcome', o.id, o.era, o.tx::text, o.request_id, o.at AT TIME ZONE 'UTC', o.status, o.rows,
                              o.bytes, o.duration_us, o.finished)::text
      FROM audit.outcome AS o
      WHERE o.era = %(era)s AND o.tx >= %(since)s::text::xid8 AND o.tx < %(until)s::text::xid8
        AND (%(begin)s::timestamptz IS NULL OR o.at >= %(begin)s) AND (%(end)s::timestamptz IS NULL OR o.at < %(end)s)
      UNION ALL
      SELECT a.tx, 'act', a.id,
             json_build_array('act', a.id, a.era, a.tx::text, a.at AT TIME ZONE 'UTC', a.subject, a.account, a.unit,
                              a.client, a.entered, a.act, a.about, a.before::text, a.after::text)::text
      FROM audit.act AS a
      WHERE a.era = %(era)s AND a.tx >= %(since)s::text::xid8 AND a.tx < %(until)s::text::xid8
        AND %(begin)s::timestamptz IS NULL AND %(end)s::timestamptz IS NULL) AS t
ORDER BY tx, stream COLLATE "C", id
LIMIT %(most)s;

-- name: strays
-- Return the first row that lies in no sealed transaction, nor behind the last one.
WITH ends AS (
    SELECT e.era, coalesce(max(s.until_tx), '0') AS until_tx
    FROM generate_series(1, %(era)s) AS e (era)
    LEFT JOIN audit.seal AS s USING (era)
    GROUP BY e.era
), every AS (
    SELECT 'decision' AS stream, id, era, tx FROM audit.decision
    UNION ALL
    SELECT 'outcome', id, era, tx FROM audit.outcome
    UNION ALL
    SELECT 'act', id, era, tx FROM audit.act
)
SELECT r.stream, r.id
FROM every AS r
LEFT JOIN ends AS e USING (era)
WHERE e.era IS NULL OR (r.era < %(era)s AND r.tx >= e.until_tx)
ORDER BY r.era, r.tx, r.id
LIMIT 1;

-- name: pending
-- Count the rows that no seal holds yet.
SELECT (SELECT count(*) FROM audit.decision WHERE era = %(era)s AND tx >= %(since)s::text::xid8)
     + (SELECT count(*) FROM audit.outcome WHERE era = %(era)s AND tx >= %(since)s::text::xid8)
     + (SELECT count(*) FROM audit.act WHERE era = %(era)s AND tx >= %(since)s::text::xid8);

-- name: waiting_since
-- Return when the first decision or act came in that no seal holds yet; an outcome bears the instant of its decision.
SELECT min(at)
FROM ((SELECT at FROM audit.decision WHERE (era, tx) >= (%(era)s, %(since)s::text::xid8) ORDER BY era, tx LIMIT 1)
      UNION ALL
      (SELECT at FROM audit.act WHERE (era, tx) >= (%(era)s, %(since)s::text::xid8) ORDER BY era, tx LIMIT 1)) AS t;

-- name: add
-- Add a seal.
INSERT INTO audit.seal (n, era, from_tx, until_tx, rows, leaves, root, chain, made_at, seal, signature)
VALUES (%(n)s, %(era)s, %(since)s::text::xid8, %(until)s::text::xid8, %(rows)s, %(leaves)s, %(root)s, %(chain)s,
        %(made_at)s, %(seal)s, %(signature)s);

-- name: last_before
-- Return the last seal that was made before an instant.
SELECT n, seal
FROM audit.seal
WHERE made_at < %(until)s
ORDER BY n DESC
LIMIT 1;

-- name: add_head
-- Add the head of a day.
INSERT INTO audit.head (day, n, seal, made_at, key, signature)
VALUES (%(day)s, %(n)s, %(seal)s, %(made_at)s, %(key)s, %(signature)s);

-- name: heads
-- Return the heads of some days in their order.
SELECT day, n, seal, signature
FROM audit.head
WHERE (%(since)s::date IS NULL OR day >= %(since)s) AND (%(until)s::date IS NULL OR day <= %(until)s)
ORDER BY day;

-- name: retirements
-- Return the months that left the database.
SELECT month, kind, until_n, rows, archive, signature
FROM audit.retirement
ORDER BY month, kind;

-- name: oldest
-- Return the instant of the oldest decision or outcome.
SELECT least((SELECT min(at) FROM audit.decision), (SELECT min(at) FROM audit.outcome));

-- name: holder
-- Return the seal that holds a transaction.
SELECT n
FROM audit.seal
WHERE era = %(era)s AND from_tx <= %(tx)s::text::xid8 AND until_tx > %(tx)s::text::xid8;

-- name: retire
-- Write down that a month leaves the database.
INSERT INTO audit.retirement (month, kind, until_n, rows, archive, made_at, signature)
VALUES (%(month)s, %(kind)s, %(until_n)s, %(rows)s, %(archive)s, %(made_at)s, %(signature)s);

-- name: drop_month
-- Take the rows of a month out of the database; return their number.
SELECT audit.drop_month(%(month)s);

-- name: drop_leaves
-- Forget the leaves of seals.
SELECT audit.drop_leaves(%(until_n)s);

-- name: make_months
-- Make the partitions of this month and of the three after it.
SELECT audit.make_months(%(day)s);
