-- Agreements: what a unit may see, in versions; the body of a version is its clauses as JSON. Packages of default sharing
-- are agreements without a recipient that give nobody anything until a unit joins. Days are legal days.

CREATE TABLE acl.layer_manager (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text COLLATE "C" NOT NULL CHECK (layer ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    territory int REFERENCES hc.don_vi,
    unit_id int NOT NULL REFERENCES acl.unit,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    EXCLUDE USING gist (layer WITH =, (coalesce(territory, 0)) WITH =, daterange(valid_from, valid_until) WITH &&)
);
COMMENT ON TABLE acl.layer_manager IS
    'The managing unit (đơn vị quản lý dữ liệu) of a layer in a territory; where nothing is said it is the Sở.';
COMMENT ON COLUMN acl.layer_manager.territory IS 'An administrative unit with all below it; NULL is the whole province.';

CREATE TABLE acl.manager_change (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id int REFERENCES acl.layer_manager,
    layer text COLLATE "C" NOT NULL CHECK (layer ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    territory int REFERENCES hc.don_vi,
    unit_id int NOT NULL REFERENCES acl.unit,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    state text COLLATE "C" NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn')),
    proposed_by int NOT NULL REFERENCES acl.account,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '5 days',
    decided_by int REFERENCES acl.account,
    decided_at timestamptz,
    decided_in xid8,
    answer text COLLATE "C" CHECK (answer <> '' AND answer IS NFC NORMALIZED),
    CHECK (entry_id IS NULL OR valid_until IS NOT NULL),
    CHECK (expires_at > proposed_at AND expires_at <= proposed_at + interval '5 days'),
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((state = 'approved') = (decided_in IS NOT NULL)),
    CHECK ((state = 'refused') = (answer IS NOT NULL)),
    CONSTRAINT two_persons CHECK (state NOT IN ('approved', 'refused') OR decided_by <> proposed_by),
    CONSTRAINT own_proposal CHECK (state <> 'withdrawn' OR decided_by = proposed_by),
    CONSTRAINT in_time CHECK (state <> 'approved' OR decided_at < expires_at)
);
COMMENT ON TABLE acl.manager_change IS
    'What one officer proposed of managing units, and what a second one said to it; nothing of it counts until then.';
COMMENT ON COLUMN acl.manager_change.entry_id IS 'The entry that would end on valid_until; NULL where a unit would be named.';
COMMENT ON COLUMN acl.manager_change.decided_at IS 'By the clock of the database: nobody says when it was.';
COMMENT ON COLUMN acl.manager_change.answer IS 'Why it was refused.';
COMMENT ON COLUMN acl.manager_change.decided_in IS 'The transaction of the approval: in it, and in no other, the change may be done.';
ALTER TABLE acl.notice ADD FOREIGN KEY (manager_change_id) REFERENCES acl.manager_change;

CREATE TABLE acl.request (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    data text COLLATE "C" NOT NULL CHECK (data <> '' AND data IS NFC NORMALIZED),
    purpose text COLLATE "C" NOT NULL CHECK (purpose <> '' AND purpose IS NFC NORMALIZED),
    legal_basis text COLLATE "C" NOT NULL CHECK (legal_basis <> '' AND legal_basis IS NFC NORMALIZED),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    state text COLLATE "C" NOT NULL DEFAULT 'sent'
        CHECK (state IN ('sent', 'answered', 'preparing', 'agreed', 'refused', 'withdrawn'))
);
COMMENT ON COLUMN acl.request.code IS
    'The code of the unit, a point, and what the unit calls it: no unit learns of codes of another one, nor takes them.';
COMMENT ON TABLE acl.request IS 'A special request (yêu cầu đặc thù) of a unit: what it asks for is never edited.';

CREATE TABLE acl.request_step (
    request_id int NOT NULL REFERENCES acl.request,
    number int NOT NULL CHECK (number > 0),
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('sent', 'answered', 'preparing', 'agreed', 'refused', 'withdrawn')),
    note text COLLATE "C" NOT NULL CHECK (note <> '' AND note IS NFC NORMALIZED),
    account_id int NOT NULL REFERENCES acl.account,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (request_id, number)
);
COMMENT ON COLUMN acl.request_step.note IS 'The answer, what is being prepared, or the reason of a refusal.';

CREATE TABLE acl.agreement (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('mac_dinh', 'dac_thu', 'cong_khai', 'goi')),
    recipient_id int REFERENCES acl.unit CHECK ((recipient_id IS NULL) = (kind IN ('cong_khai', 'goi'))),
    title text COLLATE "C" CHECK (title <> '' AND title IS NFC NORMALIZED),
    package_id int REFERENCES acl.agreement CHECK (package_id IS NULL OR kind = 'mac_dinh'),
    request_id int REFERENCES acl.request CHECK (request_id IS NULL OR kind = 'dac_thu')
);
COMMENT ON TABLE acl.agreement IS
    'An agreement (thỏa thuận chia sẻ) of a recipient unit, a publication to everybody, or a package (gói), which gives nothing by itself.';

CREATE TABLE acl.agreement_version (
    agreement_id int NOT NULL REFERENCES acl.agreement,
    number int NOT NULL CHECK (number > 0),
    state text COLLATE "C" NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'proposed', 'accepted', 'published', 'superseded', 'revoked')),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    body_hash text COLLATE "C" NOT NULL,
    round int NOT NULL DEFAULT 1,
    maker int REFERENCES acl.account,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    checker int REFERENCES acl.account,
    published_at timestamptz,
    ended_by int REFERENCES acl.account,
    ended_at timestamptz,
    reason text COLLATE "C" CHECK (reason IS NFC NORMALIZED),
    PRIMARY KEY (agreement_id, number),
    CONSTRAINT two_officers CHECK (checker <> maker),
    CONSTRAINT one_published EXCLUDE USING gist (agreement_id WITH =, daterange(valid_from, valid_until) WITH &&)
        WHERE (state = 'published')
);
CREATE UNIQUE INDEX agreement_in_work ON acl.agreement_version (agreement_id)
    WHERE state IN ('draft', 'proposed', 'accepted');
COMMENT ON COLUMN acl.agreement_version.body IS
    'The document number, purpose, legal basis and validity as agreed, and grants: clauses, each as catalogue.profile writes a collection: layer, columns, rows, geometry, operations, formats, limits.';
COMMENT ON COLUMN acl.agreement_version.body_hash IS 'Lower-case hexadecimal SHA-256 of the body: what the heads accept.';
COMMENT ON COLUMN acl.agreement_version.round IS 'Raised when a version becomes a draft again: what was accepted before is void.';
COMMENT ON COLUMN acl.agreement_version.valid_until IS
    'As agreed, or earlier: the day on which the next version begins, or an end that was set later.';

ALTER TABLE acl.notice ADD FOREIGN KEY (agreement_id, agreement_number) REFERENCES acl.agreement_version;

CREATE TABLE acl.agreement_party (
    agreement_id int NOT NULL,
    number int NOT NULL,
    round int NOT NULL,
    body_hash text COLLATE "C" NOT NULL,
    unit_id int NOT NULL REFERENCES acl.unit,
    role text COLLATE "C" NOT NULL CHECK (role IN ('recipient', 'managing')),
    PRIMARY KEY (agreement_id, number, round, unit_id, role),
    FOREIGN KEY (agreement_id, number) REFERENCES acl.agreement_version
);
COMMENT ON TABLE acl.agreement_party IS 'Who has to accept one body of a version, each time it is proposed, before it may be published.';

CREATE TABLE acl.acceptance (
    agreement_id int NOT NULL,
    number int NOT NULL,
    round int NOT NULL,
    body_hash text COLLATE "C" NOT NULL,
    unit_id int NOT NULL REFERENCES acl.unit,
    account_id int NOT NULL REFERENCES acl.account,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agreement_id, number, round, unit_id),
    FOREIGN KEY (agreement_id, number) REFERENCES acl.agreement_version
);
COMMENT ON TABLE acl.acceptance IS 'Acceptances; one of another body than the present one, or of an earlier round, counts for nothing.';

CREATE TABLE acl.effect_seen (
    agreement_id int NOT NULL,
    number int NOT NULL,
    round int NOT NULL,
    body_hash text COLLATE "C" NOT NULL,
    account_id int NOT NULL REFERENCES acl.account,
    effect_hash text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agreement_id, number, round, body_hash, account_id, effect_hash),
    FOREIGN KEY (agreement_id, number) REFERENCES acl.agreement_version
);
COMMENT ON TABLE acl.effect_seen IS 'Who saw what publishing an accepted body would do: nobody else publishes it.';
COMMENT ON COLUMN acl.effect_seen.effect_hash IS
    'Digest of what that effect rested on: the body, functions and holdings of the recipient, its agreements.';

CREATE TABLE acl.joining (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    package_id int NOT NULL,
    package_number int NOT NULL,
    unit_id int NOT NULL REFERENCES acl.unit,
    officer_id int REFERENCES acl.account,
    head_id int REFERENCES acl.account,
    agreement_id int,
    number int,
    state text COLLATE "C" NOT NULL DEFAULT 'begun' CHECK (state IN ('begun', 'joined', 'expired')),
    begun_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '5 days',
    FOREIGN KEY (package_id, package_number) REFERENCES acl.agreement_version,
    FOREIGN KEY (agreement_id, number) REFERENCES acl.agreement_version,
    CHECK (officer_id <> head_id),
    CHECK (num_nulls(agreement_id, number) IN (0, 2)),
    CHECK ((agreement_id IS NOT NULL) = (state = 'joined')),
    CHECK (agreement_id IS NULL OR num_nulls(officer_id, head_id) = 0),
    CHECK (expires_at > begun_at AND expires_at <= begun_at + interval '5 days')
);
CREATE UNIQUE INDEX joining_open ON acl.joining (package_id, package_number, unit_id) WHERE state = 'begun';
COMMENT ON TABLE acl.joining IS 'A unit joins a package: one act of an officer of the Sở and the head of the unit.';
COMMENT ON COLUMN acl.joining.state IS
    'A joining may be completed for five days while who began it may act; expired is written once it is begun anew.';

CREATE TABLE acl.succession (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    from_unit int NOT NULL REFERENCES acl.unit,
    takes_effect date NOT NULL,
    legal_basis text COLLATE "C" NOT NULL CHECK (legal_basis <> '' AND legal_basis IS NFC NORMALIZED),
    state text COLLATE "C" NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'refused')),
    maker int NOT NULL REFERENCES acl.account,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '5 days',
    checker int REFERENCES acl.account CHECK (checker <> maker),
    decided_at timestamptz,
    CHECK ((state = 'draft') = (checker IS NULL) AND (checker IS NULL) = (decided_at IS NULL)),
    CHECK (expires_at > made_at AND expires_at <= made_at + interval '5 days'),
    CONSTRAINT in_time CHECK (state <> 'approved' OR decided_at < expires_at)
);
COMMENT ON TABLE acl.succession IS
    'A migration of agreements from a unit to its successors: drafted, then approved by another within five days.';
COMMENT ON COLUMN acl.succession.decided_at IS 'By the clock of the database, as made_at: nobody says when it was.';

CREATE TABLE acl.succession_successor (
    succession_id int NOT NULL REFERENCES acl.succession,
    unit_id int NOT NULL REFERENCES acl.unit,
    rows text COLLATE "C" NOT NULL CHECK (rows IN ('keep', 'own', 'none')),
    PRIMARY KEY (succession_id, unit_id)
);
COMMENT ON COLUMN acl.succession_successor.rows IS
    'Of what is limited to a territory: all rows of the old unit, or those of its own territory alone; none: no agreement at all.';

CREATE TABLE acl.succession_item (
    succession_id int NOT NULL REFERENCES acl.succession,
    to_unit int NOT NULL,
    agreement_id int NOT NULL,
    number int NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    made_agreement int,
    made_number int,
    PRIMARY KEY (succession_id, to_unit, agreement_id, number),
    UNIQUE (made_agreement, made_number),
    FOREIGN KEY (succession_id, to_unit) REFERENCES acl.succession_successor,
    FOREIGN KEY (agreement_id, number) REFERENCES acl.agreement_version,
    FOREIGN KEY (made_agreement, made_number) REFERENCES acl.agreement_version,
    CHECK (num_nulls(made_agreement, made_number) IN (0, 2))
);
COMMENT ON TABLE acl.succession_item IS 'One version that moves to one successor; each keeps the days that it has.';
COMMENT ON COLUMN acl.succession_item.body IS 'The body that the agreement of the successor will have.';


-- What is written stays. The DBA, who could switch these guards off, is not bound by the ones that say so.

CREATE FUNCTION acl.la_dba() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_has_role(session_user, c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = 'acl.agreement'::regclass;
END;

-- Two officers are two persons: one person's second account is not another one.

CREATE FUNCTION acl.la_mot_nguoi(mot int, hai int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT mot = hai OR EXISTS (
        SELECT FROM acl.account a, acl.account b
        WHERE a.id = mot AND b.id = hai AND CASE
            WHEN a.unit_id = b.unit_id AND a.person_code <> b.person_code THEN false
            WHEN a.unit_id = b.unit_id AND a.person_code = b.person_code THEN true
            ELSE upper(a.person COLLATE "und-x-icu") = upper(b.person COLLATE "und-x-icu") END)
$$;
COMMENT ON FUNCTION acl.la_mot_nguoi IS
    'Whether two accounts are, or may be, one person''s: by the number in the staff list, else by the name.';

CREATE FUNCTION acl.hai_can_bo() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mot constant int := to_jsonb(new) ->> TG_ARGV[0];
    hai constant int := to_jsonb(new) ->> TG_ARGV[1];
BEGIN
    IF mot <> hai AND NOT acl.la_dba() AND coalesce(acl.la_mot_nguoi(mot, hai), true) THEN
        RAISE EXCEPTION 'a second person decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'two_persons';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER hai_can_bo BEFORE INSERT OR UPDATE ON acl.agreement_version
    FOR EACH ROW WHEN (new.checker IS NOT NULL) EXECUTE FUNCTION acl.hai_can_bo('maker', 'checker');
CREATE TRIGGER hai_can_bo BEFORE INSERT OR UPDATE ON acl.joining
    FOR EACH ROW EXECUTE FUNCTION acl.hai_can_bo('officer_id', 'head_id');
CREATE TRIGGER hai_can_bo BEFORE INSERT OR UPDATE ON acl.succession
    FOR EACH ROW EXECUTE FUNCTION acl.hai_can_bo('maker', 'checker');
CREATE TRIGGER hai_can_bo BEFORE INSERT OR UPDATE ON acl.unit_succession
    FOR EACH ROW EXECUTE FUNCTION acl.hai_can_bo('proposed_by', 'decided_by');
CREATE TRIGGER hai_can_bo BEFORE INSERT OR UPDATE ON acl.manager_change
    FOR EACH ROW EXECUTE FUNCTION acl.hai_can_bo('proposed_by', 'decided_by');

-- Who manages a layer has to accept what is shared of it: nobody is named or ended unless two officers did it, in this transaction.

CREATE FUNCTION acl.la_can_bo_chia_se(tai_khoan int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
        WHERE a.id = tai_khoan AND a.state = 'active' AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay())
              AND u.kind = 'so' AND daterange(u.valid_from, u.valid_until) @> lg.hom_nay()
              AND (a.kind IN ('system_admin', 'unit_head') OR a.kind = 'individual' AND EXISTS (
                  SELECT FROM acl.account_function g JOIN acl.function f ON f.id = g.function_id
                  WHERE g.account_id = a.id AND f.code = 'chia-se-du-lieu'
                        AND daterange(g.valid_from, g.valid_until) @> lg.hom_nay()
                        AND daterange(f.valid_from, f.valid_until) @> lg.hom_nay())));
END;
COMMENT ON FUNCTION acl.la_can_bo_chia_se IS 'Whether an account acts for the Sở in agreements today.';

CREATE FUNCTION acl.giu_viec_quan_ly() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND new.state <> 'proposed' OR TG_OP = 'UPDATE' AND old.state <> 'proposed' THEN
        RAISE EXCEPTION 'a change begins as proposed and is decided once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    IF new.state IN ('proposed', 'approved') AND NOT acl.la_can_bo_chia_se(new.proposed_by)
       OR new.decided_by IS NOT NULL AND NOT acl.la_can_bo_chia_se(new.decided_by) THEN
        RAISE EXCEPTION 'officers of the Sở name who manages a layer'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'officers';
    END IF;
    IF new.decided_by IS NOT NULL THEN
        new.decided_at := clock_timestamp();
    END IF;
    IF new.state = 'approved' THEN
        new.decided_in := pg_current_xact_id();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_viec_quan_ly BEFORE INSERT OR UPDATE ON acl.manager_change
    FOR EACH ROW EXECUTE FUNCTION acl.giu_viec_quan_ly();

CREATE FUNCTION acl.giu_quan_ly() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_dba() AND NOT EXISTS (
        SELECT FROM acl.manager_change c
        WHERE c.state = 'approved' AND c.decided_in = pg_current_xact_id_if_assigned()
              AND (c.layer, c.unit_id, c.valid_from) = (new.layer, new.unit_id, new.valid_from)
              AND (c.territory, c.valid_until) IS NOT DISTINCT FROM (new.territory, new.valid_until)
              AND c.entry_id IS NOT DISTINCT FROM CASE TG_OP WHEN 'UPDATE' THEN new.id END) THEN
        RAISE EXCEPTION 'one officer alone does not name or end a managing unit'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'hai_nguoi';
    END IF;
    IF TG_OP = 'UPDATE' AND NOT acl.la_dba() AND (new.valid_until < lg.hom_nay() OR new.valid_until > old.valid_until) THEN
        RAISE EXCEPTION 'nobody is ended in the past, nor later than was said'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'end_to_come';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_quan_ly BEFORE INSERT OR UPDATE ON acl.layer_manager
    FOR EACH ROW EXECUTE FUNCTION acl.giu_quan_ly();

CREATE FUNCTION acl.chi_them() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what stands in %.% stays as it is', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.agreement FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.agreement_party FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.acceptance FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.effect_seen FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.request_step FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE DELETE ON acl.manager_change FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE DELETE ON acl.joining FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE DELETE ON acl.request FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE DELETE ON acl.succession FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE UPDATE OR DELETE ON acl.succession_successor FOR EACH ROW EXECUTE FUNCTION acl.chi_them();
CREATE TRIGGER chi_them BEFORE DELETE ON acl.succession_item FOR EACH ROW EXECUTE FUNCTION acl.chi_them();

-- A joining and a migration are open for five days, and as long as who began or drafted it may act.

CREATE FUNCTION acl.la_truong_don_vi(tai_khoan int, don_vi int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
        WHERE a.id = tai_khoan AND a.unit_id = don_vi AND a.kind = 'unit_head' AND a.state = 'active'
              AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay())
              AND daterange(u.valid_from, u.valid_until) @> lg.hom_nay());
END;
COMMENT ON FUNCTION acl.la_truong_don_vi IS 'Whether an account acts as the head of a unit today.';

CREATE FUNCTION acl.giu_gia_nhap() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.agreement_id IS NOT NULL THEN
        new.state := 'joined';
    END IF;
    IF acl.la_dba() THEN
        RETURN new;
    END IF;
    IF TG_OP = 'INSERT' THEN
        new.begun_at := clock_timestamp();
        new.expires_at := new.begun_at + interval '5 days';
    END IF;
    IF TG_OP = 'INSERT' AND new.state <> 'begun' OR TG_OP = 'UPDATE' AND old.state <> 'begun' THEN
        RAISE EXCEPTION 'a joining is begun, and then completed once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    IF TG_OP = 'UPDATE' AND (old.officer_id <> coalesce(new.officer_id, 0) OR old.head_id <> coalesce(new.head_id, 0)) THEN
        RAISE EXCEPTION 'who has signed stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_once';
    END IF;
    IF new.state = 'joined' AND new.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'a joining is completed within five days' USING ERRCODE = 'check_violation', CONSTRAINT = 'in_time';
    END IF;
    IF new.state = 'expired' AND new.expires_at > clock_timestamp()
       AND (new.officer_id IS NULL OR acl.la_can_bo_chia_se(new.officer_id))
       AND (new.head_id IS NULL OR acl.la_truong_don_vi(new.head_id, new.unit_id)) THEN
        RAISE EXCEPTION 'a joining is open for five days' USING ERRCODE = 'check_violation', CONSTRAINT = 'open_for_days';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_gia_nhap BEFORE INSERT OR UPDATE ON acl.joining FOR EACH ROW EXECUTE FUNCTION acl.giu_gia_nhap();

CREATE FUNCTION acl.giu_chuyen_giao() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF acl.la_dba() THEN
        RETURN new;
    END IF;
    IF TG_OP = 'INSERT' THEN
        new.made_at := clock_timestamp();
        new.expires_at := new.made_at + interval '5 days';
    END IF;
    IF TG_OP = 'INSERT' AND new.state <> 'draft' OR TG_OP = 'UPDATE' AND old.state <> 'draft' THEN
        RAISE EXCEPTION 'a migration begins as a draft and is decided once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    IF new.state <> 'refused' AND NOT acl.la_can_bo_chia_se(new.maker)
       OR new.checker IS NOT NULL AND NOT acl.la_can_bo_chia_se(new.checker) THEN
        RAISE EXCEPTION 'officers of the Sở move agreements'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'officers';
    END IF;
    IF new.checker IS NOT NULL THEN
        new.decided_at := clock_timestamp();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_chuyen_giao BEFORE INSERT OR UPDATE ON acl.succession
    FOR EACH ROW EXECUTE FUNCTION acl.giu_chuyen_giao();

CREATE FUNCTION acl.giu_ban_chuyen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_dba() AND (SELECT s.state FROM acl.succession s WHERE s.id = new.succession_id) <> 'draft' THEN
        RAISE EXCEPTION 'what a migration moves is said in its draft'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_ban_chuyen BEFORE INSERT ON acl.succession_successor
    FOR EACH ROW EXECUTE FUNCTION acl.giu_ban_chuyen();
CREATE TRIGGER giu_ban_chuyen BEFORE INSERT ON acl.succession_item
    FOR EACH ROW EXECUTE FUNCTION acl.giu_ban_chuyen();

CREATE FUNCTION acl.giu_phien_ban() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ke_tiep text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a version of an agreement stays on record' USING ERRCODE = 'restrict_violation';
    END IF;
    new.body_hash := encode(sha256(convert_to(new.body::text, 'UTF8')), 'hex');
    IF TG_OP = 'INSERT' THEN
        IF new.state <> 'draft' AND NOT acl.la_dba() THEN
            RAISE EXCEPTION 'a version begins as a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'begins_as_draft';
        END IF;
        RETURN new;
    END IF;
    ke_tiep := CASE old.state
        WHEN 'draft' THEN '{draft,proposed,revoked}'
        WHEN 'proposed' THEN '{proposed,draft,accepted,revoked}'
        WHEN 'accepted' THEN '{accepted,draft,published,revoked}'
        WHEN 'published' THEN '{published,superseded,revoked}'
        ELSE ARRAY[old.state] END;
    IF new.state <> ALL (ke_tiep) THEN
        RAISE EXCEPTION 'a version that is % does not become %', old.state, new.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    IF (new.agreement_id, new.number, new.made_at, new.round)
           IS DISTINCT FROM (old.agreement_id, old.number, old.made_at, old.round)
       OR new.state <> 'draft' AND (new.body, new.maker, new.valid_from) IS DISTINCT FROM (old.body, old.maker, old.valid_from)
       OR old.state NOT IN ('draft', 'accepted') AND new.checker IS DISTINCT FROM old.checker
       OR new.state <> 'draft' AND new.valid_until IS DISTINCT FROM old.valid_until
          AND NOT (old.state = 'published' AND new.valid_until < coalesce(old.valid_until, 'infinity')) THEN
        RAISE EXCEPTION 'what was proposed changes only by becoming a draft again'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'changes_as_draft';
    END IF;
    IF old.state <> 'draft' AND new.state = 'draft' THEN
        new.round := old.round + 1;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_phien_ban BEFORE INSERT OR UPDATE OR DELETE ON acl.agreement_version
    FOR EACH ROW EXECUTE FUNCTION acl.giu_phien_ban();

-- Who runs the data centre sees no row, and the provincial office aggregates only, whatever is drafted. A body says of each
-- clause whether its layer is an aggregate; the service compares that with the layer files.

CREATE FUNCTION acl.khong_duoc_giao(loai text, noi_dung jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN loai = 'trung_tam_du_lieu' OR loai = 'vp_ubnd' AND EXISTS (
    SELECT FROM jsonb_array_elements(noi_dung -> 'grants') g WHERE NOT coalesce((g -> 'aggregate')::boolean, false));

CREATE FUNCTION acl.giu_loai() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    loai text;
BEGIN
    IF acl.la_dba() THEN
        RETURN new;
    END IF;
    SELECT u.kind INTO loai FROM acl.agreement a JOIN acl.unit u ON u.id = a.recipient_id WHERE a.id = new.agreement_id
    FOR SHARE OF u;
    IF acl.khong_duoc_giao(loai, new.body) THEN
        RAISE EXCEPTION 'this is not for a unit of the kind %', loai
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kind_of_recipient';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_loai BEFORE INSERT OR UPDATE OF body ON acl.agreement_version
    FOR EACH ROW EXECUTE FUNCTION acl.giu_loai();
CREATE TRIGGER giu_loai_khi_cong_bo BEFORE UPDATE OF state ON acl.agreement_version
    FOR EACH ROW WHEN (new.state = 'published' AND old.state <> 'published') EXECUTE FUNCTION acl.giu_loai();

-- A version is accepted by a head of each party, and by an officer who did not draft it where the party is the Sở.

CREATE FUNCTION acl.thieu_chap_thuan(thoa_thuan int, so_ban int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NOT EXISTS (
               SELECT FROM acl.agreement_party p
               WHERE p.agreement_id = v.agreement_id AND p.number = v.number AND p.round = v.round AND p.body_hash = v.body_hash)
           OR a.recipient_id IS NOT NULL AND NOT EXISTS (
               SELECT FROM acl.agreement_party p
               WHERE p.agreement_id = v.agreement_id AND p.number = v.number AND p.round = v.round AND p.body_hash = v.body_hash
                     AND p.role = 'recipient' AND p.unit_id = a.recipient_id)
           OR EXISTS (
               SELECT FROM acl.agreement_party p JOIN acl.unit u ON u.id = p.unit_id
               WHERE p.agreement_id = v.agreement_id AND p.number = v.number AND p.round = v.round AND p.body_hash = v.body_hash
                     AND NOT EXISTS (
                         SELECT FROM acl.acceptance c JOIN acl.account t ON t.id = c.account_id
                         WHERE c.agreement_id = p.agreement_id AND c.number = p.number AND c.round = p.round AND c.body_hash = p.body_hash
                               AND c.unit_id = p.unit_id AND t.unit_id = p.unit_id
                               AND (v.maker IS NULL OR NOT coalesce(acl.la_mot_nguoi(t.id, v.maker), true))
                               AND (t.kind = 'unit_head' OR u.kind = 'so')))
    FROM acl.agreement_version v JOIN acl.agreement a ON a.id = v.agreement_id
    WHERE v.agreement_id = thoa_thuan AND v.number = so_ban;
END;

CREATE FUNCTION acl.qua_duong_rieng(thoa_thuan int, so_ban int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
               SELECT FROM acl.joining j
               JOIN acl.agreement a ON a.id = j.agreement_id AND a.package_id = j.package_id AND a.recipient_id = j.unit_id
               JOIN acl.agreement_version g ON g.agreement_id = j.package_id AND g.number = j.package_number
               JOIN acl.account c ON c.id = j.officer_id JOIN acl.unit s ON s.id = c.unit_id AND s.kind = 'so'
               JOIN acl.account h ON h.id = j.head_id AND h.kind = 'unit_head' AND h.unit_id = j.unit_id
               WHERE j.agreement_id = thoa_thuan AND j.number = so_ban AND g.state IN ('published', 'superseded', 'revoked'))
           OR EXISTS (
               SELECT FROM acl.succession_item i JOIN acl.succession s ON s.id = i.succession_id
               JOIN acl.agreement a ON a.id = i.made_agreement AND a.recipient_id = i.to_unit
               JOIN acl.agreement_version v ON v.agreement_id = i.made_agreement AND v.number = i.made_number AND v.body = i.body
               WHERE i.made_agreement = thoa_thuan AND i.made_number = so_ban AND s.state = 'approved' AND s.checker <> s.maker);
END;
COMMENT ON FUNCTION acl.qua_duong_rieng IS
    'True for a version that came of a unit''s joining a published package, or of an approved succession.';

-- The managing units of what a version grants, on any day of its validity; where for a day nobody is named it is the Sở.

CREATE FUNCTION acl.ben_quan_ly(thoa_thuan int, so_ban int) RETURNS TABLE (unit_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE ban AS (
        SELECT v.body, daterange(v.valid_from, v.valid_until) AS han
        FROM acl.agreement_version v WHERE v.agreement_id = thoa_thuan AND v.number = so_ban
    ), cho AS (
        SELECT g.n, g.d ->> 'layer' AS layer, ban.han,
               (SELECT array_agg(x::int) FROM jsonb_array_elements(g.d -> 'rows') t, jsonb_array_elements_text(t -> 'one_of') x
                WHERE t ->> 'column' = g.d ->> 'territory_column') AS xa
        FROM ban, jsonb_array_elements(ban.body -> 'grants') WITH ORDINALITY AS g (d, n)
    ), thuoc AS (
        SELECT d.xa_id AS goc, d.xa_id FROM hc.don_vi d
        WHERE d.xa_id IN (SELECT m.territory FROM acl.layer_manager m)
        UNION
        SELECT t.goc, d.xa_id FROM thuoc t JOIN hc.don_vi d ON d.cha_id = t.xa_id
    ), quan_ly AS (
        SELECT c.n, m.unit_id, m.territory, daterange(m.valid_from, m.valid_until) @> c.han AS suot
        FROM cho c JOIN acl.layer_manager m ON m.layer = c.layer AND daterange(m.valid_from, m.valid_until) && c.han
        WHERE m.territory IS NULL OR c.xa IS NULL
           OR EXISTS (SELECT FROM thuoc t WHERE t.goc = m.territory AND t.xa_id = ANY (c.xa))
    )
    SELECT q.unit_id FROM quan_ly q
    UNION
    SELECT so.id
    FROM (SELECT u.id FROM acl.unit u WHERE u.kind = 'so' AND daterange(u.valid_from, u.valid_until) @> lg.hom_nay()
          ORDER BY u.id LIMIT 1) so
    WHERE EXISTS (
        SELECT FROM cho c
        WHERE NOT EXISTS (SELECT FROM quan_ly q WHERE q.n = c.n AND q.suot AND q.territory IS NULL)
          AND (c.xa IS NULL OR EXISTS (
              SELECT FROM unnest(c.xa) x
              WHERE NOT EXISTS (SELECT FROM quan_ly q JOIN thuoc t ON t.goc = q.territory
                                WHERE q.n = c.n AND q.suot AND t.xa_id = x))));
END;
COMMENT ON FUNCTION acl.ben_quan_ly IS 'Who has to accept what a version grants, as it is named now.';

CREATE FUNCTION acl.lien_quan(thoa_thuan int, don_vi int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM acl.agreement a WHERE a.id = thoa_thuan AND a.recipient_id = don_vi)
           OR EXISTS (SELECT FROM acl.agreement_party t WHERE t.agreement_id = thoa_thuan AND t.unit_id = don_vi)
           OR EXISTS (SELECT FROM acl.layer_manager m WHERE m.unit_id = don_vi)
              AND EXISTS (SELECT FROM acl.agreement_version v
                          WHERE v.agreement_id = thoa_thuan AND v.state = 'published'
                                AND don_vi IN (SELECT b.unit_id FROM acl.ben_quan_ly(v.agreement_id, v.number) b));
END;
COMMENT ON FUNCTION acl.lien_quan IS
    'Whether an agreement is the business of a unit: its recipient, a party, or who manages now what is published by it.';

CREATE FUNCTION acl.du_chap_thuan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ban acl.agreement_version;
BEGIN
    SELECT v.* INTO ban FROM acl.agreement_version v WHERE v.agreement_id = new.agreement_id AND v.number = new.number;
    IF acl.la_dba() OR ban.state NOT IN ('accepted', 'published') THEN
        RETURN NULL;
    END IF;
    IF ban.maker IS NULL OR ban.body ->> 'valid_from' IS DISTINCT FROM ban.valid_from::text THEN
        RAISE EXCEPTION 'a version names its maker, and begins on the day that was agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'as_agreed';
    END IF;
    IF ban.state = 'published' AND NOT EXISTS (
        SELECT FROM acl.account c JOIN acl.unit u ON u.id = c.unit_id WHERE c.id = ban.checker
            AND (u.kind = 'so' OR acl.qua_duong_rieng(ban.agreement_id, ban.number))) THEN
        RAISE EXCEPTION 'a second officer of the Sở publishes' USING ERRCODE = 'check_violation', CONSTRAINT = 'second_officer';
    END IF;
    IF NOT acl.qua_duong_rieng(ban.agreement_id, ban.number) AND acl.thieu_chap_thuan(ban.agreement_id, ban.number) THEN
        RAISE EXCEPTION 'not all parties have accepted this body' USING ERRCODE = 'check_violation', CONSTRAINT = 'all_accepted';
    END IF;
    IF TG_OP = 'UPDATE' AND new.state = 'published' AND old.state = 'accepted' THEN
        IF acl.qua_duong_rieng(ban.agreement_id, ban.number) THEN
            PERFORM acl.duoc_di_rieng(ban);
        ELSE
            PERFORM acl.duoc_cong_bo(ban);
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Until the transaction that publishes has ended nobody else becomes a managing unit: who was named before it has accepted.

CREATE FUNCTION acl.duoc_cong_bo(ban acl.agreement_version) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_can_bo_chia_se(ban.maker) THEN
        RAISE EXCEPTION 'who drafted it may act' USING ERRCODE = 'check_violation', CONSTRAINT = 'maker_may_act';
    END IF;
    IF NOT EXISTS (
        SELECT FROM acl.effect_seen s
        WHERE (s.agreement_id, s.number, s.round, s.body_hash) = (ban.agreement_id, ban.number, ban.round, ban.body_hash)
          AND s.account_id = ban.checker) THEN
        RAISE EXCEPTION 'who publishes has seen what it does' USING ERRCODE = 'check_violation', CONSTRAINT = 'effect_seen';
    END IF;
    LOCK TABLE acl.layer_manager IN SHARE MODE;
    IF EXISTS (
        SELECT q.unit_id FROM acl.ben_quan_ly(ban.agreement_id, ban.number) q
        EXCEPT
        SELECT p.unit_id FROM acl.agreement_party p
        WHERE (p.agreement_id, p.number, p.round, p.body_hash) = (ban.agreement_id, ban.number, ban.round, ban.body_hash)
          AND p.role = 'managing') THEN
        RAISE EXCEPTION 'another unit manages some of it by now' USING ERRCODE = 'check_violation', CONSTRAINT = 'all_managers';
    END IF;
END $$;

-- What moves goes to a unit that succeeds by then, for the days that it had, and says what it said: of its rows all, or fewer.

CREATE FUNCTION acl.cung_noi_dung(moi jsonb, cu jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT moi - '{rows,territory}'::text[] = cu - '{rows,territory}'::text[]
           AND jsonb_array_length(moi -> 'rows') = jsonb_array_length(cu -> 'rows')
           AND NOT EXISTS (
               SELECT FROM jsonb_array_elements(moi -> 'rows') WITH ORDINALITY AS n (t, vi_tri)
               JOIN jsonb_array_elements(cu -> 'rows') WITH ORDINALITY AS c (t, vi_tri) USING (vi_tri)
               WHERE n.t <> c.t AND (
                   n.t - 'one_of' <> c.t - 'one_of' OR c.t ->> 'column' IS DISTINCT FROM moi ->> 'territory_column'
                   OR coalesce(jsonb_array_length(n.t -> 'one_of'), 0) = 0
                   OR NOT coalesce(c.t -> 'one_of' @> (n.t -> 'one_of'), false)));
END;
COMMENT ON FUNCTION acl.cung_noi_dung IS 'Whether a clause says what another one says, on no more than its territory.';

CREATE FUNCTION acl.chuyen_sai(ban acl.agreement_version) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM acl.succession_item i
        JOIN acl.succession s ON s.id = i.succession_id
        JOIN acl.agreement a ON a.id = i.agreement_id
        JOIN acl.agreement_version cu ON (cu.agreement_id, cu.number) = (i.agreement_id, i.number)
        WHERE (i.made_agreement, i.made_number) = (ban.agreement_id, ban.number) AND NOT coalesce(
            a.recipient_id = s.from_unit AND cu.state = 'published'
            AND EXISTS (SELECT FROM acl.unit_succession k
                        WHERE (k.old_id, k.new_id, k.state) = (s.from_unit, i.to_unit, 'approved') AND k.day <= s.takes_effect)
            AND ban.valid_from = greatest(cu.valid_from, s.takes_effect)
            AND ban.valid_until IS NOT DISTINCT FROM cu.valid_until
            AND ban.body - '{valid_from,valid_until,grants}'::text[] = cu.body - '{valid_from,valid_until,grants}'::text[]
            AND jsonb_array_length(ban.body -> 'grants') = jsonb_array_length(cu.body -> 'grants')
            AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(ban.body -> 'grants') WITH ORDINALITY AS n (g, vi_tri)
                JOIN jsonb_array_elements(cu.body -> 'grants') WITH ORDINALITY AS c (g, vi_tri) USING (vi_tri)
                WHERE NOT coalesce(acl.cung_noi_dung(n.g, c.g), false)), false));
END;
COMMENT ON FUNCTION acl.chuyen_sai IS 'Whether a version came of a migration, and is not what the old unit had.';

-- What comes of a package says what the package says; where that leaves the territory open it is the unit's own.

CREATE FUNCTION acl.nhu_goi(moi jsonb, goi jsonb, don_vi int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE rieng AS (
        SELECT u.territory AS xa_id FROM acl.unit u WHERE u.id = don_vi AND u.territory IS NOT NULL
        UNION
        SELECT d.xa_id FROM rieng r JOIN hc.don_vi d ON d.cha_id = r.xa_id
    ), mo AS (
        SELECT t, n FROM jsonb_array_elements(goi -> 'rows') WITH ORDINALITY AS x (t, n)
        WHERE t ->> 'column' = goi ->> 'territory_column' AND t -> 'one_of' = '[]'
    ), khac AS (
        SELECT coalesce(jsonb_agg(t ORDER BY n), '[]') AS terms FROM jsonb_array_elements(moi -> 'rows') WITH ORDINALITY AS x (t, n)
        WHERE NOT EXISTS (SELECT FROM mo WHERE mo.t - 'one_of' = x.t - 'one_of')
    )
    SELECT moi - '{rows,territory}'::text[] = goi - '{rows,territory}'::text[]
           AND (moi -> 'rows' = goi -> 'rows' AND NOT EXISTS (SELECT FROM mo)
                OR EXISTS (SELECT FROM mo)
                   AND (SELECT k.terms FROM khac k) = (
                       SELECT coalesce(jsonb_agg(t ORDER BY n), '[]') FROM jsonb_array_elements(goi -> 'rows') WITH ORDINALITY AS x (t, n)
                       WHERE NOT EXISTS (SELECT FROM mo WHERE mo.n = x.n))
                   AND (EXISTS (SELECT FROM acl.unit u JOIN hc.don_vi d ON d.xa_id = u.territory WHERE u.id = don_vi AND d.cap = 1)
                        OR EXISTS (SELECT FROM jsonb_array_elements(moi -> 'rows') x (t), mo WHERE mo.t - 'one_of' = x.t - 'one_of'))
                   AND NOT EXISTS (
                       SELECT FROM jsonb_array_elements(moi -> 'rows') x (t) JOIN mo ON mo.t - 'one_of' = x.t - 'one_of'
                       WHERE coalesce(jsonb_array_length(x.t -> 'one_of'), 0) = 0 OR EXISTS (
                           SELECT FROM jsonb_array_elements(x.t -> 'one_of') y WHERE y::int NOT IN (SELECT r.xa_id FROM rieng r))));
END;
COMMENT ON FUNCTION acl.nhu_goi IS 'Whether a clause says what one of a package says, in the own territory of a unit where that is open.';

CREATE FUNCTION acl.gia_nhap_sai(ban acl.agreement_version) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM acl.joining j
        JOIN acl.agreement_version g ON g.agreement_id = j.package_id AND g.number = j.package_number
        WHERE (j.agreement_id, j.number) = (ban.agreement_id, ban.number) AND NOT coalesce(
            ban.valid_until IS NOT DISTINCT FROM (g.body ->> 'valid_until')::date
            AND ban.body - '{valid_from,grants}'::text[] = g.body - '{valid_from,grants}'::text[]
            AND jsonb_array_length(ban.body -> 'grants') = jsonb_array_length(g.body -> 'grants')
            AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(ban.body -> 'grants') WITH ORDINALITY AS n (g, vi_tri)
                JOIN jsonb_array_elements(g.body -> 'grants') WITH ORDINALITY AS c (g, vi_tri) USING (vi_tri)
                WHERE NOT coalesce(acl.nhu_goi(n.g, c.g, j.unit_id), false)), false));
END;
COMMENT ON FUNCTION acl.gia_nhap_sai IS 'Whether a version came of a package, and is not what that says.';

-- What comes of a package or of an agreement that moves was accepted by the units that manage it; the Sở acts itself. They
-- are its parties, so that they may end it, and are told.

CREATE FUNCTION acl.da_chap_thuan_nguon(ban acl.agreement_version) RETURNS TABLE (unit_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE nguon AS (
        SELECT ban.agreement_id, ban.number
        UNION
        SELECT n.* FROM nguon g CROSS JOIN LATERAL (
            SELECT j.package_id, j.package_number FROM acl.joining j
            WHERE j.agreement_id = g.agreement_id AND j.number = g.number
            UNION
            SELECT i.agreement_id, i.number FROM acl.succession_item i
            WHERE i.made_agreement = g.agreement_id AND i.made_number = g.number) n
    )
    SELECT p.unit_id FROM nguon g
    JOIN acl.agreement_version v ON v.agreement_id = g.agreement_id AND v.number = g.number
    JOIN acl.agreement_party p ON (p.agreement_id, p.number, p.round, p.body_hash)
                                  = (v.agreement_id, v.number, v.round, v.body_hash)
    JOIN acl.acceptance c ON (c.agreement_id, c.number, c.round, c.body_hash, c.unit_id)
                             = (p.agreement_id, p.number, p.round, p.body_hash, p.unit_id)
    JOIN acl.account t ON t.id = c.account_id AND t.unit_id = p.unit_id AND t.kind = 'unit_head'
    WHERE p.role = 'managing' AND (g.agreement_id, g.number) <> (ban.agreement_id, ban.number);
END;
COMMENT ON FUNCTION acl.da_chap_thuan_nguon IS
    'The managing units whose heads accepted what a version comes from: a package, or an agreement that moved.';

CREATE FUNCTION acl.ben_thieu(ban acl.agreement_version) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        (SELECT q.unit_id, 'managing' FROM acl.ben_quan_ly(ban.agreement_id, ban.number) q
         UNION
         SELECT p.unit_id, p.role FROM acl.succession_item i
         JOIN acl.agreement_version v ON v.agreement_id = i.agreement_id AND v.number = i.number
         JOIN acl.agreement_party p ON (p.agreement_id, p.number, p.round, p.body_hash)
                                       = (v.agreement_id, v.number, v.round, v.body_hash)
         WHERE (i.made_agreement, i.made_number) = (ban.agreement_id, ban.number) AND p.role = 'managing'
         UNION
         SELECT a.recipient_id, 'recipient' FROM acl.agreement a WHERE a.id = ban.agreement_id)
        EXCEPT
        SELECT p.unit_id, p.role FROM acl.agreement_party p
        WHERE (p.agreement_id, p.number, p.round, p.body_hash) = (ban.agreement_id, ban.number, ban.round, ban.body_hash));
END;
COMMENT ON FUNCTION acl.ben_thieu IS
    'Whether a version lacks a party: its recipient, who manages any of it now, or who managed what it moved from.';

CREATE FUNCTION acl.duoc_di_rieng(ban acl.agreement_version) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_can_bo_chia_se(ban.maker) OR EXISTS (
        SELECT FROM acl.joining j
        WHERE (j.agreement_id, j.number) = (ban.agreement_id, ban.number)
              AND NOT (acl.la_can_bo_chia_se(j.officer_id) AND acl.la_truong_don_vi(j.head_id, j.unit_id))) THEN
        RAISE EXCEPTION 'who drafted it may act' USING ERRCODE = 'check_violation', CONSTRAINT = 'maker_may_act';
    END IF;
    IF acl.chuyen_sai(ban) THEN
        RAISE EXCEPTION 'what moves is as it was' USING ERRCODE = 'check_violation', CONSTRAINT = 'as_moved';
    END IF;
    IF acl.gia_nhap_sai(ban) THEN
        RAISE EXCEPTION 'what comes of a package is as it says' USING ERRCODE = 'check_violation', CONSTRAINT = 'as_joined';
    END IF;
    LOCK TABLE acl.layer_manager IN SHARE MODE;
    IF EXISTS (
        SELECT q.unit_id FROM acl.ben_quan_ly(ban.agreement_id, ban.number) q JOIN acl.unit u ON u.id = q.unit_id
        WHERE u.kind <> 'so'
        EXCEPT
        SELECT d.unit_id FROM acl.da_chap_thuan_nguon(ban) d) THEN
        RAISE EXCEPTION 'a managing unit has not accepted what this comes from'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'managers_of_source';
    END IF;
    IF acl.ben_thieu(ban) THEN
        RAISE EXCEPTION 'who manages it is a party' USING ERRCODE = 'check_violation', CONSTRAINT = 'all_parties';
    END IF;
    INSERT INTO acl.notice (kind, unit_id, day, made_at, agreement_id, agreement_number)
    SELECT CASE WHEN EXISTS (SELECT FROM acl.joining j WHERE (j.agreement_id, j.number) = (ban.agreement_id, ban.number))
                THEN 'agreement_joined' ELSE 'agreement_moved' END,
           p.unit_id, ban.valid_from, clock_timestamp(), p.agreement_id, p.number
    FROM acl.agreement_party p JOIN acl.unit u ON u.id = p.unit_id
    WHERE (p.agreement_id, p.number, p.round, p.body_hash) = (ban.agreement_id, ban.number, ban.round, ban.body_hash)
          AND p.role = 'managing' AND u.kind <> 'so'
    ON CONFLICT DO NOTHING;
END $$;

-- What ends before the day on which it moves does not move: what a migration has made of it ends with it.

CREATE FUNCTION acl.ket_thuc_theo() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE acl.agreement_version m
    SET state = 'revoked', reason = new.reason, ended_by = new.ended_by, ended_at = clock_timestamp()
    FROM acl.succession_item i JOIN acl.succession s ON s.id = i.succession_id
    WHERE m.state = 'published' AND (i.made_agreement, i.made_number) = (m.agreement_id, m.number)
          AND i.agreement_id = new.agreement_id AND s.state = 'approved' AND s.takes_effect > lg.hom_nay()
          AND new.valid_from < s.takes_effect AND (new.state <> 'published' OR new.valid_until < s.takes_effect);
    RETURN NULL;
END $$;
CREATE TRIGGER ket_thuc_theo AFTER UPDATE ON acl.agreement_version
    FOR EACH ROW WHEN (old.state = 'published' AND (new.state, new.valid_until) IS DISTINCT FROM (old.state, old.valid_until))
    EXECUTE FUNCTION acl.ket_thuc_theo();

CREATE CONSTRAINT TRIGGER du_chap_thuan AFTER INSERT OR UPDATE ON acl.agreement_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION acl.du_chap_thuan();

CREATE FUNCTION acl.giu_yeu_cau() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_jsonb(new) - 'state' <> to_jsonb(old) - 'state' THEN
        RAISE EXCEPTION 'a request stays as the unit made it' USING ERRCODE = 'restrict_violation';
    END IF;
    IF new.state <> old.state AND new.state <> ALL (CASE old.state
        WHEN 'sent' THEN '{answered,refused,withdrawn}'
        WHEN 'answered' THEN '{preparing,refused,withdrawn}'
        WHEN 'preparing' THEN '{agreed,refused,withdrawn}'
        ELSE '{}' END::text[]) THEN
        RAISE EXCEPTION 'a request that is % does not become %', old.state, new.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_states';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_yeu_cau BEFORE UPDATE ON acl.request FOR EACH ROW EXECUTE FUNCTION acl.giu_yeu_cau();

CREATE FUNCTION acl.du_buoc() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_dba() AND new.state IS DISTINCT FROM
        (SELECT b.state FROM acl.request_step b WHERE b.request_id = new.id ORDER BY b.number DESC LIMIT 1) THEN
        RAISE EXCEPTION 'each state of a request has its step on record'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'step_on_record';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER du_buoc AFTER INSERT OR UPDATE ON acl.request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION acl.du_buoc();


-- Administrative units lie behind row security as all layers do; what agreements name is their codes.

CREATE FUNCTION acl.dia_ban()
RETURNS TABLE (xa_id int, cap smallint, ma text, cha_id int, hieu_luc_tu date, hieu_luc_den date, ten text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.xa_id, d.cap, d.ma, d.cha_id, d.hieu_luc_tu, d.hieu_luc_den, d.ten FROM hc.don_vi d ORDER BY d.xa_id;
END;
COMMENT ON FUNCTION acl.dia_ban IS 'Every administrative unit of every day, without its geometry.';


-- A look through a profile that is nobody's yet. The publisher takes on its role; the mark sees to it that such a transaction
-- is never committed.

CREATE TABLE acl.preview (
    role name NOT NULL
);

CREATE FUNCTION acl.khong_ghi_lai() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a preview is rolled back' USING ERRCODE = 'invalid_transaction_termination';
END $$;
CREATE CONSTRAINT TRIGGER khong_ghi_lai AFTER INSERT ON acl.preview
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION acl.khong_ghi_lai();

CREATE FUNCTION acl.xem_thu(hash text, part text) RETURNS name
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vai_tro constant name := (SELECT r.role FROM acl.profile_role r WHERE r.hash = xem_thu.hash AND r.part = xem_thu.part);
BEGIN
    IF vai_tro IS NULL THEN
        RAISE EXCEPTION 'no such profile' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO acl.preview VALUES (vai_tro);
    EXECUTE format('GRANT %I, %I TO %I', vai_tro, vai_tro || '_b', session_user);
    RETURN vai_tro;
END $$;
COMMENT ON FUNCTION acl.xem_thu IS 'Lets the session take on the role of a part of a profile, or its twin that a box narrows, in a transaction that cannot be committed.';

REVOKE EXECUTE ON FUNCTION acl.dia_ban, acl.khong_ghi_lai, acl.xem_thu, acl.la_dba, acl.la_mot_nguoi, acl.hai_can_bo,
    acl.la_can_bo_chia_se, acl.giu_viec_quan_ly, acl.giu_quan_ly, acl.chi_them, acl.giu_phien_ban, acl.thieu_chap_thuan, acl.qua_duong_rieng,
    acl.ben_quan_ly, acl.lien_quan, acl.duoc_cong_bo, acl.da_chap_thuan_nguon, acl.ben_thieu, acl.nhu_goi, acl.gia_nhap_sai, acl.duoc_di_rieng, acl.ket_thuc_theo, acl.cung_noi_dung, acl.chuyen_sai,
    acl.la_truong_don_vi, acl.giu_gia_nhap, acl.giu_chuyen_giao, acl.giu_ban_chuyen, acl.khong_duoc_giao, acl.giu_loai, acl.du_chap_thuan, acl.giu_yeu_cau, acl.du_buoc FROM PUBLIC;

DO $$
DECLARE
    vai_tro text;
BEGIN
    FOREACH vai_tro IN ARRAY ARRAY[current_database() || '_identity', current_database() || '_publisher'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA acl, hc, lg TO %I', vai_tro);
        EXECUTE format('GRANT EXECUTE ON FUNCTION lg.hom_nay TO %I', vai_tro);
        EXECUTE format('GRANT SELECT ON acl.unit, acl.function, acl.account_function TO %I', vai_tro);
        EXECUTE format('GRANT SELECT (id, code, unit_id, kind, state, ends_on) ON acl.account TO %I', vai_tro);
        EXECUTE format('GRANT EXECUTE ON FUNCTION acl.dia_ban, acl.la_mot_nguoi, acl.la_can_bo_chia_se, '
                       'acl.la_truong_don_vi, acl.lien_quan TO %I', vai_tro);
        EXECUTE format('GRANT SELECT, INSERT ON acl.layer_manager, acl.request, acl.request_step, acl.agreement, '
                       'acl.agreement_version, acl.agreement_party, acl.acceptance, acl.effect_seen, acl.joining, acl.succession, '
                       'acl.succession_successor, acl.succession_item TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (valid_until) ON acl.layer_manager TO %I', vai_tro);
        EXECUTE format('GRANT SELECT ON acl.manager_change TO %I', vai_tro);
        EXECUTE format('GRANT INSERT (entry_id, layer, territory, unit_id, valid_from, valid_until, proposed_by) '
                       'ON acl.manager_change TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (state, decided_by, answer) ON acl.manager_change TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (state) ON acl.request TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (state, valid_from, valid_until, body, maker, ended_by, ended_at, reason) '
                       'ON acl.agreement_version TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (officer_id, head_id, agreement_id, number, state) ON acl.joining TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (state, checker) ON acl.succession TO %I', vai_tro);
        EXECUTE format('GRANT UPDATE (made_agreement, made_number) ON acl.succession_item TO %I', vai_tro);
    END LOOP;
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.xem_thu TO %I', current_database() || '_publisher');
    EXECUTE format('GRANT UPDATE (checker, published_at) ON acl.agreement_version TO %I', current_database() || '_publisher');
END $$;
