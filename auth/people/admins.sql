-- name: admins
-- Return for each system admin who may act from now on whether it is this account, or of this unit.
SELECT a.id IS NOT DISTINCT FROM %(account)s::int OR a.unit_id IS NOT DISTINCT FROM %(unit)s::int
FROM acl.account a
JOIN acl.unit u ON u.id = a.unit_id
WHERE a.kind = 'system_admin' AND a.state IN ('must_change', 'active') AND a.ends_on IS NULL
      AND u.valid_from <= lg.hom_nay() AND u.valid_until IS NULL;
