-- Profiles, and the second wall: PostgreSQL itself knows which rows and columns a role may read.

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
    PRIMARY KEY (subject, valid_from)
);
COMMENT ON TABLE acl.profile_in_force IS
    'Which profile is whose on which legal days, compiled in advance for every day on which something starts or ends.';
