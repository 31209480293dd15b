-- name: record
-- Write down one act.
INSERT INTO audit.act (subject, account, unit, client, entered, act, about, before, after)
VALUES (%(subject)s, %(account)s, %(unit)s, %(client)s, %(entered)s, %(act)s, %(about)s, %(before)s, %(after)s);
