-- name: notify
-- Write a notice, once.
INSERT INTO acl.notice (kind, account_id, unit_id, day, made_at)
SELECT %(kind)s, a.id, a.unit_id, %(day)s, %(at)s
FROM acl.account a
WHERE a.id = %(account)s
ON CONFLICT DO NOTHING
RETURNING id;

-- name: notify_of
-- Write a notice of an act that was proposed or done, once.
INSERT INTO acl.notice (kind, account_id, unit_id, day, made_at, proposal_id)
SELECT %(kind)s, a.id, coalesce(a.unit_id, p.unit_id), %(day)s, %(at)s, p.id
FROM acl.proposal p
LEFT JOIN acl.account a ON a.code = p.account
WHERE p.id = %(proposal)s
ON CONFLICT DO NOTHING;

-- name: notify_of_manager
-- Write a notice of a managing unit that was proposed or approved, once.
INSERT INTO acl.notice (kind, unit_id, day, made_at, manager_change_id)
SELECT %(kind)s, unit_id, %(day)s, coalesce(decided_at, proposed_at), id
FROM acl.manager_change
WHERE id = %(number)s
ON CONFLICT DO NOTHING;

-- name: notify_of_sealing
-- Write a notice that the audit is not sealed, or is again, where the last one of these says otherwise.
INSERT INTO acl.notice (kind, unit_id, day, made_at)
SELECT %(kind)s, u.id, %(day)s, %(at)s
FROM acl.unit u
WHERE u.kind = 'so' AND daterange(u.valid_from, u.valid_until) @> lg.hom_nay()
  AND %(kind)s::text <> coalesce((SELECT n.kind FROM acl.notice n
                                  WHERE n.unit_id = u.id AND n.kind IN ('sealing_stopped', 'sealing_goes_on')
                                  ORDER BY n.id DESC LIMIT 1), 'sealing_goes_on')
RETURNING id;

-- name: notices
-- List notices after one: of a unit or of all, about one account or any; those of proposals for who may approve them.
SELECT n.id, n.kind, coalesce(a.code, p.account), coalesce(a.person, p.arguments ->> 'person'), u.code, n.day, n.made_at,
       p.id, p.act, coalesce(b.code, k.code), m.id, m.layer, n.collection, g.code, n.pieces
FROM acl.notice n
LEFT JOIN acl.account a ON a.id = n.account_id
LEFT JOIN acl.proposal p ON p.id = n.proposal_id
LEFT JOIN acl.account b ON b.id = p.proposed_by
LEFT JOIN acl.manager_change m ON m.id = n.manager_change_id
LEFT JOIN acl.account k ON k.id = m.proposed_by
LEFT JOIN acl.agreement g ON g.id = n.agreement_id
JOIN acl.unit u ON u.id = n.unit_id
WHERE n.id > %(after)s
  AND ((%(unit)s::int IS NULL OR n.unit_id = %(unit)s)
       AND (%(only)s::int IS NULL OR n.account_id = %(only)s)
       OR n.account_id = %(own)s
       OR n.proposal_id IS NOT NULL AND acl.la_nguoi_duyet(%(own)s)
       OR num_nonnulls(n.manager_change_id, n.collection) > 0 AND acl.la_can_bo_chia_se(%(own)s))
ORDER BY n.id
LIMIT %(limit)s;
