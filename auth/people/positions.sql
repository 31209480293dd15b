-- name: set_ends_on
-- Note the legal day on which a position has ended.
UPDATE acl.account
SET ends_on = %(day)s
WHERE id = %(id)s;

-- name: change_person
-- Write the position, the unit and the kind of an account.
UPDATE acl.account
SET position = %(position)s, unit_id = %(unit)s, kind = %(kind)s, of_allowance = of_allowance AND unit_id = %(unit)s
WHERE id = %(id)s;

-- name: strip_functions
-- End every function of an account on a day.
UPDATE acl.account_function
SET valid_until = %(day)s
WHERE account_id = %(id)s AND valid_from < %(day)s AND (valid_until IS NULL OR valid_until > %(day)s);

-- name: drop_functions
-- Forget the functions of an account that would begin on a day or later.
DELETE FROM acl.account_function
WHERE account_id = %(id)s AND valid_from >= %(day)s;

-- name: forget_absence
-- Forget that the staff list of a unit lacks the person of an account who has left it for another one.
DELETE FROM acl.absence
WHERE account_id = %(id)s;

-- name: drop_links
-- Take back who at outside providers may sign in to an account.
DELETE FROM oauth.outside_subject
WHERE account_id = %(id)s;
