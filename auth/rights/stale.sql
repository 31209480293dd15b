-- name: mark_stale
-- Mark accounts whose rights have changed; a mark that is there is held, so that nobody takes it before this commits.
INSERT INTO acl.stale_profile (account_id)
SELECT DISTINCT unnest(%(accounts)s::int[])
ORDER BY 1
ON CONFLICT (account_id) DO UPDATE
SET account_id = excluded.account_id;

-- name: take_stale
-- Take the marked accounts, with the legal day; a second publisher waits for neither.
WITH taken AS (
    DELETE FROM acl.stale_profile s
    USING (SELECT account_id FROM acl.stale_profile ORDER BY account_id FOR UPDATE SKIP LOCKED) m
    WHERE s.account_id = m.account_id
    RETURNING s.account_id
)
SELECT coalesce(array_agg(account_id ORDER BY account_id), '{}'), lg.hom_nay()
FROM taken;

-- name: marked
-- List the marked accounts.
SELECT account_id
FROM acl.stale_profile
ORDER BY account_id;
