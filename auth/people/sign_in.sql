-- name: candidate
-- Return what a sign-in is measured by, of an account that may sign in on this legal day.
SELECT a.id, a.code, a.kind, a.person, a.unit_id, u.code, a.state, a.password_until,
       (SELECT p.hash FROM acl.password p WHERE p.account_id = a.id ORDER BY p.id DESC LIMIT 1),
       (SELECT c.hash FROM acl.activation c WHERE c.account_id = a.id AND c.expires_at > %(now)s),
       EXISTS (SELECT FROM acl.totp t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL)
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.code = %(code)s
  AND a.kind <> 'machine'
  AND a.state IN ('must_change', 'active')
  AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay())
  AND (u.valid_until IS NULL OR u.valid_until > lg.hom_nay());

-- name: owed
-- Return what an account must still do before it may be used in full.
SELECT a.state = 'must_change' OR a.password_until <= %(now)s,
       a.kind IN ('system_admin', 'unit_head')
           AND NOT EXISTS (SELECT FROM acl.totp t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL),
       a.password_until
FROM acl.account a
WHERE a.id = %(account)s
  AND a.state IN ('must_change', 'active')
  AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay());

-- name: hold_failures
-- Hold the count of failures of a name, or of a session, until the end of the transaction; whoever comes second waits.
INSERT INTO acl.sign_in_failure (kind, key, failures, first_at, last_at)
VALUES (%(kind)s, %(key)s, 0, %(now)s, %(now)s)
ON CONFLICT (kind, key) DO UPDATE
SET failures = sign_in_failure.failures
RETURNING failures, first_at, last_at;

-- name: failures_of_address
-- Return the failures that came from an address.
SELECT failures, first_at, last_at
FROM acl.sign_in_failure
WHERE kind = 'address' AND key = %(key)s;

-- name: count_failure
-- Count one more failure; a count that began before a window begins anew.
INSERT INTO acl.sign_in_failure (kind, key, failures, first_at, last_at)
VALUES (%(kind)s, %(key)s, 1, %(now)s, %(now)s)
ON CONFLICT (kind, key) DO UPDATE
SET failures = CASE WHEN %(anew)s THEN 1 ELSE sign_in_failure.failures + 1 END,
    first_at = CASE WHEN %(anew)s OR sign_in_failure.failures = 0 THEN %(now)s ELSE sign_in_failure.first_at END,
    last_at = %(now)s;

-- name: forget_failures
-- Forget the failures of a name, or of a session.
DELETE FROM acl.sign_in_failure
WHERE kind = %(kind)s AND key = %(key)s;

-- name: forget_old_failures
-- Forget failures that count no more.
DELETE FROM acl.sign_in_failure
WHERE last_at < %(before)s;
