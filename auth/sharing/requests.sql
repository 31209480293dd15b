-- name: send
-- Write down a special request, and return its code: what its unit calls it, behind the code of the unit.
INSERT INTO acl.request (code, unit_id, data, purpose, legal_basis, valid_from, valid_until)
SELECT u.code || '.' || %(request)s, u.id, %(data)s, %(purpose)s, %(legal_basis)s, %(valid_from)s::date, %(valid_until)s::date
FROM acl.unit u
WHERE u.id = %(unit)s
RETURNING code;

-- name: count_of_unit
-- Count the requests of a unit that have not ended, and those that it has sent within a day.
SELECT count(*) FILTER (WHERE r.state IN ('sent', 'answered', 'preparing')),
       count(*) FILTER (WHERE s.at > clock_timestamp() - interval '1 day')
FROM acl.request r
JOIN acl.request_step s ON s.request_id = r.id AND s.number = 1
WHERE r.unit_id = %(unit)s;

-- name: step
-- Write down the next step of a request.
INSERT INTO acl.request_step (request_id, number, state, note, account_id)
SELECT r.id, coalesce(max(s.number), 0) + 1, %(state)s, %(note)s, %(account)s
FROM acl.request r
LEFT JOIN acl.request_step s ON s.request_id = r.id
WHERE r.code = %(code)s
GROUP BY r.id;

-- name: lock
-- Lock a request and return its state.
SELECT state
FROM acl.request
WHERE code = %(code)s
FOR NO KEY UPDATE;

-- name: move
-- Bring a request into another state.
UPDATE acl.request
SET state = %(state)s
WHERE code = %(code)s;

-- name: request_named
-- Return a request by its code.
SELECT r.id, r.code, r.unit_id, u.code, r.data, r.purpose, r.legal_basis, r.valid_from, r.valid_until, r.state
FROM acl.request r
JOIN acl.unit u ON u.id = r.unit_id
WHERE r.code = %(code)s;

-- name: listed
-- Return one page of requests, all or those of one unit.
SELECT r.id, r.code, r.unit_id, u.code, r.data, r.purpose, r.legal_basis, r.valid_from, r.valid_until, r.state
FROM acl.request r
JOIN acl.unit u ON u.id = r.unit_id
WHERE r.code > %(after)s AND (%(unit)s::int IS NULL OR r.unit_id = %(unit)s::int)
ORDER BY r.code
LIMIT %(limit)s;

-- name: steps
-- Return what happened to a request.
SELECT s.state, s.note, a.code, s.at
FROM acl.request_step s
JOIN acl.account a ON a.id = s.account_id
WHERE s.request_id = %(request)s
ORDER BY s.number
