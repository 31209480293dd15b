-- Who weighs what publishing would do counts rows by this role. Of every guarded table it reads the key, the administrative
-- unit, the validity, the geometry and what scopes may name: enough to count and to find a box, nothing of what rows tell.

DO $$
DECLARE
    thuoc constant text := current_database() || '_thuoc';
    bang record;
BEGIN
    EXECUTE format('CREATE ROLE %I NOLOGIN INHERIT', thuoc);
    EXECUTE format('GRANT %I TO %I', current_database() || '_g_common', thuoc);
    FOR bang IN
        SELECT g.bang, g.role,
               (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
                FROM pg_attribute a
                WHERE a.attrelid = g.bang::regclass AND a.attnum > 0 AND NOT a.attisdropped
                  AND (a.attname IN ('id', 'xa_id', 'geom', 'hieu_luc_den')
                       OR EXISTS (SELECT FROM acl.guarded d WHERE d.bang = g.bang AND d.policy = 'td'
                                  AND position(format('acl.dieu_kien(%L::text, %L::text)', g.bang, a.attname) IN d.qual) > 0))) AS cot
        FROM acl.guarded g
        WHERE g.policy = 't'
    LOOP
        EXECUTE format('GRANT %I TO %I', bang.role, thuoc);
        EXECUTE format('GRANT SELECT (%s) ON %s TO %I', bang.cot, bang.bang::regclass, thuoc);
    END LOOP;
    EXECUTE format('GRANT %I TO %I', thuoc, current_database() || '_publisher');
END $$;
