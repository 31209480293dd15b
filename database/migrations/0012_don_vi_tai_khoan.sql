-- Units, functions and accounts: who uses the database. Days are legal days; an end is the first day that is over.
-- Instants (passwords, codes, sign-in, attestation) are real time and come from the server.

CREATE TABLE acl.unit (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name text COLLATE "C" NOT NULL CHECK (name <> '' AND name IS NFC NORMALIZED),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('so', 'phong_so', 'so_nganh', 'huyen', 'xa', 'thue', 'mot_cua', 'vp_ubnd',
                                                   'ioc', 'bo', 'trung_tam_du_lieu', 'khac')),
    territory int REFERENCES hc.don_vi,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    allowance int NOT NULL DEFAULT 0 CHECK (allowance BETWEEN 0 AND 10000)
);
COMMENT ON TABLE acl.unit IS 'A unit (đơn vị) that uses the database; the Sở''s divisions are units below it.';
COMMENT ON COLUMN acl.unit.territory IS 'The administrative unit that a committee governs; NULL for the others.';
COMMENT ON COLUMN acl.unit.allowance IS 'Accounts that the head may make; those that the Sở makes do not count.';

CREATE TABLE acl.unit_parent (
    unit_id int NOT NULL REFERENCES acl.unit,
    parent_id int NOT NULL REFERENCES acl.unit CHECK (parent_id <> unit_id),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    PRIMARY KEY (unit_id, valid_from),
    CONSTRAINT one_parent EXCLUDE USING gist (unit_id WITH =, daterange(valid_from, valid_until) WITH &&)
);
COMMENT ON TABLE acl.unit_parent IS 'Which unit stands above a unit, and when.';

CREATE FUNCTION acl.khong_vong() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('acl.unit_parent'));
    IF EXISTS (
        WITH RECURSIVE above (unit_id, period) AS (
            SELECT new.parent_id, daterange(new.valid_from, new.valid_until)
            UNION
            SELECT p.parent_id, a.period * daterange(p.valid_from, p.valid_until)
            FROM above a JOIN acl.unit_parent p ON p.unit_id = a.unit_id
            WHERE a.period && daterange(p.valid_from, p.valid_until)
        )
        SELECT FROM above WHERE unit_id = new.unit_id
    ) THEN
        RAISE EXCEPTION 'a unit cannot stand above itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'khong_vong';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION acl.khong_vong FROM PUBLIC;
CREATE TRIGGER khong_vong AFTER INSERT OR UPDATE ON acl.unit_parent FOR EACH ROW EXECUTE FUNCTION acl.khong_vong();

CREATE TABLE acl.function (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id int NOT NULL REFERENCES acl.unit,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name text COLLATE "C" NOT NULL CHECK (name <> '' AND name IS NFC NORMALIZED),
    narrows jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(narrows) = 'object'),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    UNIQUE (unit_id, code),
    UNIQUE (id, unit_id)
);
COMMENT ON COLUMN acl.function.narrows IS
    'layers: [id], columns: {layer: [name]}, operations: [word], territory: [xa_id]; what is absent narrows nothing.';

CREATE TABLE acl.account (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('system_admin', 'unit_head', 'individual', 'machine')),
    person text COLLATE "C" CHECK (person IS NFC NORMALIZED),
    person_code text COLLATE "C" CHECK (person_code <> ''),
    position text COLLATE "C" CHECK (position IS NFC NORMALIZED),
    state text COLLATE "C" NOT NULL DEFAULT 'issued'
        CHECK (state IN ('issued', 'must_change', 'active', 'suspended', 'revoked')),
    suspended_for text COLLATE "C" CHECK (suspended_for IN ('not_attested', 'unit', 'so')),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by int REFERENCES acl.account,
    of_allowance boolean NOT NULL DEFAULT false,
    password_until timestamptz,
    ends_on date,
    CHECK ((state = 'suspended') = (suspended_for IS NOT NULL)),
    CHECK ((kind = 'machine') OR person IS NOT NULL)
);
CREATE INDEX account_unit ON acl.account (unit_id);
COMMENT ON COLUMN acl.account.code IS 'Name to sign in by.';
COMMENT ON COLUMN acl.account.person_code IS 'Number of the person in the staff list of the unit.';
COMMENT ON COLUMN acl.account.suspended_for IS 'not_attested, or who did it: the head (unit) or the Sở (so).';
COMMENT ON COLUMN acl.account.of_allowance IS 'Made by the head within the allowance of the unit.';
COMMENT ON COLUMN acl.account.password_until IS
    'First instant at which the password is too old; NULL: no password may be used. Tokens end with it.';
COMMENT ON COLUMN acl.account.ends_on IS 'Legal day on which the position has ended: the account may do nothing from then on.';

CREATE FUNCTION acl.giu_tai_khoan() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF old.state = 'revoked' OR (old.state, new.state) NOT IN (
        ('issued', 'issued'), ('issued', 'must_change'), ('issued', 'active'), ('issued', 'suspended'), ('issued', 'revoked'),
        ('must_change', 'must_change'), ('must_change', 'active'), ('must_change', 'suspended'), ('must_change', 'revoked'),
        ('active', 'active'), ('active', 'must_change'), ('active', 'suspended'), ('active', 'revoked'),
        ('suspended', 'suspended'), ('suspended', 'issued'), ('suspended', 'must_change'), ('suspended', 'active'),
        ('suspended', 'revoked')
    ) THEN
        RAISE EXCEPTION 'an account does not go from % to %', old.state, new.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_tai_khoan';
    END IF;
    IF (old.code, old.kind = 'machine') <> (new.code, new.kind = 'machine') THEN
        RAISE EXCEPTION 'an account keeps its name' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_tai_khoan';
    END IF;
    RETURN new;
END $$;
REVOKE EXECUTE ON FUNCTION acl.giu_tai_khoan FROM PUBLIC;
CREATE TRIGGER giu_tai_khoan BEFORE UPDATE ON acl.account FOR EACH ROW EXECUTE FUNCTION acl.giu_tai_khoan();

CREATE TABLE acl.account_function (
    account_id int NOT NULL REFERENCES acl.account,
    function_id int NOT NULL REFERENCES acl.function,
    given_by int REFERENCES acl.account,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    PRIMARY KEY (account_id, function_id, valid_from),
    CONSTRAINT once_at_a_time EXCLUDE USING gist
        (account_id WITH =, function_id WITH =, daterange(valid_from, valid_until) WITH &&)
);

CREATE TABLE acl.stale_profile (
    account_id int PRIMARY KEY REFERENCES acl.account
);
COMMENT ON TABLE acl.stale_profile IS
    'Accounts whose rights have changed since their profiles were published; whoever publishes takes them from here.';


-- Succession of units: agreements of the old one move to the new one only behind the second officer's approval.

CREATE TABLE acl.unit_succession (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    old_id int NOT NULL REFERENCES acl.unit,
    new_id int NOT NULL REFERENCES acl.unit CHECK (new_id <> old_id),
    day date NOT NULL,
    basis text COLLATE "C" NOT NULL CHECK (basis <> '' AND basis IS NFC NORMALIZED),
    state text COLLATE "C" NOT NULL DEFAULT 'proposed'
        CHECK (state IN ('proposed', 'approved', 'refused', 'expired')),
    proposed_by int NOT NULL REFERENCES acl.account,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    decided_by int REFERENCES acl.account CONSTRAINT second_officer CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    CHECK ((state IN ('proposed', 'expired')) = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT in_time CHECK (state <> 'approved' OR decided_at < proposed_at + interval '5 days')
);
CREATE UNIQUE INDEX unit_succession_once ON acl.unit_succession (old_id, new_id) WHERE state IN ('proposed', 'approved');
COMMENT ON COLUMN acl.unit_succession.day IS 'Legal day on which the new unit takes over.';
COMMENT ON COLUMN acl.unit_succession.state IS
    'A proposal may be approved for five days; expired is written once the same succession is proposed anew.';
COMMENT ON COLUMN acl.unit_succession.decided_at IS 'By the clock of the database, as proposed_at: nobody says when it was.';


-- Secrets. Of a password only the argon2id hash is kept, of a code its SHA-256, of a TOTP secret its ciphertext.

CREATE TABLE acl.password (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    set_at timestamptz NOT NULL,
    hash text COLLATE "C" NOT NULL CHECK (hash LIKE '$argon2id$%')
);
CREATE INDEX password_account ON acl.password (account_id, id);
COMMENT ON TABLE acl.password IS 'The newest is the password of the account while account.password_until is set; older ones may not come back.';

CREATE TABLE acl.activation (
    account_id int PRIMARY KEY REFERENCES acl.account,
    whole text COLLATE "C" CHECK (whole ~ '^[0-9a-f]{64}$'),
    first_half text COLLATE "C" CHECK (first_half ~ '^[0-9a-f]{64}$'),
    first_by int REFERENCES acl.account,
    second_half text COLLATE "C" CHECK (second_half ~ '^[0-9a-f]{64}$'),
    second_by int REFERENCES acl.account,
    proposal_id int,
    hash text COLLATE "C" GENERATED ALWAYS AS (coalesce(whole, first_half || second_half)) STORED,
    expires_at timestamptz NOT NULL,
    CHECK (num_nulls(whole, second_half) = 1),
    CHECK (num_nulls(second_half, second_by, proposal_id) IN (0, 3)),
    CHECK (num_nulls(first_half, first_by) IN (0, 2) AND (first_half IS NULL OR second_half IS NOT NULL)),
    CONSTRAINT two_givers CHECK (first_by <> second_by)
);
COMMENT ON TABLE acl.activation IS 'One-time activation codes; one that was used, or that a newer one replaced, is gone.';
COMMENT ON COLUMN acl.activation.first_half IS 'Of a code in two halves, that of who proposed; NULL until it was fetched.';
COMMENT ON COLUMN acl.activation.hash IS 'What a code is compared with: of one piece, or of both halves in a row; NULL while a half lacks.';

CREATE TABLE acl.totp (
    account_id int PRIMARY KEY REFERENCES acl.account,
    sealed bytea NOT NULL,
    confirmed_at timestamptz NOT NULL,
    last_step bigint NOT NULL
);
COMMENT ON COLUMN acl.totp.last_step IS 'Number of the newest time step whose code was used: a code works once.';

CREATE TABLE acl.totp_begun (
    account_id int PRIMARY KEY REFERENCES acl.account,
    sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL
);
COMMENT ON TABLE acl.totp_begun IS 'Secrets shown to their owner and not confirmed by a code yet; until then the one before stays.';

CREATE TABLE acl.recovery_code (
    account_id int NOT NULL REFERENCES acl.totp ON DELETE CASCADE,
    hash text COLLATE "C" NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    used_at timestamptz,
    PRIMARY KEY (account_id, hash)
);

CREATE UNLOGGED TABLE acl.sign_in_failure (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('account', 'address', 'session')),
    key text COLLATE "C" NOT NULL,
    failures int NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (kind, key)
);
COMMENT ON TABLE acl.sign_in_failure IS 'Failed sign-ins by name and by address, failed proofs by session, as SHA-256: what is typed for a name may be a password.';


-- Handing over, leaving, staff lists, attestation.

CREATE TABLE acl.handover (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('provided', 'handed_over')),
    by_id int REFERENCES acl.account,
    to_person text COLLATE "C" NOT NULL CHECK (to_person <> '' AND to_person IS NFC NORMALIZED),
    at timestamptz NOT NULL,
    note text COLLATE "C" CHECK (note IS NFC NORMALIZED)
);
CREATE INDEX handover_account ON acl.handover (account_id);
COMMENT ON COLUMN acl.handover.kind IS 'provided: by the Sở to the head; handed_over: to the person whose account it is.';

CREATE TABLE acl.leaving (
    account_id int PRIMARY KEY REFERENCES acl.account,
    ended_on date NOT NULL,
    deadline date,
    entered_on date NOT NULL,
    entered_by int REFERENCES acl.account,
    source text COLLATE "C" NOT NULL CHECK (source IN ('unit', 'so', 'staff_list')),
    breach boolean NOT NULL,
    acknowledged_by int REFERENCES acl.account,
    acknowledged_at timestamptz
);
COMMENT ON COLUMN acl.leaving.deadline IS 'The fifth working day after the position ended; NULL: the calendar lacks the year.';
COMMENT ON COLUMN acl.leaving.breach IS 'Entered after the deadline, or never by the unit: reported to the Sở.';

CREATE TABLE acl.staff_list (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id int NOT NULL REFERENCES acl.unit,
    listed_on date NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by int REFERENCES acl.account,
    people int NOT NULL CHECK (people > 0)
);
CREATE INDEX staff_list_unit ON acl.staff_list (unit_id, listed_on);

CREATE TABLE acl.absence (
    account_id int PRIMARY KEY REFERENCES acl.account,
    list_id int NOT NULL REFERENCES acl.staff_list,
    missing_since date NOT NULL
);
COMMENT ON TABLE acl.absence IS 'Accounts whose person the newest staff list of the unit lacks, and since which list.';

CREATE TABLE acl.attestation (
    account_id int NOT NULL REFERENCES acl.account,
    quarter text COLLATE "C" NOT NULL CHECK (quarter ~ '^[0-9]{4}Q[1-4]$'),
    by_id int NOT NULL REFERENCES acl.account CHECK (by_id <> account_id),
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, quarter)
);

CREATE TABLE acl.notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('leaving_late', 'deadline_unknown', 'absence_warned', 'absence_revoked',
                                                   'not_attested', 'attestation_due', 'password_expires', 'position_ended',
                                                   'act_proposed', 'act_done', 'act_done_alone',
                                                   'manager_proposed', 'manager_approved', 'left_out',
                                                   'sealing_stopped', 'sealing_goes_on',
                                                   'agreement_joined', 'agreement_moved')),
    account_id int REFERENCES acl.account,
    unit_id int NOT NULL REFERENCES acl.unit,
    day date NOT NULL,
    made_at timestamptz NOT NULL,
    proposal_id int,
    manager_change_id int,
    collection text COLLATE "C",
    pieces jsonb,
    agreement_id int,
    agreement_number int,
    CHECK ((kind LIKE 'agreement\_%') = (agreement_id IS NOT NULL) AND (agreement_id IS NULL) = (agreement_number IS NULL)),
    CHECK ((kind = 'left_out') = (collection IS NOT NULL) AND (collection IS NULL) = (pieces IS NULL)),
    CHECK ((kind LIKE 'act\_%') = (proposal_id IS NOT NULL) AND (kind LIKE 'manager\_%') = (manager_change_id IS NOT NULL)
           AND (num_nonnulls(account_id, proposal_id, manager_change_id, collection, agreement_id) > 0) = (kind NOT LIKE 'sealing\_%'))
);
CREATE UNIQUE INDEX notice_once ON acl.notice (kind, account_id, day) WHERE proposal_id IS NULL AND collection IS NULL;
CREATE UNIQUE INDEX notice_of_proposal_once ON acl.notice (kind, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE UNIQUE INDEX notice_of_manager_once ON acl.notice (kind, manager_change_id) WHERE manager_change_id IS NOT NULL;
CREATE UNIQUE INDEX notice_of_agreement_once ON acl.notice (kind, agreement_id, agreement_number, unit_id)
    WHERE agreement_id IS NOT NULL;
CREATE UNIQUE INDEX notice_of_collection_once ON acl.notice (unit_id, coalesce(account_id, 0), collection, day, md5(pieces::text))
    WHERE collection IS NOT NULL;
COMMENT ON TABLE acl.notice IS 'What the Sở and the heads are told; equal notices are made once.';
COMMENT ON COLUMN acl.notice.day IS 'What the notice is about: the day of the end, of the warning, of the expiry, of the act.';


-- The login that keeps accounts reads and writes them, deletes only what is short-lived, and sees no land data.
-- The publisher reads what profiles are compiled from, the auditor the names behind the numbers; neither sees a secret.

DO $$
DECLARE
    identity constant text := current_database() || '_identity';
    publisher constant text := current_database() || '_publisher';
    auditor constant text := current_database() || '_auditor';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg, hc TO %I', identity);
    EXECUTE format('GRANT USAGE ON SCHEMA acl, lg TO %I, %I', publisher, auditor);
    EXECUTE format('GRANT EXECUTE ON FUNCTION lg.hom_nay TO %I, %I, %I', identity, publisher, auditor);
    EXECUTE format('GRANT SELECT (id, xa_id, cap, ma, ten, cha_id, hieu_luc_tu, hieu_luc_den) ON hc.don_vi TO %I', identity);
    EXECUTE format('GRANT SELECT, INSERT ON acl.unit, acl.unit_parent, acl.function, acl.account, acl.account_function, '
                   'acl.unit_succession, acl.stale_profile, acl.password, acl.activation, acl.totp, acl.totp_begun, acl.recovery_code, '
                   'acl.handover, acl.leaving, acl.staff_list, acl.absence, acl.attestation, acl.notice TO %I', identity);
    EXECUTE format('GRANT UPDATE (name, territory, valid_until, allowance) ON acl.unit TO %I', identity);
    EXECUTE format('GRANT UPDATE (valid_until) ON acl.unit_parent, acl.account_function TO %I', identity);
    EXECUTE format('GRANT UPDATE (name, narrows, valid_until) ON acl.function TO %I', identity);
    EXECUTE format('GRANT UPDATE (unit_id, kind, position, state, suspended_for, of_allowance, password_until, ends_on) '
                   'ON acl.account TO %I', identity);
    EXECUTE format('GRANT UPDATE (state, decided_by, decided_at) ON acl.unit_succession TO %I', identity);
    EXECUTE format('GRANT UPDATE (hash), DELETE ON acl.password TO %I', identity);
    EXECUTE format('GRANT UPDATE ON acl.stale_profile TO %I', identity);
    EXECUTE format('GRANT UPDATE, DELETE ON acl.activation, acl.totp, acl.totp_begun, acl.absence TO %I', identity);
    EXECUTE format('GRANT UPDATE (used_at), DELETE ON acl.recovery_code TO %I', identity);
    EXECUTE format('GRANT UPDATE (acknowledged_by, acknowledged_at) ON acl.leaving TO %I', identity);
    EXECUTE format('GRANT DELETE ON acl.unit_parent, acl.account_function TO %I', identity);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON acl.sign_in_failure TO %I', identity);
    EXECUTE format('GRANT SELECT ON acl.unit, acl.unit_parent, acl.unit_succession, acl.function, acl.account_function '
                   'TO %I', publisher);
    EXECUTE format('GRANT SELECT (id, code, unit_id, kind, state, ends_on) ON acl.account TO %I', publisher);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON acl.stale_profile TO %I', publisher);
    EXECUTE format('GRANT INSERT ON acl.notice TO %I', publisher);
    EXECUTE format('GRANT SELECT ON acl.unit, acl.function TO %I', auditor);
    EXECUTE format('GRANT SELECT (id, code, unit_id, kind, person, state) ON acl.account TO %I', auditor);
END $$;
