-- name: hold_account
-- Hold an account until the end of the transaction.
SELECT id
FROM acl.account
WHERE id = %(account)s
FOR NO KEY UPDATE;

-- name: share_account
-- Keep an account as it is until the end of the transaction.
SELECT id
FROM acl.account
WHERE id = %(account)s
FOR SHARE;

-- name: may_still_act
-- Keep an actor as it is until the end of the transaction, and tell whether it may act still.
SELECT acl.giu_nguoi_lam(%(account)s, %(kind)s, %(unit)s, %(key)s);
