-- name: insert_handover
-- Write down who gave an account to whom.
INSERT INTO acl.handover (account_id, kind, by_id, to_person, at, note)
VALUES (%(account)s, %(kind)s, %(by)s, %(to)s, %(at)s, %(note)s)
RETURNING id;

-- name: handovers
-- Return who gave an account to whom, oldest first.
SELECT h.id, h.kind, g.code, g.person, h.to_person, h.at, h.note
FROM acl.handover h
LEFT JOIN acl.account g ON g.id = h.by_id
WHERE h.account_id = %(account)s
ORDER BY h.id;
