-- name: linked_account
-- Return whose account somebody at an outside provider may sign in to.
SELECT account_id
  FROM oauth.outside_subject
 WHERE issuer = %(issuer)s
   AND subject = %(subject)s

-- name: linked_subject
-- Return as whom the owner of an account is known to an outside provider.
SELECT subject
  FROM oauth.outside_subject
 WHERE issuer = %(issuer)s
   AND account_id = %(account_id)s

-- name: link_subject
-- Record who at an outside provider may sign in to an account; nothing where either is linked already.
INSERT INTO oauth.outside_subject (issuer, subject, account_id, linked_by, linked_at)
VALUES (%(issuer)s, %(subject)s, %(account_id)s, %(linked_by)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: unlink_subject
-- Take back who at an outside provider may sign in to an account.
DELETE FROM oauth.outside_subject
 WHERE issuer = %(issuer)s
   AND account_id = %(account_id)s
RETURNING subject

-- name: person_account
-- Return the account of a name, if it is a person's.
SELECT id
  FROM acl.account
 WHERE code = %(code)s
   AND kind <> 'machine'

-- name: links
-- List the links behind a name in order: of every account, or of one.
SELECT account.code AS account, link.issuer, link.subject, link.linked_at, maker.code AS linked_by
  FROM oauth.outside_subject link
  JOIN acl.account ON account.id = link.account_id
  JOIN acl.account maker ON maker.id = link.linked_by
 WHERE (%(account_id)s::int IS NULL OR link.account_id = %(account_id)s)
   AND account.code > %(after)s
 ORDER BY account.code, link.issuer
 LIMIT %(most)s
