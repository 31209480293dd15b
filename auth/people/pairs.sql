-- name: is_privileged
-- Tell whether an account is privileged.
SELECT acl.la_dac_quyen(%(account)s);
