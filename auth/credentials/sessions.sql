-- name: insert_session
-- Begin a session.
INSERT INTO oauth.session (hash, account_id, way, address, agent, begun_at, seen_at, expires_at, proved_at)
VALUES (%(hash)s, %(account_id)s, %(way)s, %(address)s, %(agent)s, %(now)s, %(now)s, %(now)s::timestamptz + %(idle)s,
        %(proved_at)s)

-- name: renew_session
-- Begin a living session again under a new key, with a proof of now; its whole length stays.
INSERT INTO oauth.session (hash, account_id, way, address, agent, begun_at, seen_at, expires_at, proved_at)
SELECT %(new)s, account_id, way, address, agent, begun_at, seen_at, expires_at, %(now)s
  FROM oauth.session
 WHERE hash = %(old)s
   AND ended_at IS NULL
   AND expires_at > %(now)s

-- name: end_old_session
-- End the session that was renewed.
UPDATE oauth.session
   SET ended_at = %(now)s
 WHERE hash = %(old)s

-- name: live_session
-- Return a session that is neither ended nor over, of an account that has not ended.
SELECT session.hash, session.account_id, session.way, session.address, session.agent, session.begun_at,
       session.seen_at, session.expires_at, session.proved_at
  FROM oauth.session
  JOIN acl.account ON account.id = session.account_id
 WHERE session.hash = %(hash)s
   AND session.ended_at IS NULL
   AND session.expires_at > %(now)s
   AND account.state IN ('must_change', 'active')
   AND (account.ends_on IS NULL OR account.ends_on > lg.hom_nay())

-- name: see_session
-- Move the end of a session on after a use, at most once a minute, and never beyond its whole length.
UPDATE oauth.session
   SET seen_at = %(now)s,
       expires_at = least(%(now)s::timestamptz + %(idle)s, begun_at + %(whole)s)
 WHERE hash = %(hash)s
   AND ended_at IS NULL
   AND expires_at > %(now)s
   AND seen_at < %(now)s::timestamptz - interval '1 minute'

-- name: sessions_of_account
-- List the sessions of an account that are neither ended nor over, the latest first.
SELECT hash, account_id, way, address, agent, begun_at, seen_at, expires_at, proved_at
  FROM oauth.session
 WHERE account_id = %(account_id)s
   AND ended_at IS NULL
   AND expires_at > %(now)s
 ORDER BY begun_at DESC, hash

-- name: session_before
-- Return the session that an account began last before an instant.
SELECT hash, account_id, way, address, agent, begun_at, seen_at, expires_at, proved_at
  FROM oauth.session
 WHERE account_id = %(account_id)s
   AND begun_at < %(before)s
 ORDER BY begun_at DESC
 LIMIT 1

-- name: end_session
-- End one session of an account, found by the beginning of its hash.
UPDATE oauth.session
   SET ended_at = %(now)s
 WHERE account_id = %(account_id)s
   AND starts_with(hash, %(mark)s)
   AND ended_at IS NULL
   AND expires_at > %(now)s

-- name: insert_sign_in
-- Keep a sign-in that lacks something still.
INSERT INTO oauth.sign_in (hash, account_id, way, begun_at, expires_at, proves, proved_at)
VALUES (%(hash)s, %(account_id)s, %(way)s, %(now)s, %(now)s::timestamptz + %(lasts)s, %(proves)s, %(proved_at)s)

-- name: live_sign_in
-- Return a sign-in that is not over, of an account that has not ended.
SELECT sign_in.hash, sign_in.account_id, sign_in.way, sign_in.begun_at, sign_in.second_factor_at, sign_in.proves,
       sign_in.proved_at
  FROM oauth.sign_in
  JOIN acl.account ON account.id = sign_in.account_id
 WHERE sign_in.hash = %(hash)s
   AND sign_in.expires_at > %(now)s
   AND account.state IN ('must_change', 'active')
   AND (account.ends_on IS NULL OR account.ends_on > lg.hom_nay())

-- name: pass_second_factor
-- Note that the second factor of a sign-in was right.
UPDATE oauth.sign_in
   SET second_factor_at = %(now)s
 WHERE hash = %(hash)s

-- name: end_sign_in
-- Forget a sign-in; only one of two at once finds it.
DELETE FROM oauth.sign_in
 WHERE hash = %(hash)s

-- name: clear_sign_ins
-- Forget sign-ins that are over; those that somebody ends just now are left to them.
DELETE FROM oauth.sign_in
 WHERE hash IN (SELECT hash FROM oauth.sign_in WHERE expires_at <= %(now)s FOR UPDATE SKIP LOCKED)

-- name: clear_sessions
-- Forget sessions whose last sign of life is old; the last one of each account stays, to be told at the next sign-in.
DELETE FROM oauth.session old
 WHERE old.expires_at < %(before)s
   AND EXISTS (SELECT FROM oauth.session newer WHERE newer.account_id = old.account_id AND newer.begun_at > old.begun_at)

-- name: owner
-- Return whose session it is, with what the pages tell of the account.
SELECT account.id, account.code, account.kind, account.person, account.state, account.password_until,
       unit.id AS unit_id, unit.code AS unit, unit.name AS unit_name,
       EXISTS (SELECT FROM acl.totp WHERE totp.account_id = account.id AND totp.confirmed_at IS NOT NULL) AS enrolled,
       (SELECT count(*) FROM acl.recovery_code WHERE recovery_code.account_id = account.id AND used_at IS NULL)
           AS recovery_left,
       EXISTS (SELECT FROM oauth.acting(%(now)s) acting WHERE acting.id = account.id) AS may_act
  FROM acl.account
  JOIN acl.unit ON unit.id = account.unit_id
 WHERE account.id = %(account_id)s
