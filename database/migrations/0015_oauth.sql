-- Clients, tokens and sessions. Of a secret the database keeps the SHA-256 alone; instants are real time.

CREATE SCHEMA oauth;

CREATE FUNCTION oauth.ten_gon(ten text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT replace(replace(translate(
        regexp_replace(translate(lower(normalize(ten, NFKD) COLLATE "und-x-icu"), '|$@', 'isa'), '[^[:alnum:]]', '', 'g'),
        'đ01l258', 'doiizsb'), 'rn', 'm'), 'vv', 'w') COLLATE "C"
$$;
REVOKE EXECUTE ON FUNCTION oauth.ten_gon FROM PUBLIC;
COMMENT ON FUNCTION oauth.ten_gon IS
    'A name without what eyes pass over: forms and case of letters, marks, spaces, punctuation; what looks alike is one letter.';

CREATE TABLE oauth.client (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{3,64}$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    name text COLLATE "C" NOT NULL CHECK (name <> '' AND name IS NFC NORMALIZED),
    folded text COLLATE "C" NOT NULL GENERATED ALWAYS AS (oauth.ten_gon(name)) STORED CHECK (folded ~ '^[a-z0-9]+$'),
    account_id int REFERENCES acl.account,
    made_by int REFERENCES acl.account,
    proof_by int REFERENCES acl.account,
    addresses_by int[] NOT NULL DEFAULT '{}',
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    auth_method text COLLATE "C" NOT NULL DEFAULT 'none'
        CHECK (auth_method IN ('none', 'client_secret_basic', 'private_key_jwt')),
    secret_hash text COLLATE "C" CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    jwks jsonb CHECK (jsonb_typeof(jwks) = 'object'),
    redirect_uris text[] COLLATE "C" NOT NULL DEFAULT '{}',
    grant_types text[] COLLATE "C" NOT NULL DEFAULT '{}'
        CHECK (grant_types <@ ARRAY['authorization_code', 'refresh_token', 'client_credentials',
                                    'urn:ietf:params:oauth:grant-type:device_code'] COLLATE "C"),
    scopes text[] COLLATE "C" NOT NULL DEFAULT '{}'
        CHECK (scopes <@ ARRAY['features:read', 'tiles:read', 'records:read', 'processes:execute', 'features:write',
                               'admin'] COLLATE "C"),
    origins text[] COLLATE "C" NOT NULL DEFAULT '{}',
    networks cidr[] NOT NULL DEFAULT '{}',
    for_everybody boolean NOT NULL DEFAULT false,
    may_introspect boolean NOT NULL DEFAULT false,
    CHECK ((auth_method = 'client_secret_basic') = (secret_hash IS NOT NULL)),
    CHECK ((auth_method = 'private_key_jwt') = (jwks IS NOT NULL)),
    CHECK (auth_method <> 'none' OR NOT may_introspect),
    CHECK ('client_credentials' <> ALL (grant_types) OR (auth_method <> 'none' AND account_id IS NOT NULL))
);
CREATE INDEX client_made_by ON oauth.client (made_by);
CREATE UNIQUE INDEX client_alike ON oauth.client (unit_id, folded) WHERE revoked_at IS NULL;
COMMENT ON COLUMN oauth.client.folded IS
    'The name without what eyes pass over: of two living clients that the same people sign in to none looks like the other.';
COMMENT ON COLUMN oauth.client.account_id IS 'The machine account that acts when the client asks for itself (client credentials).';
COMMENT ON COLUMN oauth.client.made_by IS 'Who registered it; with that account the client ends.';
COMMENT ON COLUMN oauth.client.proof_by IS 'Who was shown its secret, or gave its keys; with that account, too, the client ends.';
COMMENT ON COLUMN oauth.client.addresses_by IS
    'Who changed where it leads, which pages may call or where it may be used from; with each of them, too, the client ends.';
COMMENT ON COLUMN oauth.client.jwks IS 'Public keys (RFC 7517) that its assertions are verified with.';
COMMENT ON COLUMN oauth.client.origins IS 'Origins of web pages that may call the token endpoint with this client.';
COMMENT ON COLUMN oauth.client.networks IS 'Where it may ask for tokens and use them from; empty: from anywhere.';
COMMENT ON COLUMN oauth.client.for_everybody IS 'Accounts of every unit may sign in to it, not of its own unit alone.';

CREATE FUNCTION oauth.giu_chuong_trinh() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    xa boolean := new.may_introspect OR new.for_everybody OR 'admin' = ANY (new.scopes);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        xa := xa OR old.may_introspect OR old.for_everybody OR 'admin' = ANY (old.scopes);
        IF old.revoked_at IS NULL AND to_jsonb(new) - '{revoked_at,folded}'::text[] = to_jsonb(old) - '{revoked_at,folded}'::text[] THEN
            RETURN new;
        END IF;
    END IF;
    IF NOT xa OR acl.la_dba() THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'a client that reaches so far is registered by the login that owns the database'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'giu_chuong_trinh';
END $$;
CREATE TRIGGER giu_chuong_trinh BEFORE INSERT OR UPDATE ON oauth.client
    FOR EACH ROW EXECUTE FUNCTION oauth.giu_chuong_trinh();
COMMENT ON FUNCTION oauth.giu_chuong_trinh IS
    'What looks into tokens, asks for administration or is for everybody is not registered or changed by the server; revoked it may be.';

CREATE TABLE oauth.family (
    id uuid PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    client_id text COLLATE "C" NOT NULL REFERENCES oauth.client,
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > begun_at),
    ended_at timestamptz,
    proved_at timestamptz
);
CREATE INDEX family_account ON oauth.family (account_id);
CREATE INDEX family_client ON oauth.family (client_id);
COMMENT ON TABLE oauth.family IS 'One consent and all that came out of it: code, access and refresh tokens die together.';
COMMENT ON COLUMN oauth.family.ends_at IS 'No refresh leads beyond it.';
COMMENT ON COLUMN oauth.family.proved_at IS
    'When the person who consented in a browser had last proved who they are; no refresh renews it. NULL: no such proof.';

CREATE TABLE oauth.token (
    hash text COLLATE "C" PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('access', 'personal')),
    account_id int NOT NULL REFERENCES acl.account,
    client_id text COLLATE "C" REFERENCES oauth.client,
    scopes text[] COLLATE "C" NOT NULL,
    family uuid NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    revoked_at timestamptz,
    purpose text COLLATE "C" NOT NULL DEFAULT '' CHECK (purpose IS NFC NORMALIZED),
    networks cidr[] NOT NULL DEFAULT '{}',
    used_at timestamptz,
    CHECK (kind <> 'personal' OR expires_at <= issued_at + interval '90 days'),
    CONSTRAINT admin_days CHECK (kind <> 'personal' OR 'admin' <> ALL (scopes) OR expires_at <= issued_at + interval '7 days')
);
CREATE INDEX token_account ON oauth.token (account_id);
CREATE INDEX token_family ON oauth.token (family);
CREATE INDEX token_client ON oauth.token (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX token_expires ON oauth.token (expires_at);
COMMENT ON COLUMN oauth.token.hash IS 'Lower-case hexadecimal SHA-256 of the whole token.';
COMMENT ON COLUMN oauth.token.family IS 'All that came out of one consent; they die together.';
COMMENT ON COLUMN oauth.token.purpose IS 'What a personal token is for, in its owner''s words.';
COMMENT ON COLUMN oauth.token.networks IS 'Where a personal token may be used from; empty: from anywhere.';
COMMENT ON COLUMN oauth.token.used_at IS 'When it was last used, to some minutes.';

CREATE TABLE oauth.code (
    hash text COLLATE "C" PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL REFERENCES oauth.client,
    account_id int NOT NULL REFERENCES acl.account,
    family uuid NOT NULL REFERENCES oauth.family,
    redirect_uri text COLLATE "C" NOT NULL,
    scopes text[] COLLATE "C" NOT NULL,
    challenge text COLLATE "C" NOT NULL CHECK (challenge ~ '^[A-Za-z0-9_-]{43}$'),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    used_at timestamptz
);
CREATE INDEX code_family ON oauth.code (family);
CREATE INDEX code_expires ON oauth.code (expires_at);
COMMENT ON COLUMN oauth.code.challenge IS 'SHA-256 of the verifier in base64url (PKCE S256).';

CREATE TABLE oauth.refresh (
    hash text COLLATE "C" PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL REFERENCES oauth.client,
    account_id int NOT NULL REFERENCES acl.account,
    family uuid NOT NULL REFERENCES oauth.family,
    scopes text[] COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    used_at timestamptz
);
CREATE INDEX refresh_family ON oauth.refresh (family);
CREATE INDEX refresh_expires ON oauth.refresh (expires_at);
COMMENT ON COLUMN oauth.refresh.used_at IS 'It is good for one refresh; a second use ends the family.';

CREATE TABLE oauth.device (
    hash text COLLATE "C" PRIMARY KEY,
    user_code_hash text COLLATE "C" NOT NULL UNIQUE,
    client_id text COLLATE "C" NOT NULL REFERENCES oauth.client,
    scopes text[] COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    interval_s int NOT NULL DEFAULT 5 CHECK (interval_s > 0),
    polled_at timestamptz,
    account_id int REFERENCES acl.account,
    allowed boolean,
    family uuid REFERENCES oauth.family,
    used_at timestamptz,
    CONSTRAINT no_admin_by_device CHECK ('admin' <> ALL (scopes)),
    CHECK ((account_id IS NULL) = (allowed IS NULL)),
    CHECK ((allowed IS TRUE) = (family IS NOT NULL))
);
CREATE INDEX device_family ON oauth.device (family) WHERE family IS NOT NULL;
CREATE INDEX device_expires ON oauth.device (expires_at);
COMMENT ON COLUMN oauth.device.allowed IS 'What the person decided; NULL before.';

CREATE TABLE oauth.assertion (
    client_id text COLLATE "C" NOT NULL REFERENCES oauth.client,
    jti_hash text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX assertion_expires ON oauth.assertion (expires_at);
COMMENT ON TABLE oauth.assertion IS 'Assertions (private_key_jwt) that were used: each is good once.';

CREATE UNLOGGED TABLE oauth.rate (
    key text COLLATE "C" PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    requests int NOT NULL CHECK (requests > 0)
);
CREATE INDEX rate_begun ON oauth.rate (begun_at);
COMMENT ON TABLE oauth.rate IS 'Requests in the current minute, by address and by client; a crash of the database forgets them.';

CREATE TABLE oauth.session (
    hash text COLLATE "C" PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > begun_at),
    ended_at timestamptz
);
CREATE INDEX session_account ON oauth.session (account_id);

CREATE FUNCTION oauth.acting(at timestamptz)
RETURNS TABLE (id int, code text, kind text, unit_id int, unit text)
LANGUAGE sql STABLE AS $$
    SELECT account.id, account.code, account.kind, account.unit_id, unit.code
      FROM acl.account
      JOIN acl.unit ON unit.id = account.unit_id
     WHERE account.state = 'active'
       AND (account.ends_on IS NULL OR account.ends_on > lg.hom_nay())
       AND (account.password_until IS NULL OR account.password_until > at)
       AND (unit.valid_until IS NULL OR unit.valid_until > lg.hom_nay())
$$;
REVOKE EXECUTE ON FUNCTION oauth.acting FROM PUBLIC;
COMMENT ON FUNCTION oauth.acting IS 'Accounts that may be given a token at an instant, and whose tokens are good.';

DO $$
DECLARE
    identity constant text := current_database() || '_identity';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA oauth TO %I', identity);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA oauth TO %I', identity);
    EXECUTE format('GRANT EXECUTE ON FUNCTION oauth.acting, oauth.ten_gon TO %I', identity);
END
$$;


-- Sessions of browsers, sign-ins on their way there, and who is who at an outside provider.

ALTER TABLE oauth.session
    ADD COLUMN proved_at timestamptz,
    ADD COLUMN way text COLLATE "C" NOT NULL DEFAULT 'password' CHECK (way IN ('password', 'sso')),
    ADD COLUMN address text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN agent text COLLATE "C" NOT NULL DEFAULT '' CHECK (length(agent) <= 200);
COMMENT ON COLUMN oauth.session.hash IS 'Lower-case hexadecimal SHA-256 of what the cookie carries.';
COMMENT ON COLUMN oauth.session.expires_at IS 'Moves on with use: 30 minutes after the last one, 12 hours after the beginning at most.';
COMMENT ON COLUMN oauth.session.proved_at IS
    'When its owner last proved who they are: as the sign-in became whole, and later by the second factor or the password. NULL: unknown.';
COMMENT ON COLUMN oauth.session.way IS 'How its owner signed in.';

CREATE TABLE oauth.sign_in (
    hash text COLLATE "C" PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    way text COLLATE "C" NOT NULL CHECK (way IN ('password', 'sso')),
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > begun_at),
    second_factor_at timestamptz,
    proves boolean NOT NULL DEFAULT true,
    proved_at timestamptz
);
CREATE INDEX sign_in_account ON oauth.sign_in (account_id);
CREATE INDEX sign_in_expires ON oauth.sign_in (expires_at);
COMMENT ON TABLE oauth.sign_in IS
    'A password was right, and something is missing still: the second factor, or a new password. No session before that.';
COMMENT ON COLUMN oauth.sign_in.proves IS
    'That it becomes whole proves who its owner is; else the session keeps the proof of before, proved_at.';

CREATE TABLE oauth.outside_subject (
    issuer text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    account_id int NOT NULL REFERENCES acl.account,
    linked_by int NOT NULL REFERENCES acl.account,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, account_id)
);
COMMENT ON TABLE oauth.outside_subject IS
    'Whose account somebody at an outside provider may sign in to. Without a row here nobody may; none is made by signing in.';

DO $$
DECLARE
    identity constant text := current_database() || '_identity';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA oauth TO %I', identity);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON oauth.session, oauth.sign_in TO %I', identity);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON oauth.outside_subject TO %I', identity);
END $$;
