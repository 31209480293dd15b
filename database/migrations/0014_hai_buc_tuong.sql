-- Profiles, and the second wall: PostgreSQL itself knows which rows and columns a role may read, and does not believe the
-- application. Policies stand on group roles of each table and never change; publishing makes roles and memberships alone.

CREATE TABLE acl.profile (
    hash text COLLATE "C" PRIMARY KEY,
    body jsonb NOT NULL
);
COMMENT ON TABLE acl.profile IS 'Compiled profiles, as catalogue.profile.body_of writes them.';

CREATE TABLE acl.profile_in_force (
    subject text COLLATE "C" NOT NULL CHECK (subject = 'public' OR subject ~ '^account:[0-9]+$'),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    hash text COLLATE "C" NOT NULL REFERENCES acl.profile,
    because jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (subject, valid_from),
    EXCLUDE USING gist (subject WITH =, daterange(valid_from, valid_until) WITH &&)
);
CREATE INDEX profile_in_force_hash ON acl.profile_in_force (hash);
COMMENT ON TABLE acl.profile_in_force IS
    'Which profile is whose on which legal days, compiled in advance for every day on which something starts or ends.';
COMMENT ON COLUMN acl.profile_in_force.because IS
    'Codes of the agreements that give it, by collection and operation; subjects with equal profiles may have them by others.';

CREATE TABLE acl.left_out (
    subject text COLLATE "C" NOT NULL CHECK (subject = 'public' OR subject ~ '^account:[0-9]+$'),
    collection text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    pieces jsonb NOT NULL,
    PRIMARY KEY (subject, collection, valid_from),
    EXCLUDE USING gist (subject WITH =, collection WITH =, daterange(valid_from, valid_until) WITH &&)
);
COMMENT ON TABLE acl.left_out IS
    'Collections that profiles lack on which legal days, because their pieces cannot be put together; told once each.';
COMMENT ON COLUMN acl.left_out.pieces IS 'What stands in the way: [[code of the agreement, code of the function or null]].';

CREATE TABLE acl.profile_role (
    hash text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL,
    role name NOT NULL UNIQUE,
    unused_since timestamptz,
    PRIMARY KEY (hash, part)
);
COMMENT ON COLUMN acl.profile_role.unused_since IS 'When it was first seen that nobody needs the role; an export may still run by it.';
COMMENT ON TABLE acl.profile_role IS
    'The role of each part of a profile; its twins, which narrow rows by the box (_b) or the search (_s) of the request, besides.';

CREATE TABLE acl.scope (
    role name NOT NULL REFERENCES acl.profile_role (role) ON DELETE CASCADE,
    bang text COLLATE "C" NOT NULL,
    hien_hanh boolean NOT NULL,
    xa int[],
    PRIMARY KEY (role, bang)
);
COMMENT ON TABLE acl.scope IS 'Rows of a table that a role may read: in these administrative units (NULL: in all), in force only or all.';

CREATE TABLE acl.scope_term (
    role name NOT NULL,
    bang text COLLATE "C" NOT NULL,
    cot name NOT NULL,
    chu text[] COLLATE "C",
    so bigint[],
    logic boolean[],
    so_tu bigint,
    so_den bigint,
    ngay_tu date,
    ngay_den date,
    PRIMARY KEY (role, bang, cot),
    FOREIGN KEY (role, bang) REFERENCES acl.scope ON DELETE CASCADE
);
COMMENT ON TABLE acl.scope_term IS 'Further closed terms of a scope, one for each column; what is NULL does not limit.';

CREATE TABLE acl.guarded (
    bang text COLLATE "C" NOT NULL,
    policy name NOT NULL,
    role name NOT NULL,
    qual text NOT NULL,
    PRIMARY KEY (bang, policy)
);
COMMENT ON TABLE acl.guarded IS 'Every policy as it was made; the server compares them at each start.';

CREATE TABLE acl.taken (
    unit_id int NOT NULL,
    collection text COLLATE "C" NOT NULL,
    day date NOT NULL,
    items bigint NOT NULL,
    PRIMARY KEY (unit_id, collection, day)
);
COMMENT ON TABLE acl.taken IS 'Items that a unit took of a collection on a day of the calendar in Vietnam, where its agreement sets a quota; unit 0 is the public.';


-- Names of roles begin with that of the database for which they were made; a copy under another name keeps them.

DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION acl.prefix() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L::text',
                   current_database() || '_');
END $$;


-- What a policy asks: the scope of the role that the session has taken on. plpgsql keeps its plans.

CREATE FUNCTION acl.base_role() RETURNS name
LANGUAGE sql STABLE
RETURN regexp_replace(current_setting('role'), '_[bs]$', '')::name;

CREATE FUNCTION acl.pham_vi(bang text) RETURNS int[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT s.xa FROM acl.scope s WHERE s.role = acl.base_role() AND s.bang = $1);
END $$;

CREATE FUNCTION acl.chi_hien_hanh(bang text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT s.hien_hanh FROM acl.scope s WHERE s.role = acl.base_role() AND s.bang = $1);
END $$;

CREATE FUNCTION acl.dieu_kien(bang text, cot text) RETURNS acl.scope_term
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t acl.scope_term;
BEGIN
    SELECT * INTO t FROM acl.scope_term s WHERE s.role = acl.base_role() AND s.bang = $1 AND s.cot = $2;
    RETURN t;
END $$;

CREATE FUNCTION acl.req_bbox() RETURNS geometry
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    o constant float8[] := string_to_array(nullif(current_setting('datdai.hop', true), ''), ',')::float8[];
BEGIN
    RETURN ST_MakeEnvelope(o[1], o[2], o[3], o[4], 4326);
END $$;
COMMENT ON FUNCTION acl.req_bbox IS 'The box of the request in degrees, which narrows and never widens; none is NULL: no row.';


CREATE FUNCTION acl.req_search() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('datdai.tim', true), '');
COMMENT ON FUNCTION acl.req_search IS 'What the request searches for, as a pattern; it narrows and never widens; none is NULL: no row.';


-- Put a table behind the wall. Groups, by their last word: t all rows; h rows in force; x administrative units;
-- d further terms; b the box and s the search of the request, which no index could serve behind a policy that lacks
-- them: their operators are not leakproof. A role is in one group of a table.
--
-- A policy names the search as it is, so that the planner knows how often its words come: a frequent one is found on the
-- way, a rare one by its index. What the scope says stands inside nullif(..., false) IS NOT NULL, which the planner takes
-- for true of nearly every row: the statements say the same a second time, in words that it can count; counted twice,
-- rows seem so few that it would rather read and sort them all than follow an index to the end of a page. With a box they
-- are few, and the scope stands bare: it leads to the index of unit and box, which touches nothing that is hidden.

CREATE FUNCTION acl.ten_bang(bang regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = bang;
END;

-- Who weighs what publishing would do counts rows as <db>_thuoc. Of a guarded table it reads the key, the administrative unit,
-- the validity, the geometry and what scopes may name: enough to count and to find a box, nothing of what rows tell.

CREATE PROCEDURE acl.bao_ve(bang regclass, cot_dieu_kien text[] DEFAULT '{}')
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ten constant text := acl.ten_bang(bang);
    nhom constant text := acl.prefix() || 'g_' || replace(ten, '.', '_') || '_';
    co_han constant boolean := lg.co_cot(bang, 'hieu_luc_den');
    xa constant text := format('xa_id = ANY ((SELECT acl.pham_vi(%L))::int[])', ten);
    hien_hanh constant text := 'hieu_luc_den IS NULL';
    loc constant text := format('((NOT (SELECT acl.chi_hien_hanh(%L))) OR hieu_luc_den IS NULL)', ten);
    dieu_kien text;
    pham_vi text;
    qual text;
    chu text;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', bang);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', bang);
    CALL acl.them_policy(bang, ten, 'nap', acl.prefix() || 'loader', 'true', 'ALL');
    SELECT string_agg(acl.bieu_thuc_dieu_kien(bang, ten, each), ' AND ') INTO dieu_kien FROM unnest(cot_dieu_kien) each;
    FOREACH chu IN ARRAY ARRAY['t', 'th', 'x', 'xh', 'td', 'xd'] LOOP
        CONTINUE WHEN (chu LIKE '%h' AND NOT co_han) OR (chu LIKE '%d' AND dieu_kien IS NULL);
        pham_vi := concat_ws(' AND ',
            CASE WHEN chu LIKE 'x%' THEN xa END,
            CASE WHEN chu LIKE '%h' THEN hien_hanh END,
            CASE WHEN chu LIKE '%d' THEN dieu_kien END,
            CASE WHEN chu LIKE '%d' AND co_han THEN loc END);
        qual := concat_ws(' AND ',
            'nullif(' || nullif(concat_ws(' AND ',
                CASE WHEN chu LIKE 'x%' THEN xa END,
                CASE WHEN chu LIKE '%d' THEN dieu_kien END,
                CASE WHEN chu LIKE '%d' AND co_han THEN loc END), '') || ', false) IS NOT NULL',
            CASE WHEN chu LIKE '%h' THEN hien_hanh END);
        CALL acl.them_policy(bang, ten, chu, nhom || chu, coalesce(nullif(qual, ''), 'true'), 'SELECT');
        CONTINUE WHEN chu = 't';
        IF lg.co_cot(bang, 'geom') THEN
            CALL acl.them_policy(bang, ten, chu || 'b', nhom || chu || 'b', pham_vi || ' AND geom && acl.req_bbox()', 'SELECT');
        END IF;
        IF lg.co_cot(bang, 'tim') THEN
            CALL acl.them_policy(bang, ten, chu || 's', nhom || chu || 's', qual || ' AND tim LIKE acl.req_search()', 'SELECT');
        END IF;
    END LOOP;
    EXECUTE format('GRANT SELECT ON %s TO %I WITH GRANT OPTION', bang, acl.prefix() || 'role_maker');
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', split_part(ten, '.', 1), acl.prefix() || 'g_common',
                   acl.prefix() || 'role_maker');
    EXECUTE format('GRANT %I TO %I', nhom || 't', acl.prefix() || 'thuoc');
    EXECUTE format('GRANT SELECT (%s) ON %s TO %I',
                   (SELECT string_agg(quote_ident(each), ', ')
                    FROM unnest('{id, xa_id, geom, hieu_luc_den}' || cot_dieu_kien) each WHERE lg.co_cot(bang, each)),
                   bang, acl.prefix() || 'thuoc');
END $$;
COMMENT ON PROCEDURE acl.bao_ve IS
    'Puts a table (with xa_id; geom and hieu_luc_den where it has them) behind row security; names the columns of further terms.';

CREATE PROCEDURE acl.them_policy(bang regclass, ten text, policy text, vai_tro text, qual text, lenh text)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = vai_tro) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', vai_tro);
    END IF;
    IF lenh = 'SELECT' THEN
        EXECUTE format('GRANT %I TO %I WITH ADMIN OPTION', vai_tro, acl.prefix() || 'role_maker');
    END IF;
    EXECUTE format('CREATE POLICY %I ON %s FOR %s TO %I USING (%s)', policy, bang, lenh, vai_tro, qual);
    INSERT INTO acl.guarded (bang, policy, role, qual)
    SELECT ten, p.polname, vai_tro, pg_get_expr(p.polqual, p.polrelid)
    FROM pg_policy p WHERE p.polrelid = bang AND p.polname = policy;
END $$;

CREATE FUNCTION acl.bieu_thuc_dieu_kien(bang regclass, ten text, cot name) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kieu constant text := (SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
                           WHERE a.attrelid = bang AND a.attname = cot AND NOT a.attisdropped);
BEGIN
    CASE kieu
        WHEN 'text' THEN RETURN acl.bieu_thuc_chon(ten, cot, 'chu', 'text');
        WHEN 'boolean' THEN RETURN acl.bieu_thuc_chon(ten, cot, 'logic', 'boolean');
        WHEN 'date' THEN RETURN acl.bieu_thuc_khoang(ten, cot, 'ngay');
        WHEN 'smallint', 'integer', 'bigint' THEN
            RETURN acl.bieu_thuc_chon(ten, cot, 'so', 'bigint') || ' AND ' || acl.bieu_thuc_khoang(ten, cot, 'so');
        ELSE RAISE EXCEPTION 'a scope of rows cannot stand on %.%, which is %', ten, cot, kieu;
    END CASE;
END $$;

CREATE FUNCTION acl.bieu_thuc_chon(ten text, cot name, muc text, kieu text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format('((SELECT (acl.dieu_kien(%1$L, %2$L)).%3$I) IS NULL '
              'OR %2$I = ANY ((SELECT (acl.dieu_kien(%1$L, %2$L)).%3$I)::%4$s[]))', ten, cot, muc, kieu);

CREATE FUNCTION acl.bieu_thuc_khoang(ten text, cot name, muc text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format('((SELECT (acl.dieu_kien(%1$L, %2$L)).%3$I) IS NULL OR %2$I >= (SELECT (acl.dieu_kien(%1$L, %2$L)).%3$I)) '
              'AND ((SELECT (acl.dieu_kien(%1$L, %2$L)).%4$I) IS NULL OR %2$I < (SELECT (acl.dieu_kien(%1$L, %2$L)).%4$I))',
              ten, cot, muc || '_tu', muc || '_den');


-- A table that nobody but the loader reads: no profile role has a grant on it, and row security shuts it besides.

CREATE PROCEDURE acl.dong_kin(bang regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', bang);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', bang);
    CALL acl.them_policy(bang, acl.ten_bang(bang), 'nap', acl.prefix() || 'loader', 'true', 'ALL');
END $$;


-- Publishing: scope rows, roles, memberships. One function makes roles, by a fixed pattern of names; its owner cannot log in.

CREATE FUNCTION acl.publish_profile(hash text, body jsonb, parts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    phan jsonb;
BEGIN
    IF hash !~ '^[0-9a-f]{64}$' OR jsonb_array_length(parts) NOT BETWEEN 1 AND 999 THEN
        RAISE EXCEPTION 'not a profile' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE acl.profile_role IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM acl.profile_role r WHERE r.hash = publish_profile.hash) THEN
        RETURN;
    END IF;
    INSERT INTO acl.profile AS p VALUES (publish_profile.hash, publish_profile.body) ON CONFLICT DO NOTHING;
    FOR phan IN SELECT value FROM jsonb_array_elements(parts) LOOP
        PERFORM acl.make_part(publish_profile.hash, phan->>'part', phan->'views');
    END LOOP;
END $$;
COMMENT ON FUNCTION acl.publish_profile IS
    'Makes the roles of a profile, once; parts as catalogue.parts divides it: [{part, views: [{table, columns, in_force, terms}]}].';

CREATE FUNCTION acl.make_part(hash text, part text, views jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vai_tro constant name := acl.prefix() || 'p_' || left(hash, 20) || '_' || part;
    cung text;
    khung jsonb;
BEGIN
    IF part !~ '^[0-9]{1,3}$' THEN
        RAISE EXCEPTION 'not a part: %', part USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH cung IN ARRAY ARRAY['', '_b', '_s'] LOOP
        PERFORM acl.make_role(vai_tro || cung, 'INHERIT');
        EXECUTE format('GRANT %I TO %I', vai_tro || cung, acl.prefix() || 'app');
        EXECUTE format('GRANT %I TO %I', acl.prefix() || 'g_common', vai_tro || cung);
    END LOOP;
    INSERT INTO acl.profile_role (hash, part, role) VALUES (hash, part, vai_tro);
    FOR khung IN SELECT value FROM jsonb_array_elements(views) LOOP
        PERFORM acl.make_view(vai_tro, khung);
    END LOOP;
END $$;

CREATE FUNCTION acl.make_view(vai_tro name, khung jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten constant text := khung->>'table';
    nhom text := acl.prefix() || 'g_' || replace(ten, '.', '_') || '_';
    cot constant text[] := (SELECT array_agg(c ORDER BY c COLLATE "C") FROM jsonb_array_elements_text(khung->'columns') c);
    xa constant int[] := (SELECT array_agg(v::int ORDER BY v::int) FROM jsonb_array_elements(khung->'terms') t,
                          jsonb_array_elements_text(t->'one_of') v WHERE t->>'column' = 'xa_id');
    co_xa constant boolean := khung->'terms' @> '[{"column": "xa_id"}]';
    dieu_kien jsonb;
    so_dieu_kien int := 0;
    chu text;
    cung text;
    cot_vai_tro name;
BEGIN
    IF cot IS NULL OR NOT EXISTS (SELECT FROM acl.guarded g WHERE g.bang = ten AND g.policy = 't') THEN
        RAISE EXCEPTION 'no guarded table %, or no column of it', ten USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO acl.scope VALUES (vai_tro, ten, (khung->>'in_force')::boolean, CASE WHEN co_xa THEN coalesce(xa, '{}') END);
    FOR dieu_kien IN SELECT value FROM jsonb_array_elements(khung->'terms') WHERE value->>'column' <> 'xa_id' LOOP
        PERFORM acl.make_term(vai_tro, ten, dieu_kien);
        so_dieu_kien := so_dieu_kien + 1;
    END LOOP;
    chu := CASE WHEN co_xa THEN 'x' ELSE 't' END
        || CASE WHEN so_dieu_kien > 0 THEN 'd' WHEN (khung->>'in_force')::boolean THEN 'h' ELSE '' END;
    IF NOT EXISTS (SELECT FROM acl.guarded g WHERE g.bang = ten AND g.policy = chu) THEN
        RAISE EXCEPTION 'row security of % knows no such terms', ten USING ERRCODE = 'invalid_parameter_value';
    END IF;
    cot_vai_tro := acl.make_columns(ten, cot);
    FOREACH cung IN ARRAY ARRAY['', 'b', 's'] LOOP
        EXECUTE format('GRANT %I, %I TO %I', cot_vai_tro,
                       nhom || chu || (SELECT coalesce(max(cung), '') FROM acl.guarded g
                                       WHERE g.bang = ten AND g.policy = chu || cung
                                             AND CASE cung WHEN 'b' THEN 'geom' WHEN 's' THEN 'tim' END = ANY (cot)),
                       concat_ws('_', vai_tro, nullif(cung, '')));
    END LOOP;
END $$;

CREATE FUNCTION acl.make_term(vai_tro name, ten text, dieu_kien jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cot constant name := dieu_kien->>'column';
    kieu constant text := (SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
                           WHERE a.attrelid = ten::regclass AND a.attname = cot AND NOT a.attisdropped);
    chon constant text[] := (SELECT array_agg(v) FROM jsonb_array_elements_text(dieu_kien->'one_of') v);
    tu constant text := dieu_kien->>'begin';
    den constant text := dieu_kien->>'end';
    la_chon constant boolean := dieu_kien ? 'one_of';
BEGIN
    IF NOT EXISTS (SELECT FROM acl.guarded g WHERE g.bang = ten AND g.policy = 'td'
                   AND position(format('acl.dieu_kien(%L::text, %L::text)', ten, cot) IN g.qual) > 0)
        OR la_chon AND kieu = 'date' OR NOT la_chon AND kieu IN ('text', 'boolean') THEN
        RAISE EXCEPTION 'row security of % knows no such term on %', ten, cot USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO acl.scope_term (role, bang, cot, chu, so, logic, so_tu, so_den, ngay_tu, ngay_den)
    VALUES (vai_tro, ten, cot,
            CASE WHEN la_chon AND kieu = 'text' THEN coalesce(chon, '{}') END,
            CASE WHEN la_chon AND kieu LIKE '%int%' THEN coalesce(chon, '{}')::bigint[] END,
            CASE WHEN la_chon AND kieu = 'boolean' THEN coalesce(chon, '{}')::boolean[] END,
            CASE WHEN kieu <> 'date' AND NOT la_chon THEN tu::bigint END,
            CASE WHEN kieu <> 'date' AND NOT la_chon THEN den::bigint END,
            CASE WHEN kieu = 'date' THEN tu::date END,
            CASE WHEN kieu = 'date' THEN den::date END);
END $$;

CREATE FUNCTION acl.make_columns(ten text, cot text[]) RETURNS name
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vai_tro constant name := acl.prefix() || 'c_' || replace(ten, '.', '_') || '_' || left(md5(array_to_string(cot, ',')), 12);
    cac_cot constant text := (SELECT string_agg(format('%I', c), ', ') FROM unnest(cot) c);
BEGIN
    PERFORM acl.make_role(vai_tro, 'NOINHERIT');
    IF (SELECT count(*) FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x
        WHERE a.attrelid = ten::regclass AND a.attname = ANY (cot) AND NOT a.attisdropped
          AND x.grantee = vai_tro::regrole AND x.privilege_type = 'SELECT') < cardinality(cot) THEN
        EXECUTE format('GRANT SELECT (%s) ON %s TO %I', cac_cot, ten::regclass, vai_tro);
    END IF;
    RETURN vai_tro;
END $$;
COMMENT ON FUNCTION acl.make_columns IS
    'The role that may read just these columns. A grant that stands is not repeated: it would have everybody plan anew what reads the table.';

CREATE FUNCTION acl.make_role(vai_tro name, ke_thua text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I NOLOGIN %s', vai_tro, ke_thua);
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- equal names mean equal contents, also in another copy of this database
END $$;

CREATE FUNCTION acl.put_in_force(subject text, segments jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tu constant date := (SELECT min((s->>'from')::date) FROM jsonb_array_elements(segments) s);
BEGIN
    DELETE FROM acl.profile_in_force p WHERE p.subject = put_in_force.subject AND p.valid_from >= tu;
    UPDATE acl.profile_in_force p SET valid_until = tu
    WHERE p.subject = put_in_force.subject AND (p.valid_until IS NULL OR p.valid_until > tu);
    INSERT INTO acl.profile_in_force (subject, valid_from, valid_until, hash, because)
    SELECT put_in_force.subject, (s->>'from')::date, (s->>'until')::date, s->>'hash', coalesce(s->'because', '{}')
    FROM jsonb_array_elements(segments) s;
END $$;
COMMENT ON FUNCTION acl.put_in_force IS
    'Sets which profile is a subject''s from a day on: [{from, until, hash, because}], without gaps; what was before stays as it was.';

CREATE FUNCTION acl.drop_unused() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vai_tro name;
    so int := 0;
BEGIN
    LOCK TABLE acl.profile_role IN SHARE ROW EXCLUSIVE MODE;
    UPDATE acl.profile_role r
    SET unused_since = CASE WHEN r.hash <> '' AND NOT EXISTS (
            SELECT FROM acl.profile_in_force p
            WHERE p.hash = r.hash AND (p.valid_until IS NULL OR p.valid_until >= lg.hom_nay()))
        THEN coalesce(r.unused_since, clock_timestamp()) END;
    FOR vai_tro IN
        DELETE FROM acl.profile_role r WHERE r.unused_since < clock_timestamp() - interval '1 day' RETURNING r.role
    LOOP
        EXECUTE format('DROP ROLE IF EXISTS %I, %I, %I', vai_tro, vai_tro || '_b', vai_tro || '_s');
        so := so + 1;
    END LOOP;
    RETURN so;
END $$;
COMMENT ON FUNCTION acl.drop_unused IS 'Drops the roles that nobody has needed for a day; what they held stays written down.';


-- The door. A token, a session or nobody comes in; the role of its profile is taken on for the rest of the transaction.
-- SQLSTATE DD002: the profile is not this one any more. DD003: no such token or session, or it has ended.

CREATE FUNCTION acl.subject_of(loai text, khoa text, ngay date) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ai int;
BEGIN
    CASE loai
        WHEN 'public' THEN
            RETURN 'public';
        WHEN 'token' THEN
            SELECT t.account_id INTO ai
            FROM oauth.token t
            LEFT JOIN oauth.client c ON c.id = t.client_id
            WHERE t.hash = khoa AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND c.revoked_at IS NULL;
        WHEN 'session' THEN
            SELECT s.account_id INTO ai
            FROM oauth.session s
            WHERE s.hash = khoa AND s.ended_at IS NULL AND s.expires_at > clock_timestamp();
        ELSE
            RETURN NULL;
    END CASE;
    IF EXISTS (SELECT FROM acl.stale_profile p WHERE p.account_id = ai) THEN
        RAISE EXCEPTION 'another profile is about to be in force' USING ERRCODE = 'DD002';
    END IF;
    RETURN (SELECT 'account:' || a.id
            FROM acl.account a
            JOIN acl.unit u ON u.id = a.unit_id
            WHERE a.id = ai AND a.state = 'active' AND (a.ends_on IS NULL OR a.ends_on > ngay)
              AND (a.password_until IS NULL OR a.password_until > clock_timestamp())
              AND (u.valid_until IS NULL OR u.valid_until > ngay));
END $$;
COMMENT ON FUNCTION acl.subject_of IS
    'Whose profile a principal has, NULL for who may not act; who is to be published anew waits: SQLSTATE DD002.';

CREATE FUNCTION acl.hash_of(subject text, ngay date) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT p.hash FROM acl.profile_in_force p
                     WHERE p.subject = hash_of.subject AND p.valid_from <= ngay
                       AND (p.valid_until IS NULL OR p.valid_until > ngay)), '');
END $$;
COMMENT ON FUNCTION acl.hash_of IS 'The profile of a subject on a legal day; empty: nothing was ever published for it.';

CREATE FUNCTION acl.role_for(loai text, khoa text, profile_hash text, part text, cung text) RETURNS name
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ngay constant date := lg.hom_nay();
    subject constant text := acl.subject_of(loai, khoa, ngay);
    vai_tro name;
BEGIN
    IF subject IS NULL THEN
        RAISE EXCEPTION 'no such principal' USING ERRCODE = 'DD003';
    END IF;
    IF acl.hash_of(subject, ngay) <> profile_hash THEN
        RAISE EXCEPTION 'another profile is in force' USING ERRCODE = 'DD002';
    END IF;
    SELECT r.role INTO vai_tro FROM acl.profile_role r WHERE r.hash = profile_hash AND r.part = role_for.part;
    IF vai_tro IS NULL THEN
        RAISE EXCEPTION 'the profile has no such part' USING ERRCODE = 'DD002';
    END IF;
    RETURN concat_ws('_', vai_tro, CASE WHEN cung IN ('b', 's') THEN cung END);
END $$;

CREATE FUNCTION acl.enter(loai text, khoa text, profile_hash text, part text, hop float8[], tim text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cung constant text := CASE WHEN hop IS NOT NULL THEN 'b' WHEN tim IS NOT NULL THEN 's' END;
    vai_tro constant name := acl.role_for(loai, khoa, profile_hash, part, cung);
BEGIN
    PERFORM set_config('datdai.hop', coalesce(array_to_string(hop, ','), ''), true),
            set_config('datdai.tim', coalesce('%' || dm.de_tim(tim) || '%', ''), true),
            set_config('role', vai_tro, true);
END $$;
COMMENT ON FUNCTION acl.enter IS
    'Takes on the role of a part of a principal''s profile for the rest of the transaction. hop and tim narrow, they never widen.';

CREATE FUNCTION acl.agreements_of(subject text, ngay date) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT p.because FROM acl.profile_in_force p
            WHERE p.subject = agreements_of.subject AND p.valid_from <= ngay
              AND (p.valid_until IS NULL OR p.valid_until > ngay));
END $$;
COMMENT ON FUNCTION acl.agreements_of IS
    'Codes of the agreements that give what a subject may see on a legal day, by collection and operation.';

CREATE FUNCTION acl.caller_of(loai text, khoa text)
RETURNS TABLE (subject text, account_id int, account text, account_kind text, unit_id int, unit text,
               client_id text, scopes text[], profile_hash text, networks text[], client_networks text[], agreements jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ngay constant date := lg.hom_nay();
    ai constant text := acl.subject_of(loai, khoa, ngay);
BEGIN
    IF ai IS NULL THEN
        RAISE EXCEPTION 'no such principal' USING ERRCODE = 'DD003';
    END IF;
    RETURN QUERY
        SELECT ai, a.id, a.code, a.kind, u.id, u.code, t.client_id, t.scopes, acl.hash_of(ai, ngay),
               t.networks::text[], c.networks::text[], acl.agreements_of(ai, ngay)
        FROM (SELECT) AS one
        LEFT JOIN acl.account a ON ai = 'account:' || a.id
        LEFT JOIN acl.unit u ON u.id = a.unit_id
        LEFT JOIN oauth.token t ON loai = 'token' AND t.hash = khoa
        LEFT JOIN oauth.client c ON c.id = t.client_id;
END $$;

CREATE FUNCTION acl.profile_body(hash text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.body FROM acl.profile p WHERE p.hash = profile_body.hash;
END;


-- Counts and versions of what the role that asks may see: in its own administrative units, and in those asked for.

CREATE FUNCTION acl.trong_pham_vi(bang text, xa int[]) RETURNS int[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s acl.scope;
BEGIN
    IF current_setting('role') = 'none' THEN
        RETURN xa; -- the owner; nobody else may call this without a profile role
    END IF;
    SELECT * INTO s FROM acl.scope t WHERE t.role = acl.base_role() AND t.bang = $1;
    IF s.role IS NULL THEN
        RAISE EXCEPTION 'no scope on %', bang USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN s.xa IS NULL THEN xa WHEN xa IS NULL THEN s.xa
                ELSE ARRAY(SELECT unnest(s.xa) INTERSECT SELECT unnest(xa)) END;
END $$;

CREATE FUNCTION lg.so_dong(bang text, chi_hien_hanh boolean, xa int[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM acl.scope s
               WHERE s.role = acl.base_role() AND s.bang = $1
                 AND (s.hien_hanh AND chi_hien_hanh IS NOT TRUE
                      OR EXISTS (SELECT FROM acl.scope_term t WHERE t.role = s.role AND t.bang = s.bang))) THEN
        RAISE EXCEPTION 'the change log counts more of % than may be seen', bang USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN lg.so_dong_trong(bang, chi_hien_hanh, acl.trong_pham_vi(bang, xa));
END $$;
COMMENT ON FUNCTION lg.so_dong IS
    'Exact number of rows of a table in the administrative units of the role that asks, or in those of them that it names; refused where the role may not see all of these.';

CREATE FUNCTION lg.phien_ban_cua(bang text, xa int[]) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN lg.phien_ban_trong(bang, acl.trong_pham_vi(bang, xa));
END $$;
COMMENT ON FUNCTION lg.phien_ban_cua IS
    'Version of a table in the administrative units of the role that asks, or in those of them that it names.';


DO $$
DECLARE
    t constant text := current_database() || '_';
    ham regprocedure;
BEGIN
    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT CREATEROLE', t || 'role_maker');
    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', t || 'g_common');
    EXECUTE format('CREATE ROLE %I NOLOGIN INHERIT', t || 'thuoc');
    EXECUTE format('GRANT %I TO %I', t || 'g_common', t || 'thuoc');
    EXECUTE format('GRANT %I TO %I', t || 'thuoc', t || 'publisher');
    EXECUTE format('GRANT %I TO %I WITH ADMIN OPTION', t || 'g_common', t || 'role_maker');
    FOR ham IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace IN ('acl'::regnamespace, 'lg'::regnamespace) LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA hc, dm, lg, acl TO %I', t || 'g_common');
    EXECUTE format('GRANT SELECT ON dm.muc TO %I', t || 'g_common');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.hom_nay, lg.so_dong, lg.phien_ban_cua, acl.base_role, acl.pham_vi, '
                   'acl.chi_hien_hanh, acl.dieu_kien, acl.req_bbox, acl.req_search TO %I', t || 'g_common');
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.enter, acl.role_for, acl.caller_of, acl.profile_body, lg.hom_nay TO %I',
                   t || 'app');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.so_dong_trong, lg.hom_nay TO %I', t || 'loader');
    EXECUTE format('GRANT SELECT ON lg.moc_dem, lg.dem, lg.thay_doi, lg.cong_tru TO %I', t || 'loader');
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg, hc, dc, tk, qh, gd, hs TO %I', t || 'role_maker');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON acl.profile, acl.profile_in_force, acl.profile_role, acl.scope, '
                   'acl.scope_term TO %I', t || 'role_maker');
    EXECUTE format('GRANT SELECT ON acl.guarded TO %I', t || 'role_maker');
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.prefix, acl.make_part, acl.make_view, acl.make_term, acl.make_columns, '
                   'acl.make_role, lg.hom_nay TO %I', t || 'role_maker');
    FOREACH ham IN ARRAY ARRAY['acl.publish_profile(text, jsonb, jsonb)', 'acl.put_in_force(text, jsonb)', 'acl.drop_unused()']::regprocedure[] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', ham, t || 'role_maker');
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', ham, t || 'publisher');
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg, hc TO %I, %I', t || 'publisher', t || 'identity');
    EXECUTE format('GRANT SELECT ON acl.profile, acl.profile_in_force, acl.profile_role, acl.scope, acl.scope_term, acl.guarded '
                   'TO %I, %I', t || 'publisher', t || 'identity');
    EXECUTE format('GRANT SELECT ON acl.left_out TO %I, %I', t || 'publisher', t || 'identity');
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON acl.left_out TO %I', t || 'publisher');
    EXECUTE format('GRANT SELECT ON acl.profile_role, acl.scope, acl.scope_term, acl.guarded, dm.muc TO %I', t || 'app');
    EXECUTE format('GRANT USAGE ON SCHEMA hc, dm TO %I', t || 'app');
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.hom_nay, acl.prefix, acl.hash_of TO %I, %I', t || 'publisher', t || 'identity');
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.prefix TO %I', t || 'app');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON acl.taken TO %I', t || 'identity');
END $$;

CALL acl.bao_ve('hc.don_vi', '{hieu_luc_tu}');
CALL acl.bao_ve('dc.thua_dat', '{nhom_dat_chinh, trang_thai, hieu_luc_tu}');
CALL acl.bao_ve('dc.muc_dich');
CALL acl.bao_ve('dc.giay_chung_nhan', '{trang_thai, ngay_cap}');
CALL acl.bao_ve('dc.tai_san', '{loai}');
CALL acl.bao_ve('dc.quyen_su_dung_dat', '{loai_doi_tuong, hieu_luc_tu}');
CALL acl.bao_ve('dc.bien_dong', '{loai, ngay_dang_ky}');
CALL acl.bao_ve('dc.han_che', '{loai}');
CALL acl.bao_ve('dc.moc', '{loai}');
CALL acl.bao_ve('dc.chi_gioi', '{loai}');
CALL acl.bao_ve('tk.khoanh_dat', '{nhom_dat, nam}');
CALL acl.bao_ve('tk.bieu', '{nam}');
CALL acl.bao_ve('qh.phuong_an', '{cap}');
CALL acl.bao_ve('qh.vung', '{ma_loai_dat_qh, nam_quy_hoach}');
CALL acl.bao_ve('qh.chi_tieu');
CALL acl.bao_ve('qh.ke_hoach', '{nam}');
CALL acl.bao_ve('qh.cong_trinh', '{nam}');
CALL acl.bao_ve('gd.bang_gia', '{hieu_luc_tu}');
CALL acl.bao_ve('gd.doan_duong', '{hieu_luc_tu}');
CALL acl.bao_ve('gd.vi_tri');
CALL acl.bao_ve('gd.vung_gia_tri', '{hieu_luc_tu}');
CALL acl.bao_ve('gd.gia_thua', '{thoi_diem}');
CALL acl.bao_ve('hs.ho_so', '{trang_thai, giai_doan_thue, ngay_nhan}');

-- Every column that a further term may stand on has an index, for the values that few rows have.

CREATE INDEX thua_dat_trang_thai ON dc.thua_dat (trang_thai, id);
CREATE INDEX gcn_trang_thai ON dc.giay_chung_nhan (trang_thai, id);
CREATE INDEX ho_so_giai_doan_thue ON hs.ho_so (giai_doan_thue, id);

CALL acl.dong_kin('hc.chuyen_doi');
CALL acl.dong_kin('dc.nguoi');
CALL acl.dong_kin('dc.tai_lieu_do_dac');
CALL acl.dong_kin('dc.thua_dat_pha_he');
CALL acl.dong_kin('gd.quy_tac');
CALL acl.dong_kin('hs.thu_tuc');
CALL acl.dong_kin('hs.buoc');
CALL acl.dong_kin('hs.ho_so_thua');
CALL acl.dong_kin('hs.thanh_phan');

-- For whom nothing was published: a role without any table.

SELECT acl.make_part('', '0', '[]');
