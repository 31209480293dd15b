-- name: prefix
-- Return what the names of all roles of this database begin with, and whether it is a copy under another name.
SELECT acl.prefix(), acl.prefix() <> current_database() || '_';

-- name: unguarded
-- Return what holds or shows data without row security.
SELECT n.nspname || '.' || c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT split_part(g.bang, '.', 1) FROM acl.guarded g)
  AND (c.relkind IN ('m', 'v', 'f') OR c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity))
ORDER BY 1;

-- name: changed_policies
-- Return the policies that are not as the migration made them.
SELECT coalesce(p.bang, g.bang) || ': ' || coalesce(p.policy, g.policy)
FROM (SELECT n.nspname || '.' || c.relname AS bang, o.polname AS policy, o.polroles, o.polcmd, o.polpermissive,
             pg_get_expr(o.polqual, o.polrelid) AS qual, o.polwithcheck
      FROM pg_policy o
      JOIN pg_class c ON c.oid = o.polrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN (SELECT split_part(w.bang, '.', 1) FROM acl.guarded w)) p
FULL JOIN acl.guarded g ON g.bang = p.bang AND g.policy = p.policy
LEFT JOIN pg_roles r ON r.rolname = g.role
WHERE p.policy IS NULL OR g.policy IS NULL OR r.oid IS NULL OR p.polroles <> ARRAY[r.oid] OR p.qual <> g.qual
   OR NOT p.polpermissive OR p.polwithcheck IS NOT NULL OR p.polcmd <> CASE g.policy WHEN 'nap' THEN '*' ELSE 'r' END
ORDER BY 1;

-- name: memberships
-- Return which roles each profile role, and the server's login, is a member of.
SELECT m.rolname::text, array_agg(r.rolname::text ORDER BY r.rolname)
FROM pg_auth_members a
JOIN pg_roles m ON m.oid = a.member
JOIN pg_roles r ON r.oid = a.roleid
WHERE starts_with(m.rolname, acl.prefix() || 'p_') OR starts_with(m.rolname, acl.prefix() || 'c_')
   OR starts_with(m.rolname, acl.prefix() || 'g_') OR m.rolname = acl.prefix() || 'app'
GROUP BY m.rolname;

-- name: strong_roles
-- Return the roles of profiles, and the server's login, that may do more than they must.
SELECT r.rolname::text
FROM pg_roles r
WHERE (starts_with(r.rolname, acl.prefix() || 'p_') OR starts_with(r.rolname, acl.prefix() || 'c_')
       OR starts_with(r.rolname, acl.prefix() || 'g_') OR r.rolname = acl.prefix() || 'app')
  AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
       OR r.rolcanlogin <> (r.rolname = acl.prefix() || 'app')
       OR r.rolinherit <> starts_with(r.rolname, acl.prefix() || 'p_'))
ORDER BY 1;

-- name: settings
-- Return what sessions of the server's logins, and its roles, are given by hand: role (NULL: everybody), here only, setting.
SELECT r.rolname::text, s.setdatabase <> 0, split_part(g.setting, '=', 1)
FROM pg_db_role_setting s
LEFT JOIN pg_roles r ON r.oid = s.setrole
CROSS JOIN unnest(s.setconfig) AS g (setting)
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (s.setrole = 0 OR r.rolname = session_user
       OR starts_with(r.rolname, acl.prefix() || 'p_') OR starts_with(r.rolname, acl.prefix() || 'c_')
       OR starts_with(r.rolname, acl.prefix() || 'g_')
       OR r.rolname IN (SELECT acl.prefix() || each FROM unnest(ARRAY['app', 'identity', 'publisher', 'audit', 'auditor',
                                                                    'loader', 'worker', 'role_maker', 'thuoc']) AS each))
ORDER BY 1, 2, 3;

-- name: column_grants
-- Return what each role of columns may read: the table and its columns.
SELECT r.rolname::text, n.nspname || '.' || c.relname, array_agg(a.attname::text ORDER BY a.attname COLLATE "C")
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN aclexplode(a.attacl) AS granted
JOIN pg_roles r ON r.oid = granted.grantee
WHERE starts_with(r.rolname, acl.prefix() || 'c_') AND granted.privilege_type = 'SELECT' AND NOT granted.is_grantable
GROUP BY r.rolname, n.nspname, c.relname;

-- name: stray_grants
-- Return rights on data that no profile explains: of profile roles by themselves, of groups, of everybody.
SELECT DISTINCT s.what || ': ' || s.privilege || ' of ' || coalesce(r.rolname, 'PUBLIC')
FROM (SELECT n.nspname || '.' || c.relname AS what, g.privilege_type AS privilege, g.grantee
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN aclexplode(c.relacl) AS g
      WHERE n.nspname IN (SELECT split_part(w.bang, '.', 1) FROM acl.guarded w) OR n.nspname IN ('dm', 'lg', 'acl', 'oauth', 'audit')
      UNION ALL
      SELECT n.nspname || '.' || c.relname || '.' || a.attname, g.privilege_type, g.grantee
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN aclexplode(a.attacl) AS g
      JOIN pg_roles r ON r.oid = g.grantee
      WHERE NOT (starts_with(r.rolname, acl.prefix() || 'c_') AND g.privilege_type = 'SELECT')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')) s
LEFT JOIN pg_roles r ON r.oid = s.grantee
WHERE s.grantee = 0 AND s.what <> 'lg.di_tru'
   OR starts_with(r.rolname, acl.prefix() || 'p_') OR starts_with(r.rolname, acl.prefix() || 'c_')
   OR starts_with(r.rolname, acl.prefix() || 'g_') AND (s.what, s.privilege) <> ('dm.muc', 'SELECT')
ORDER BY 1;

-- name: catalogue_rights
-- Return who besides the publisher may write records, read the history of the catalogue or call its functions; the login
-- that keeps accounts keeps what officers say of records and the rounds of harvesters, too, and no history.
SELECT s.what || ': ' || s.privilege || ' of ' || coalesce(r.rolname, 'PUBLIC')
FROM (SELECT n.nspname || '.' || c.relname AS what, n.nspname || '.' || c.relname AS thing,
             g.privilege_type AS privilege, g.grantee, c.relowner AS owner
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN aclexplode(c.relacl) AS g
      WHERE n.nspname = 'cb' OR n.nspname = 'mt' AND g.privilege_type NOT IN ('SELECT', 'REFERENCES')
      UNION ALL
      SELECT n.nspname || '.' || c.relname || '.' || a.attname, n.nspname || '.' || c.relname,
             g.privilege_type, g.grantee, c.relowner
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN aclexplode(a.attacl) AS g
      WHERE n.nspname = 'cb' OR n.nspname = 'mt' AND g.privilege_type NOT IN ('SELECT', 'REFERENCES')
      UNION ALL
      SELECT p.oid::regprocedure::text, 'cb.' || p.proname, g.privilege_type, g.grantee, p.proowner
      FROM pg_proc p
      CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g
      LEFT JOIN pg_roles l ON l.oid = g.grantee
      WHERE p.pronamespace = 'cb'::regnamespace
        AND (l.rolname IS DISTINCT FROM acl.prefix() || 'g_common' OR p.proname NOT IN ('vao', 'da_mat', 'dong_ho_nay', 'vi_tri_cua'))) s
LEFT JOIN pg_roles r ON r.oid = s.grantee
WHERE s.grantee <> s.owner AND r.rolname IS DISTINCT FROM acl.prefix() || 'publisher'
  AND (r.rolname IS DISTINCT FROM acl.prefix() || 'identity'
       OR s.thing IN ('mt.ban_ghi', 'cb.dong_ho', 'cb.doi_song', 'cb.khoa_cua', 'cb.chu_the', 'cb.khoa_ho_so', 'cb.da_qua',
                      'cb.vao', 'cb.da_mat', 'cb.vi_tri_cua'))
UNION ALL
SELECT 'the policy nap of mt.ban_ghi is of ' || g.role
FROM acl.guarded g
WHERE g.bang = 'mt.ban_ghi' AND g.policy = 'nap' AND g.role <> acl.prefix() || 'publisher'
UNION ALL
SELECT f.name || ' cannot be called by those who read'
FROM unnest(ARRAY['vao', 'da_mat', 'dong_ho_nay', 'vi_tri_cua']) AS f (name)
WHERE NOT EXISTS (SELECT FROM pg_proc p
                  WHERE p.pronamespace = 'cb'::regnamespace AND p.proname = f.name
                    AND has_function_privilege(acl.prefix() || 'g_common', p.oid, 'EXECUTE'))
ORDER BY 1;

-- name: profiles
-- Return the profiles that have roles, and the role of each of their parts.
SELECT r.hash, p.body::text, jsonb_object_agg(r.part, r.role)
FROM acl.profile_role r
LEFT JOIN LATERAL (SELECT acl.profile_body(r.hash) AS body) p ON true
GROUP BY r.hash, p.body;

-- name: scopes
-- Return the rows that each role may read of each table.
SELECT s.role::text, s.bang, s.hien_hanh, s.xa,
       (SELECT jsonb_agg(to_jsonb(t) - 'role' - 'bang' ORDER BY t.cot) FROM acl.scope_term t
        WHERE t.role = s.role AND t.bang = s.bang)
FROM acl.scope s;
