-- name: is_filled
-- Tell whether the demo was loaded into this database.
SELECT EXISTS (SELECT FROM lg.dot_nap WHERE lop = %(name)s);

-- name: may_act
-- Tell whether there are logins of these names, and the present one may be them.
SELECT count(*) = cardinality(%(names)s::text[]) AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)
FROM pg_roles
WHERE rolname = ANY (%(names)s::text[]);

-- name: mark
-- Record that the demo is whole: the last statement of its load.
INSERT INTO lg.dot_nap (lop, tep, sha256, bat_dau, so_doc, so_nhan, so_tu_choi)
VALUES (%(name)s, 'config/demo', %(sha256)s, transaction_timestamp(), %(rows)s, %(rows)s, 0);

-- name: legal_day
-- Return the legal day.
SELECT lg.hom_nay();

-- name: accounts
-- Return the accounts that may act.
SELECT acting.id, acting.code, acting.kind, acting.unit_id, acting.unit
FROM oauth.acting(%(now)s)
ORDER BY acting.code;

-- name: standing
-- Tell whether a personal token is good; no row where it was never issued.
SELECT token.revoked_at IS NULL AND token.expires_at > %(now)s::timestamptz + interval '1 day'
FROM oauth.token
WHERE token.hash = %(hash)s;

-- name: members
-- Return the accounts that were neither revoked nor left without a password, with what is due for each.
SELECT c.id, c.code, c.kind, c.unit_id, c.suspended_for, c.password_until,
       EXISTS (SELECT FROM acl.attestation t WHERE t.account_id = c.id AND t.quarter = %(quarter)s) AS is_attested
FROM acl.account c
WHERE c.state IN ('active', 'must_change', 'suspended') AND c.ends_on IS NULL
  AND (c.kind = 'machine' OR c.password_until IS NOT NULL)
ORDER BY c.id;
