-- Units, functions and accounts: who uses the database. Days are legal days; an end is the first day that is over.

CREATE TABLE acl.unit (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name text COLLATE "C" NOT NULL CHECK (name <> '' AND name IS NFC NORMALIZED),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('so', 'phong_so', 'so_nganh', 'huyen', 'xa', 'thue', 'mot_cua', 'vp_ubnd',
                                                   'ioc', 'bo', 'trung_tam_du_lieu', 'khac')),
    territory int REFERENCES hc.don_vi,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from)
);
COMMENT ON TABLE acl.unit IS 'A unit (đơn vị) that uses the database; the Sở''s divisions are units below it.';
COMMENT ON COLUMN acl.unit.territory IS 'The administrative unit that a committee governs; NULL for the others.';

CREATE TABLE acl.function (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id int NOT NULL REFERENCES acl.unit,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name text COLLATE "C" NOT NULL CHECK (name <> '' AND name IS NFC NORMALIZED),
    narrows jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(narrows) = 'object'),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    UNIQUE (unit_id, code)
);
COMMENT ON COLUMN acl.function.narrows IS
    'layers: [id], columns: {layer: [name]}, operations: [word], territory: [xa_id]; what is absent narrows nothing.';

CREATE TABLE acl.account (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'),
    unit_id int NOT NULL REFERENCES acl.unit,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('system_admin', 'unit_head', 'individual', 'machine')),
    person text COLLATE "C" CHECK (person IS NFC NORMALIZED),
    state text COLLATE "C" NOT NULL DEFAULT 'issued'
        CHECK (state IN ('issued', 'must_change', 'active', 'suspended', 'revoked')),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_on date
);
COMMENT ON COLUMN acl.account.code IS 'Name to sign in by.';
COMMENT ON COLUMN acl.account.ends_on IS 'Legal day on which the position has ended: the account may do nothing from then on.';

CREATE TABLE acl.account_function (
    account_id int NOT NULL REFERENCES acl.account,
    function_id int NOT NULL REFERENCES acl.function,
    given_by int REFERENCES acl.account,
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    PRIMARY KEY (account_id, function_id, valid_from)
);
