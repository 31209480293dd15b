-- Audit: who asked for what, what was decided, and every administrative act. Rows are added and never changed.

CREATE SCHEMA audit;

-- Transaction numbers begin anew after a logical restore; the era says of which cluster they are.

CREATE FUNCTION audit.era() RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT so FROM lg.ky_nguyen);
END $$;

CREATE SEQUENCE audit.decision_id;
CREATE TABLE audit.decision (
    id bigint NOT NULL DEFAULT nextval('audit.decision_id'),
    era int NOT NULL DEFAULT audit.era(),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    request_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    subject text COLLATE "C" NOT NULL,
    account text COLLATE "C",
    unit text COLLATE "C",
    client text COLLATE "C",
    token text COLLATE "C",
    ip text COLLATE "C",
    method text COLLATE "C" NOT NULL,
    route text COLLATE "C" NOT NULL,
    collection text COLLATE "C",
    operation text COLLATE "C",
    profile_hash text COLLATE "C",
    agreements text[] COLLATE "C",
    columns text[] COLLATE "C",
    granted boolean NOT NULL,
    status int,
    reason text COLLATE "C",
    query text COLLATE "C",
    sealed text COLLATE "C",
    UNIQUE (request_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX decision_order ON audit.decision (era, tx);
CREATE INDEX decision_at ON audit.decision (at, id);
CREATE INDEX decision_unit ON audit.decision (unit, at);
CREATE INDEX decision_account ON audit.decision (account, at);
COMMENT ON TABLE audit.decision IS 'One row for each request, durable before the first byte of its answer leaves.';
COMMENT ON COLUMN audit.decision.token IS 'The first letters of the hash of the token.';
COMMENT ON COLUMN audit.decision.query IS 'The query, with an HMAC in the place of each literal.';
COMMENT ON COLUMN audit.decision.columns IS 'Columns that the request names, and * where it got all of them; NULL: neither.';
COMMENT ON COLUMN audit.decision.sealed IS 'The query as it was sent, encrypted to the key that the Sở keeps; NULL where none is set.';

CREATE SEQUENCE audit.outcome_id;
CREATE TABLE audit.outcome (
    id bigint NOT NULL DEFAULT nextval('audit.outcome_id'),
    era int NOT NULL DEFAULT audit.era(),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    request_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    status int NOT NULL,
    rows bigint,
    bytes bigint NOT NULL,
    duration_us bigint NOT NULL,
    finished boolean NOT NULL,
    UNIQUE (request_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX outcome_order ON audit.outcome (era, tx);
COMMENT ON TABLE audit.outcome IS 'What became of a request: one row after the last byte, or when the client went away.';
COMMENT ON COLUMN audit.outcome.at IS 'The instant of the decision, so that both rows of a request lie in one month.';

CREATE TABLE audit.decision_other PARTITION OF audit.decision DEFAULT;
CREATE TABLE audit.outcome_other PARTITION OF audit.outcome DEFAULT;
COMMENT ON TABLE audit.decision_other IS 'Rows of months that nobody made a partition for: a record never fails for want of one.';

CREATE TABLE audit.act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    era int NOT NULL DEFAULT audit.era(),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject text COLLATE "C" NOT NULL,
    account text COLLATE "C",
    unit text COLLATE "C",
    client text COLLATE "C",
    entered text COLLATE "C" NOT NULL,
    act text COLLATE "C" NOT NULL CHECK (act <> ''),
    about text COLLATE "C" NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX act_order ON audit.act (era, tx);
CREATE INDEX act_at ON audit.act (at, id);
CREATE INDEX act_about ON audit.act (about, at);
COMMENT ON TABLE audit.act IS 'Administrative acts, sign-ins and readings of the audit, each written in the transaction that does it.';

-- The seals: a chain over all three streams. A seal takes the finished rows between two transaction numbers.

CREATE TABLE audit.seal (
    n bigint PRIMARY KEY CHECK (n > 0),
    era int NOT NULL,
    from_tx xid8 NOT NULL,
    until_tx xid8 NOT NULL,
    rows int NOT NULL CHECK (rows > 0),
    leaves bytea,
    root bytea NOT NULL,
    chain bytea NOT NULL,
    made_at timestamptz NOT NULL,
    seal bytea NOT NULL,
    signature bytea NOT NULL,
    CHECK (from_tx < until_tx)
);
ALTER TABLE audit.seal ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX seal_made ON audit.seal (made_at);
COMMENT ON COLUMN audit.seal.leaves IS 'SHA-256 of each row, one after the other; NULL after the time that rows are kept.';
COMMENT ON COLUMN audit.seal.root IS 'Root of the Merkle tree over the leaves.';
COMMENT ON COLUMN audit.seal.chain IS 'h_n of the last row: h_n = SHA-256(h_n-1 || leaf), begun with the seal before.';

CREATE TABLE audit.head (
    day date PRIMARY KEY,
    n bigint NOT NULL,
    seal bytea NOT NULL,
    made_at timestamptz NOT NULL,
    key text COLLATE "C" NOT NULL,
    signature bytea NOT NULL
);
COMMENT ON TABLE audit.head IS 'The last seal of each day (of Asia/Ho_Chi_Minh), signed.';

CREATE TABLE audit.retirement (
    month date,
    kind text COLLATE "C" CHECK (kind IN ('archived', 'forgotten')),
    until_n bigint NOT NULL,
    rows bigint NOT NULL,
    archive bytea NOT NULL,
    made_at timestamptz NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (month, kind)
);
COMMENT ON TABLE audit.retirement IS 'Months whose decisions and outcomes left the database; signed like the seals.';
COMMENT ON COLUMN audit.retirement.kind IS 'archived: their rows lie in a file; forgotten: the file and the leaves are gone, too.';
COMMENT ON COLUMN audit.retirement.until_n IS 'The last seal that holds rows of the month.';
COMMENT ON COLUMN audit.retirement.archive IS 'SHA-256 of the archive file.';


-- Nothing is changed and nothing taken away, by the owner neither, but by the procedure of retention.

CREATE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('datdai.retention', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% on audit.% is refused: the audit is kept as it was written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.decision FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.outcome FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.act FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.seal FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.head FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit.retirement FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.decision FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.outcome FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.decision_other FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.outcome_other FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.act FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.seal FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.head FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.retirement FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();


-- Who may write the audit may add a seal that follows the last one, of transactions that have ended, and the head of a day
-- that is over. Whether it is signed, the sealer and the verifier look.

CREATE FUNCTION audit.follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last audit.seal;
    since xid8;
BEGIN
    SELECT * INTO last FROM audit.seal ORDER BY n DESC LIMIT 1;
    IF new.n <= last.n THEN
        RAISE EXCEPTION 'seal % is there already', new.n USING ERRCODE = 'unique_violation';
    END IF;
    since := CASE WHEN new.era = last.era THEN last.until_tx ELSE '0' END;
    IF new.n <> coalesce(last.n, 0) + 1 OR new.from_tx <> since OR new.era NOT BETWEEN coalesce(last.era, 1) AND audit.era()
       OR new.era = audit.era() AND new.until_tx > pg_snapshot_xmin(pg_current_snapshot()) THEN
        RAISE EXCEPTION 'seal % does not follow the last one', new.n USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;

CREATE FUNCTION audit.head_of_day() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.day >= (clock_timestamp() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
       OR NOT EXISTS (SELECT FROM audit.seal s WHERE s.n = new.n AND s.seal = new.seal) THEN
        RAISE EXCEPTION 'the day % is not over, or this is not its seal', new.day USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER follows BEFORE INSERT ON audit.seal FOR EACH ROW EXECUTE FUNCTION audit.follow();
CREATE TRIGGER follows BEFORE INSERT ON audit.head FOR EACH ROW EXECUTE FUNCTION audit.head_of_day();


-- Months, in UTC. A month whose rows lie among the others already gets no partition: they stay there.

CREATE FUNCTION audit.make_month(stream text, month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    since constant timestamptz := date_trunc('month', month);
    until constant timestamptz := since + interval '1 month';
    name constant text := format('%s_%s', stream, to_char(since, 'YYYY_MM'));
    has_strays boolean;
BEGIN
    IF to_regclass('audit.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM audit.%I WHERE at >= %L AND at < %L)', stream || '_other', since, until)
        INTO has_strays;
    IF has_strays THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.%I FOR VALUES FROM (%L) TO (%L)', name, stream, since, until);
    EXECUTE format('CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()',
                   name);
    RETURN true;
END $$;

CREATE FUNCTION audit.make_months(day date) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) FILTER (WHERE audit.make_month(stream, (date_trunc('month', make_months.day) + ahead * interval '1 month')::date))
    FROM unnest(ARRAY['decision', 'outcome']) AS stream, generate_series(0, 3) AS ahead
    WHERE make_months.day BETWEEN current_date - 31 AND current_date + 366;
END;

COMMENT ON FUNCTION audit.make_months IS 'Makes the partitions of a month and of the three after it; returns how many were missing.';

SELECT audit.make_months(current_date);


-- Retention, by the DBA alone: after the archive of a month is written, its rows leave the database.

CREATE FUNCTION audit.drop_month(month date) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datdai.retention = 'on' AS $$
DECLARE
    since constant timestamptz := date_trunc('month', month);
    until constant timestamptz := since + interval '1 month';
    stream text;
    dropped bigint := 0;
    here bigint;
BEGIN
    FOREACH stream IN ARRAY ARRAY['decision', 'outcome'] LOOP
        EXECUTE format('DELETE FROM audit.%I WHERE at >= %L AND at < %L', stream || '_other', since, until);
        GET DIAGNOSTICS here = ROW_COUNT;
        dropped := dropped + here;
        IF to_regclass(format('audit.%s_%s', stream, to_char(since, 'YYYY_MM'))) IS NOT NULL THEN
            EXECUTE format('SELECT count(*) FROM audit.%I', stream || to_char(since, '_YYYY_MM')) INTO here;
            EXECUTE format('DROP TABLE audit.%I', stream || to_char(since, '_YYYY_MM'));
            dropped := dropped + here;
        END IF;
    END LOOP;
    RETURN dropped;
END $$;

CREATE FUNCTION audit.drop_leaves(until_n bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datdai.retention = 'on' AS $$
DECLARE
    dropped bigint;
BEGIN
    UPDATE audit.seal SET leaves = NULL WHERE n <= until_n AND leaves IS NOT NULL;
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END $$;

COMMENT ON FUNCTION audit.drop_leaves IS 'Forgets single rows of seals whose archives are gone as well; roots, chain and signatures stay.';


-- Reading is under permission, too. A reader says what it may read; one that says nothing sees nothing.

CREATE FUNCTION audit.reads_all() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce(current_setting('datdai.audit_of', true), '') = 'all';

CREATE FUNCTION audit.reads_unit() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN substring(current_setting('datdai.audit_of', true) FROM '^unit:(.+)$');

CREATE FUNCTION audit.reads_account() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN substring(current_setting('datdai.audit_of', true) FROM '^account:(.+)$');

ALTER TABLE audit.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.outcome ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.act ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON audit.decision FOR SELECT
    USING ((SELECT audit.reads_all()) OR unit = (SELECT audit.reads_unit()) OR account = (SELECT audit.reads_account()));
CREATE POLICY reads ON audit.act FOR SELECT
    USING ((SELECT audit.reads_all()) OR unit = (SELECT audit.reads_unit()) OR account = (SELECT audit.reads_account()));
CREATE POLICY reads ON audit.outcome FOR SELECT
    USING ((SELECT audit.reads_all())
           OR EXISTS (SELECT FROM audit.decision AS d WHERE d.request_id = outcome.request_id AND d.at = outcome.at));
CREATE POLICY writes ON audit.decision FOR INSERT WITH CHECK (true);
CREATE POLICY writes ON audit.outcome FOR INSERT WITH CHECK (true);
CREATE POLICY writes ON audit.act FOR INSERT WITH CHECK (true);

CREATE FUNCTION audit.given_by(subject text, profile_hash text, collection text, operation text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ngay constant date := lg.hom_nay();
BEGIN
    RETURN (SELECT nullif(ARRAY(SELECT jsonb_array_elements_text(p.because -> collection -> operation)), '{}')
            FROM acl.profile_in_force p
            WHERE p.subject = given_by.subject AND p.hash = profile_hash AND p.valid_from <= ngay
              AND (p.valid_until IS NULL OR p.valid_until > ngay));
END $$;
COMMENT ON FUNCTION audit.given_by IS
    'Codes of the agreements by which a subject may do something with a collection now; NULL: its profile is another one by now.';

DO $$
DECLARE
    writer constant text := current_database() || '_audit';
    reader constant text := current_database() || '_auditor';
    who text;
    ham regprocedure;
BEGIN
    FOR ham IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'audit'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', ham);
    END LOOP;
    FOREACH who IN ARRAY ARRAY['audit', 'auditor', 'identity', 'publisher'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA audit TO %I', current_database() || '_' || who);
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit.era TO %I', current_database() || '_' || who);
    END LOOP;
    EXECUTE format('GRANT INSERT (request_id, at, subject, account, unit, client, token, ip, method, route, collection, '
                   'operation, profile_hash, agreements, columns, granted, status, reason, query, sealed) '
                   'ON audit.decision TO %I', writer);
    EXECUTE format('GRANT INSERT (request_id, at, status, rows, bytes, duration_us, finished) ON audit.outcome TO %I', writer);
    EXECUTE format('GRANT USAGE ON SEQUENCE audit.decision_id, audit.outcome_id TO %I', writer);
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit.make_months, audit.given_by TO %I', writer);
    EXECUTE format('GRANT INSERT ON audit.seal, audit.head TO %I', writer);
    FOREACH who IN ARRAY ARRAY['audit', 'identity', 'publisher'] LOOP
        EXECUTE format('GRANT INSERT (subject, account, unit, client, entered, act, about, before, after) ON audit.act TO %I',
                       current_database() || '_' || who);
    END LOOP;
    EXECUTE format('GRANT SELECT ON audit.decision, audit.outcome, audit.act, audit.seal, audit.head, audit.retirement TO %I',
                   reader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit.reads_all, audit.reads_unit, audit.reads_account TO %I', reader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO %I', reader);
    EXECUTE format('GRANT USAGE ON SCHEMA lg TO %I', reader);
    EXECUTE format('GRANT SELECT ON lg.di_tru TO %I', reader);
END $$;
