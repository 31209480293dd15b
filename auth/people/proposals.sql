-- name: is_officer
-- Tell whether an account may propose and approve.
SELECT acl.la_nguoi_duyet(%(account)s);

-- name: is_dba
-- Tell whether this connection is of the login that owns the database.
SELECT acl.la_dba();

-- name: today
-- Return the legal day.
SELECT lg.hom_nay();

-- name: account_id
-- Return the id of an account.
SELECT id
FROM acl.account
WHERE code = %(code)s;

-- name: insert_proposal
-- Keep a proposal.
INSERT INTO acl.proposal (act, account, unit_id, arguments, found, reason, state, proposed_by, proposed_at, expires_at)
VALUES (%(act)s, %(account)s, %(unit)s, %(arguments)s, %(found)s, %(reason)s, %(state)s, %(by)s, %(at)s, %(until)s)
RETURNING id;

-- name: hold_proposal
-- Hold a proposal until the end of the transaction.
SELECT id
FROM acl.proposal
WHERE id = %(number)s
FOR NO KEY UPDATE;

-- name: found_then
-- Return how the account was found when a proposal was made.
SELECT found
FROM acl.proposal
WHERE id = %(number)s;

-- name: decide_proposal
-- Decide a proposal that is open.
UPDATE acl.proposal
SET state = %(state)s, decided_by = %(by)s, decided_at = %(at)s, answer = %(answer)s
WHERE id = %(number)s AND state = 'proposed'
RETURNING id;

-- name: proposal
-- Return a proposal.
SELECT p.id, p.act, p.account, u.code, p.arguments, p.reason,
       CASE WHEN p.state = 'proposed' AND p.expires_at <= %(now)s THEN 'expired' ELSE p.state END,
       b.code, p.proposed_at, p.expires_at, d.code, p.decided_at, p.answer
FROM acl.proposal p
JOIN acl.unit u ON u.id = p.unit_id
JOIN acl.account b ON b.id = p.proposed_by
LEFT JOIN acl.account d ON d.id = p.decided_by
WHERE p.id = %(number)s;

-- name: proposals
-- List the proposals after one that somebody may know of: all of them, or those that can be approved.
SELECT p.id, p.act, p.account, u.code, p.arguments, p.reason,
       CASE WHEN p.state = 'proposed' AND p.expires_at <= %(now)s THEN 'expired' ELSE p.state END,
       b.code, p.proposed_at, p.expires_at, d.code, p.decided_at, p.answer
FROM acl.proposal p
JOIN acl.unit u ON u.id = p.unit_id
JOIN acl.account b ON b.id = p.proposed_by
LEFT JOIN acl.account d ON d.id = p.decided_by
LEFT JOIN acl.account a ON a.code = p.account
WHERE p.id > %(after)s
  AND (acl.la_nguoi_duyet(%(own)s) OR a.id = %(own)s OR coalesce(a.unit_id, p.unit_id) = %(unit)s::int)
  AND (NOT %(open)s OR (p.state = 'proposed' AND p.expires_at > %(now)s))
ORDER BY p.id
LIMIT %(limit)s;
