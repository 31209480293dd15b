-- name: insert_function
-- Define a function of a unit.
INSERT INTO acl.function (unit_id, code, name, narrows, valid_from, valid_until)
VALUES (%(unit)s, %(code)s, %(name)s, %(narrows)s, %(since)s, %(until)s)
RETURNING id;

-- name: change_function
-- Write what may change of a function.
UPDATE acl.function
SET name = %(name)s, narrows = %(narrows)s, valid_until = %(until)s
WHERE id = %(id)s;

-- name: function
-- Return a function of a unit.
SELECT f.id, f.unit_id, u.code, f.code, f.name, f.narrows, f.valid_from, f.valid_until
FROM acl.function f
JOIN acl.unit u ON u.id = f.unit_id
WHERE u.code = %(unit)s AND f.code = %(code)s;

-- name: functions
-- List functions after one, of a unit or of all.
SELECT f.id, f.unit_id, u.code, f.code, f.name, f.narrows, f.valid_from, f.valid_until
FROM acl.function f
JOIN acl.unit u ON u.id = f.unit_id
WHERE f.id > %(after)s AND (%(unit)s::int IS NULL OR f.unit_id = %(unit)s)
ORDER BY f.id
LIMIT %(limit)s;

-- name: known_territories
-- Return which administrative units of a list exist.
SELECT xa_id
FROM acl.dia_ban()
WHERE xa_id = ANY (%(ids)s);

-- name: give_function
-- Give a function to an account from a day on.
INSERT INTO acl.account_function (account_id, function_id, given_by, valid_from, valid_until)
VALUES (%(account)s, %(function)s, %(by)s, %(since)s, %(until)s);

-- name: end_function
-- End a function of an account on a day.
UPDATE acl.account_function
SET valid_until = %(day)s
WHERE account_id = %(account)s AND function_id = %(function)s AND valid_from < %(day)s
  AND (valid_until IS NULL OR valid_until > %(day)s);

-- name: drop_function
-- Forget a function that an account was to have from a day on.
DELETE FROM acl.account_function
WHERE account_id = %(account)s AND function_id = %(function)s AND valid_from >= %(day)s;

-- name: held_functions
-- Return the functions that an account holds, held or will hold.
SELECT f.id, f.unit_id, u.code, f.code, f.name, f.narrows, h.valid_from, h.valid_until
FROM acl.account_function h
JOIN acl.function f ON f.id = h.function_id
JOIN acl.unit u ON u.id = f.unit_id
WHERE h.account_id = %(account)s
ORDER BY h.valid_from, f.id;

-- name: holders
-- Return the accounts that hold a function, or will.
SELECT DISTINCT account_id
FROM acl.account_function
WHERE function_id = %(function)s AND (valid_until IS NULL OR valid_until > %(day)s)
ORDER BY account_id;
