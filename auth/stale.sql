-- name: mark_stale
-- Mark accounts whose rights have changed.
INSERT INTO acl.stale_profile (account_id)
SELECT unnest(%(accounts)s::int[])
ON CONFLICT DO NOTHING;

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
