-- Acts of two: what gives control of a privileged account is proposed by one person and approved by another one.
-- The login that keeps accounts is held to it here, whatever the application forgets; the DBA's login is the operator's.

CREATE FUNCTION acl.se_chia_se(tai_khoan int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM acl.account_function g JOIN acl.function f ON f.id = g.function_id
        WHERE g.account_id = tai_khoan AND f.code = 'chia-se-du-lieu'
              AND (g.valid_until IS NULL OR g.valid_until > lg.hom_nay()))
$$;
COMMENT ON FUNCTION acl.se_chia_se IS
    'Whether an account holds the function of sharing, now or later; who may use it today: acl.la_can_bo_chia_se.';

CREATE FUNCTION acl.la_dac_quyen(tai_khoan int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
        WHERE a.id = tai_khoan AND (a.kind IN ('system_admin', 'unit_head')
                                    OR a.kind = 'individual' AND u.kind = 'so' AND acl.se_chia_se(a.id)))
$$;
COMMENT ON FUNCTION acl.la_dac_quyen IS
    'Whether an account is privileged: an admin, a head, or one who acts for the Sở in agreements, now or later.';

CREATE FUNCTION acl.la_nguoi_duyet(tai_khoan int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
        WHERE a.id = tai_khoan AND a.state = 'active' AND (a.ends_on IS NULL OR a.ends_on > lg.hom_nay())
              AND (a.kind = 'system_admin' OR a.kind = 'unit_head' AND u.kind = 'so')
              AND (u.valid_until IS NULL OR u.valid_until > lg.hom_nay()))
$$;
COMMENT ON FUNCTION acl.la_nguoi_duyet IS 'Whether an account may propose and approve: a system admin, or the head of the Sở, in use.';

CREATE TABLE acl.proposal (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act text COLLATE "C" NOT NULL CHECK (act IN ('create', 'hand_over', 'reset', 'reset_totp', 'resume', 'position', 'link',
                                                 'give_function')),
    account text COLLATE "C" NOT NULL CHECK (account ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    arguments jsonb NOT NULL CHECK (jsonb_typeof(arguments) = 'object'),
    found jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(found) = 'object'),
    reason text COLLATE "C" NOT NULL CHECK (reason <> '' AND reason IS NFC NORMALIZED),
    state text COLLATE "C" NOT NULL DEFAULT 'proposed'
        CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn', 'alone')),
    proposed_by int NOT NULL REFERENCES acl.account,
    proposed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > proposed_at AND expires_at <= proposed_at + interval '5 days'),
    decided_by int REFERENCES acl.account,
    decided_at timestamptz,
    decided_in xid8,
    answer text COLLATE "C" CHECK (answer <> '' AND answer IS NFC NORMALIZED),
    CHECK ((state IN ('approved', 'refused', 'withdrawn')) = (decided_by IS NOT NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (state = 'approved') = (decided_in IS NOT NULL)),
    CONSTRAINT two_persons CHECK (state NOT IN ('approved', 'refused') OR decided_by <> proposed_by),
    CONSTRAINT own_proposal CHECK (state <> 'withdrawn' OR decided_by = proposed_by),
    CONSTRAINT in_time CHECK (state <> 'approved' OR (decided_at >= proposed_at AND decided_at < expires_at))
);
CREATE INDEX proposal_account ON acl.proposal (account);
COMMENT ON TABLE acl.proposal IS 'Acts that take two persons: what one proposed, and what another one said to it.';
COMMENT ON COLUMN acl.proposal.account IS 'Name of the account; of one that is to be made there is no row yet.';
COMMENT ON COLUMN acl.proposal.unit_id IS 'The unit whose head is told.';
COMMENT ON COLUMN acl.proposal.found IS
    'Unit, kind, state and position of the account when it was proposed: of another one nothing is approved.';
COMMENT ON COLUMN acl.proposal.state IS 'alone: done by the operator at the machine, with the reason.';
COMMENT ON COLUMN acl.proposal.decided_in IS 'The transaction of the approval: in it, and in no other, the act may be done.';

ALTER TABLE acl.activation ADD FOREIGN KEY (proposal_id) REFERENCES acl.proposal;
ALTER TABLE acl.notice ADD FOREIGN KEY (proposal_id) REFERENCES acl.proposal;

CREATE FUNCTION acl.qua_hai_nguoi(ten text, VARIADIC viec text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT acl.la_dba() OR EXISTS (
        SELECT FROM acl.proposal p
        WHERE p.account = ten AND p.act = ANY (viec) AND p.state = 'approved'
              AND p.decided_in = pg_current_xact_id_if_assigned())
$$;
COMMENT ON FUNCTION acl.qua_hai_nguoi IS 'Whether one of these acts on an account was approved in this transaction, or the DBA does it.';

CREATE FUNCTION acl.tu_choi_mot_nguoi(ten text, viec text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'one person alone does not % the privileged account %', viec, ten
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'hai_nguoi';
END $$;

CREATE FUNCTION acl.giu_de_xuat() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ai int := (SELECT id FROM acl.account WHERE code = new.account);
BEGIN
    IF TG_OP = 'INSERT' AND new.state = 'alone' AND acl.la_dba() THEN
        RETURN new;
    ELSIF TG_OP = 'INSERT' AND new.state <> 'proposed' THEN
        RAISE EXCEPTION 'a proposal begins as one' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_de_xuat';
    ELSIF TG_OP = 'UPDATE' AND old.state <> 'proposed' THEN
        RAISE EXCEPTION 'a proposal is decided once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_de_xuat';
    END IF;
    IF new.state IN ('proposed', 'approved') AND (NOT acl.la_nguoi_duyet(new.proposed_by)
                                                  OR acl.la_mot_nguoi(new.proposed_by, ai))
       OR new.state = 'approved' AND (NOT acl.la_nguoi_duyet(new.decided_by) OR acl.la_mot_nguoi(new.decided_by, ai)
                                      OR acl.la_mot_nguoi(new.decided_by, new.proposed_by)) THEN
        RAISE EXCEPTION 'two others of the Sở propose and approve'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'giu_de_xuat';
    END IF;
    IF new.state = 'approved' THEN
        new.decided_in := pg_current_xact_id();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_de_xuat BEFORE INSERT OR UPDATE ON acl.proposal FOR EACH ROW EXECUTE FUNCTION acl.giu_de_xuat();

CREATE FUNCTION acl.co_gi_de_vao(ai int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM acl.account WHERE id = ai AND (password_until IS NOT NULL OR state NOT IN ('issued', 'must_change')))
        OR EXISTS (SELECT FROM acl.activation WHERE account_id = ai AND whole IS NOT NULL)
        OR EXISTS (SELECT FROM acl.totp WHERE account_id = ai)
        OR EXISTS (SELECT FROM acl.totp_begun WHERE account_id = ai)
        OR EXISTS (SELECT FROM oauth.outside_subject WHERE account_id = ai)
        OR EXISTS (SELECT FROM oauth.session WHERE account_id = ai AND ended_at IS NULL AND expires_at > clock_timestamp())
        OR EXISTS (SELECT FROM oauth.sign_in WHERE account_id = ai)
        OR EXISTS (SELECT FROM oauth.token WHERE account_id = ai AND revoked_at IS NULL AND expires_at > clock_timestamp())
        OR EXISTS (SELECT FROM oauth.family WHERE account_id = ai AND ended_at IS NULL AND ends_at > clock_timestamp())
$$;
COMMENT ON FUNCTION acl.co_gi_de_vao IS
    'Whether anything is left of how an account was entered: one person may know it, so none of it outlives a promotion.';

CREATE FUNCTION acl.giu_nguoi_lam(ai int, loai text, don_vi int, khoa text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM acl.account WHERE id = ai FOR SHARE;
    RETURN EXISTS (SELECT FROM acl.account
                   WHERE id = ai AND kind = loai AND unit_id = don_vi AND state IN ('must_change', 'active')
                         AND (ends_on IS NULL OR ends_on > lg.hom_nay()))
        AND NOT EXISTS (SELECT FROM oauth.session WHERE hash = khoa AND ended_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM oauth.token WHERE hash = khoa AND revoked_at IS NOT NULL);
END $$;
COMMENT ON FUNCTION acl.giu_nguoi_lam IS
    'Whether an actor may still act: of this kind and unit, by a session or token not ended; nobody changes it before the commit.';

CREATE FUNCTION acl.giu_dac_quyen() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cao constant text[] := ARRAY['system_admin', 'unit_head'];
    la boolean;
BEGIN
    IF acl.la_dba() THEN
        RETURN new;
    ELSIF TG_OP = 'INSERT' THEN
        IF new.kind = ANY (cao) AND (new.state <> 'issued' OR NOT acl.qua_hai_nguoi(new.code, 'create')) THEN
            PERFORM acl.tu_choi_mot_nguoi(new.code, 'create');
        END IF;
        RETURN new;
    END IF;
    la := acl.la_dac_quyen(old.id);
    IF (old.kind = ANY (cao) OR new.kind = ANY (cao)) AND (old.kind, old.unit_id) <> (new.kind, new.unit_id)
       AND NOT acl.qua_hai_nguoi(new.code, 'position') THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'move');
    ELSIF new.kind = ANY (cao) AND NOT la AND acl.co_gi_de_vao(old.id) THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'keep the key of');
    ELSIF new.kind = 'individual' AND old.unit_id <> new.unit_id
          AND EXISTS (SELECT FROM acl.unit WHERE id = new.unit_id AND kind = 'so')
          AND acl.se_chia_se(old.id) THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'move');
    ELSIF la AND old.state = 'suspended' AND new.state IN ('issued', 'must_change', 'active')
          AND NOT acl.qua_hai_nguoi(new.code, 'resume') THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'resume');
    ELSIF la AND old.state = 'issued' AND new.state IN ('must_change', 'active')
          AND NOT acl.qua_hai_nguoi(new.code, 'hand_over') THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'hand over');
    ELSIF la AND old.ends_on IS NOT NULL AND (new.ends_on IS NULL OR new.ends_on > old.ends_on) THEN
        PERFORM acl.tu_choi_mot_nguoi(new.code, 'prolong');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_dac_quyen BEFORE INSERT OR UPDATE ON acl.account FOR EACH ROW EXECUTE FUNCTION acl.giu_dac_quyen();

CREATE FUNCTION acl.giu_ma_kich_hoat() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten constant text := (SELECT code FROM acl.account WHERE id = new.account_id);
    p acl.proposal;
BEGIN
    PERFORM FROM acl.account WHERE id = new.account_id FOR NO KEY UPDATE;
    IF acl.la_dba() OR new.whole IS NOT NULL AND NOT acl.la_dac_quyen(new.account_id) THEN
        RETURN new;
    END IF;
    SELECT * INTO p FROM acl.proposal WHERE id = new.proposal_id;
    IF new.whole IS NOT NULL OR p.state IS DISTINCT FROM 'approved' OR p.account <> ten OR new.second_by <> p.decided_by
       OR new.first_by <> p.proposed_by THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'activate');
    ELSIF TG_OP = 'INSERT' AND (new.first_half IS NOT NULL
                                OR NOT acl.qua_hai_nguoi(ten, 'hand_over', 'reset', 'position', 'give_function')) THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'activate');
    ELSIF TG_OP = 'UPDATE' AND (old.first_half IS NOT NULL OR (old.second_half, old.second_by, old.proposal_id, old.expires_at)
                                IS DISTINCT FROM (new.second_half, new.second_by, new.proposal_id, new.expires_at)) THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'activate');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_ma_kich_hoat BEFORE INSERT OR UPDATE ON acl.activation
    FOR EACH ROW EXECUTE FUNCTION acl.giu_ma_kich_hoat();

CREATE FUNCTION acl.giu_chuc_nang_chia_se() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten constant text := (
        SELECT a.code FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id AND u.kind = 'so'
        JOIN acl.function f ON f.id = new.function_id AND f.code = 'chia-se-du-lieu'
        WHERE a.id = new.account_id AND a.kind = 'individual');
BEGIN
    IF ten IS NULL OR acl.la_dba() OR TG_OP = 'UPDATE' AND new.valid_until <= coalesce(old.valid_until, 'infinity') THEN
        RETURN new;
    END IF;
    PERFORM FROM acl.account WHERE id = new.account_id FOR NO KEY UPDATE;
    IF NOT acl.qua_hai_nguoi(ten, 'give_function') THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'empower');
    ELSIF NOT acl.la_dac_quyen(new.account_id) AND acl.co_gi_de_vao(new.account_id) THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'keep the key of');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_chuc_nang_chia_se BEFORE INSERT OR UPDATE ON acl.account_function
    FOR EACH ROW EXECUTE FUNCTION acl.giu_chuc_nang_chia_se();

CREATE FUNCTION acl.giu_buoc_hai() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten constant text := (SELECT code FROM acl.account WHERE id = old.account_id);
BEGIN
    IF acl.la_dac_quyen(old.account_id) AND NOT acl.qua_hai_nguoi(ten, 'reset_totp', 'position', 'give_function') THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'take the second factor of');
    END IF;
    RETURN old;
END $$;
CREATE TRIGGER giu_buoc_hai BEFORE DELETE ON acl.totp FOR EACH ROW EXECUTE FUNCTION acl.giu_buoc_hai();

CREATE FUNCTION acl.giu_bi_mat() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT acl.la_dba() AND NOT EXISTS (
        SELECT FROM acl.totp_begun b WHERE b.account_id = new.account_id AND b.sealed = new.sealed) THEN
        RAISE EXCEPTION 'a second factor is begun before it counts'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'giu_bi_mat';
    END IF;
    RETURN new;
END $$;
COMMENT ON FUNCTION acl.giu_bi_mat IS 'The secret of an account is replaced by the one that was begun for it, and stays in its account.';
CREATE TRIGGER giu_bi_mat BEFORE UPDATE ON acl.totp
    FOR EACH ROW WHEN ((new.account_id, new.sealed) IS DISTINCT FROM (old.account_id, old.sealed))
    EXECUTE FUNCTION acl.giu_bi_mat();

CREATE FUNCTION acl.giu_lien_ket() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten constant text := (SELECT code FROM acl.account WHERE id = new.account_id);
BEGIN
    PERFORM FROM acl.account WHERE id = new.account_id FOR NO KEY UPDATE;
    IF new.linked_by <> new.account_id AND acl.la_dac_quyen(new.account_id) AND NOT acl.qua_hai_nguoi(ten, 'link') THEN
        PERFORM acl.tu_choi_mot_nguoi(ten, 'link');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_lien_ket BEFORE INSERT ON oauth.outside_subject FOR EACH ROW EXECUTE FUNCTION acl.giu_lien_ket();

-- A unit that is over does not come back with its head, the Sở does not end over those who govern, nor a unit with the last admins.
-- The number is that of auth.people.admins: whoever may end admins waits for the others.

CREATE FUNCTION acl.giu_don_vi() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF acl.la_dba() THEN
        RETURN new;
    ELSIF old.valid_until <= lg.hom_nay() THEN
        RAISE EXCEPTION 'a unit that is over stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_don_vi';
    ELSIF new.valid_until IS NULL THEN
        RETURN new;
    END IF;
    PERFORM pg_advisory_xact_lock(1684108386);
    IF new.kind = 'so' AND EXISTS (
        SELECT FROM acl.account a WHERE a.unit_id = new.id AND a.state <> 'revoked' AND acl.la_dac_quyen(a.id)) THEN
        RAISE EXCEPTION 'people of this unit govern' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_don_vi';
    ELSIF EXISTS (
        SELECT FROM acl.account a JOIN acl.unit u ON u.id = a.unit_id
        WHERE a.kind = 'system_admin' AND a.state IN ('must_change', 'active') AND a.ends_on IS NULL
              AND u.valid_from <= lg.hom_nay() AND u.valid_until IS NULL
        HAVING count(*) FILTER (WHERE u.id = new.id) > 0 AND count(*) FILTER (WHERE u.id <> new.id) < 2) THEN
        RAISE EXCEPTION 'there are always two system admins' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_don_vi';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_don_vi BEFORE UPDATE ON acl.unit
    FOR EACH ROW WHEN (new.valid_until IS DISTINCT FROM old.valid_until) EXECUTE FUNCTION acl.giu_don_vi();

CREATE FUNCTION acl.giu_ke_thua() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF acl.la_dba() THEN
        IF new.decided_by IS NOT NULL THEN
            new.decided_at := coalesce(new.decided_at, clock_timestamp());
        END IF;
        RETURN new;
    ELSIF TG_OP = 'INSERT' AND new.state <> 'proposed' OR TG_OP = 'UPDATE' AND old.state <> 'proposed' THEN
        RAISE EXCEPTION 'a succession begins as proposed and is decided once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_ke_thua';
    ELSIF new.state = 'expired' AND old.proposed_at > clock_timestamp() - interval '5 days' THEN
        RAISE EXCEPTION 'a proposal is open for five days'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'giu_ke_thua';
    ELSIF new.state IN ('proposed', 'approved') AND NOT acl.la_nguoi_duyet(new.proposed_by)
          OR new.decided_by IS NOT NULL AND NOT acl.la_nguoi_duyet(new.decided_by) THEN
        RAISE EXCEPTION 'two of those who run the Sở propose and approve'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'giu_ke_thua';
    END IF;
    IF TG_OP = 'INSERT' THEN
        new.proposed_at := clock_timestamp();
    ELSIF new.decided_by IS NOT NULL THEN
        new.decided_at := clock_timestamp();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER giu_ke_thua BEFORE INSERT OR UPDATE ON acl.unit_succession
    FOR EACH ROW EXECUTE FUNCTION acl.giu_ke_thua();

DO $$
DECLARE
    identity constant text := current_database() || '_identity';
    publisher constant text := current_database() || '_publisher';
    f regprocedure;
BEGIN
    FOREACH f IN ARRAY ARRAY['acl.se_chia_se(int)', 'acl.la_dac_quyen(int)', 'acl.giu_don_vi()', 'acl.giu_ke_thua()', 'acl.la_nguoi_duyet(int)', 'acl.la_mot_nguoi(int, int)',
                             'acl.qua_hai_nguoi(text, text[])', 'acl.tu_choi_mot_nguoi(text, text)', 'acl.co_gi_de_vao(int)',
                             'acl.giu_de_xuat()', 'acl.giu_dac_quyen()', 'acl.giu_ma_kich_hoat()',
                             'acl.giu_chuc_nang_chia_se()', 'acl.giu_buoc_hai()', 'acl.giu_bi_mat()', 'acl.giu_lien_ket()',
                             'acl.giu_nguoi_lam(int, text, int, text)']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, identity);
    END LOOP;
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.la_dba TO %I', identity);
    EXECUTE format('GRANT EXECUTE ON FUNCTION acl.giu_nguoi_lam TO %I', publisher);
    EXECUTE format('GRANT SELECT ON acl.proposal TO %I', identity);
    EXECUTE format('GRANT INSERT (act, account, unit_id, arguments, found, reason, state, proposed_by, proposed_at, expires_at) '
                   'ON acl.proposal TO %I', identity);
    EXECUTE format('GRANT UPDATE (state, decided_by, decided_at, answer) ON acl.proposal TO %I', identity);
END $$;
