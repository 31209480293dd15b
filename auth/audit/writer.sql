-- name: write
-- Write decisions, by agreements as they give now, and outcomes; a second outcome of a request is passed over, a second decision is an error.
WITH outcomes AS (
    INSERT INTO audit.outcome (request_id, at, status, rows, bytes, duration_us, finished)
    SELECT o.request_id, o.at, o.status, o.rows, o.bytes, o.duration_us, o.finished
    FROM json_to_recordset(%(outcomes)s::json)
         AS o (request_id text, at timestamptz, status int, rows bigint, bytes bigint, duration_us bigint, finished boolean)
    ON CONFLICT DO NOTHING
)
INSERT INTO audit.decision (request_id, at, subject, account, unit, client, token, ip, method, route, collection,
                            operation, profile_hash, agreements, columns, granted, status, reason, query, sealed)
SELECT d.request_id, d.at, d.subject, d.account, d.unit, d.client, d.token, d.ip, d.method, d.route, d.collection,
       d.operation, d.profile_hash,
       coalesce(audit.given_by(d.subject, d.profile_hash, d.collection, d.operation), d.agreements), d.columns,
       d.granted, d.status, d.reason, d.query, d.sealed
FROM json_to_recordset(%(decisions)s::json)
     AS d (request_id text, at timestamptz, subject text, account text, unit text, client text, token text, ip text,
           method text, route text, collection text, operation text, profile_hash text, agreements text[], columns text[],
           granted boolean, status int, reason text, query text, sealed text);
