-- Who harvests the catalogue: one row for each round of a harvester through a face, written off the way of answers.

CREATE TABLE cb.luot_thu (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chu_the text COLLATE "C" NOT NULL CHECK (chu_the = 'public' OR chu_the ~ '^account:[0-9]+$'),
    ung_dung text COLLATE "C",
    tac_nhan text COLLATE "C" NOT NULL CHECK (length(tac_nhan) <= 40),
    mat text COLLATE "C" NOT NULL CHECK (mat IN ('changes', 'csw', 'oai', 'records', 'sitemap', 'static')),
    bat_dau timestamptz NOT NULL,
    cuoi timestamptz NOT NULL CHECK (cuoi >= bat_dau),
    yeu_cau int NOT NULL CHECK (yeu_cau > 0),
    ban_ghi bigint NOT NULL DEFAULT 0,
    go_bo bigint NOT NULL DEFAULT 0,
    so_byte bigint NOT NULL DEFAULT 0,
    khong_doi int NOT NULL DEFAULT 0,
    tu_choi int NOT NULL DEFAULT 0,
    het_phuc_vu int NOT NULL DEFAULT 0,
    liet_ke boolean NOT NULL DEFAULT false,
    het boolean NOT NULL DEFAULT false,
    tu timestamptz,
    den timestamptz,
    dang text COLLATE "C" CHECK (length(dang) <= 100),
    tap text COLLATE "C" CHECK (length(tap) <= 100)
);
COMMENT ON TABLE cb.luot_thu IS 'Rounds of harvesters. A row may be lost where a server process dies; the audit holds every request.';
COMMENT ON COLUMN cb.luot_thu.ung_dung IS 'Client of OAuth by which it came; NULL: none.';
COMMENT ON COLUMN cb.luot_thu.tac_nhan IS 'Family of its program, from a closed list; never what it wrote itself.';
COMMENT ON COLUMN cb.luot_thu.khong_doi IS 'Answers that nothing changed (304).';
COMMENT ON COLUMN cb.luot_thu.tu_choi IS 'Answers that its request cannot be answered (4xx, and errors of OAI-PMH and CSW).';
COMMENT ON COLUMN cb.luot_thu.het_phuc_vu IS 'Answers that the service cannot answer now (5xx).';
COMMENT ON COLUMN cb.luot_thu.liet_ke IS 'It asked for the first page of a list.';
COMMENT ON COLUMN cb.luot_thu.het IS 'It got the last page of the list.';
CREATE INDEX luot_thu_ai ON cb.luot_thu (chu_the, mat, tac_nhan, id);
CREATE INDEX luot_thu_cuoi ON cb.luot_thu (cuoi);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON cb.luot_thu TO %I', current_database() || '_identity');
    EXECUTE format('GRANT EXECUTE ON FUNCTION cb.dong_ho_nay TO %I', current_database() || '_identity');
END $$;
