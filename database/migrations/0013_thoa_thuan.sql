-- Agreements: what a unit may see, in versions; the body of a version is its clauses as JSON.

CREATE TABLE acl.agreement (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('mac_dinh', 'dac_thu', 'cong_khai')),
    recipient_id int REFERENCES acl.unit CHECK ((recipient_id IS NULL) = (kind = 'cong_khai'))
);
COMMENT ON TABLE acl.agreement IS 'An agreement (thoả thuận chia sẻ): of a recipient unit, or a publication to everybody.';

CREATE TABLE acl.agreement_version (
    agreement_id int NOT NULL REFERENCES acl.agreement,
    number int NOT NULL CHECK (number > 0),
    state text COLLATE "C" NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'proposed', 'accepted', 'published', 'superseded', 'revoked')),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until > valid_from),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    PRIMARY KEY (agreement_id, number)
);
CREATE UNIQUE INDEX agreement_published ON acl.agreement_version (agreement_id) WHERE state = 'published';
COMMENT ON COLUMN acl.agreement_version.body IS
    'grants: clauses, each as catalogue.profile writes a collection: layer, columns, rows, geometry, operations, formats, limits.';
