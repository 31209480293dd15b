-- Clients, tokens and sessions. Of a secret the database keeps the SHA-256 alone.

CREATE SCHEMA oauth;

CREATE TABLE oauth.client (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{3,64}$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    name text COLLATE "C" NOT NULL,
    account_id int REFERENCES acl.account,
    made_by int REFERENCES acl.account,
    revoked_at timestamptz
);
COMMENT ON COLUMN oauth.client.account_id IS 'The machine account that acts when the client asks for itself (client credentials).';

CREATE TABLE oauth.token (
    hash text COLLATE "C" PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('access', 'personal')),
    account_id int NOT NULL REFERENCES acl.account,
    client_id text COLLATE "C" REFERENCES oauth.client,
    scopes text[] COLLATE "C" NOT NULL,
    family uuid NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    revoked_at timestamptz
);
CREATE INDEX token_account ON oauth.token (account_id);
CREATE INDEX token_family ON oauth.token (family);
COMMENT ON COLUMN oauth.token.hash IS 'Lower-case hexadecimal SHA-256 of the whole token.';
COMMENT ON COLUMN oauth.token.family IS 'All that came out of one consent; they die together.';

CREATE TABLE oauth.session (
    hash text COLLATE "C" PRIMARY KEY,
    account_id int NOT NULL REFERENCES acl.account,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > begun_at),
    ended_at timestamptz
);
CREATE INDEX session_account ON oauth.session (account_id);
