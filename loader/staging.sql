-- name: create_findings
-- Make the table of findings.
CREATE TEMPORARY TABLE nap_loi (
    dong bigint NOT NULL,
    ma text NOT NULL,
    loi boolean NOT NULL,
    khoa text NOT NULL,
    cot text,
    vi text NOT NULL,
    en text NOT NULL,
    hinh geometry
) ON COMMIT DROP;

-- name: create_raw
-- Make the table of what rejected rows held in the file.
CREATE TEMPORARY TABLE nap_tho (
    dong bigint NOT NULL,
    gia_tri jsonb NOT NULL,
    hinh geometry
) ON COMMIT DROP;

-- name: copy_findings
-- Take in findings.
COPY nap_loi (dong, ma, loi, khoa, cot, vi, en, hinh) FROM STDIN;

-- name: copy_raw
-- Take in what rejected rows held in the file.
COPY nap_tho (dong, gia_tri, hinh) FROM STDIN;

-- name: transform
-- Bring all geometries into one system by the one coordinate operation of the database.
UPDATE nap
SET hinh = hc.doi_toa_do(hinh, %(srid)s)
WHERE hinh IS NOT NULL;

-- name: mark_bad
-- Mark the rows that have an error by now.
UPDATE nap s
SET hong = true
FROM (SELECT DISTINCT dong FROM nap_loi WHERE loi) l
WHERE l.dong = s.dong AND NOT s.hong;

-- name: wrong_as_a_whole
-- Say whether an error is one of the file itself.
SELECT EXISTS (SELECT FROM nap_loi WHERE dong = 0 AND loi);

-- name: counts
-- Return how many rows were read, and how many of them have an error.
SELECT count(*), count(*) FILTER (WHERE hong)
FROM nap;

-- name: count_by_rule
-- Return how many findings each rule has.
SELECT ma, count(*)
FROM nap_loi
GROUP BY ma
ORDER BY ma;

-- name: findings
-- Return all findings by row.
SELECT dong, ma, khoa, cot, vi, en, ST_AsBinary(hinh)
FROM nap_loi
ORDER BY dong, ma;

-- name: examples
-- Return the first findings of each rule, errors before warnings.
SELECT dong, ma, khoa, cot, vi, en, ST_AsBinary(hinh)
FROM (SELECT *, row_number() OVER (PARTITION BY ma ORDER BY dong) AS thu_tu FROM nap_loi) l
WHERE thu_tu <= %(each)s
ORDER BY NOT loi, ma, dong;

-- name: rejects
-- Return position, codes, values (of the file where they were kept) and geometry of the rejected rows.
SELECT s.dong,
       (SELECT array_agg(DISTINCT l.ma ORDER BY l.ma) FROM nap_loi l WHERE l.dong = s.dong AND l.loi),
       coalesce(r.gia_tri, to_jsonb(s) - ARRAY['dong', 'hong', 'khoa', 'hinh']),
       ST_AsEWKB(coalesce(r.hinh, s.hinh))
FROM nap s
LEFT JOIN nap_tho r ON r.dong = s.dong
WHERE s.hong
ORDER BY s.dong;

-- name: keep_rejects
-- Store the rejected rows with the load.
INSERT INTO lg.tu_choi (dot_nap_id, dong, ma_loi, gia_tri, geom)
SELECT %(load)s,
       s.dong,
       (SELECT array_agg(DISTINCT l.ma ORDER BY l.ma) FROM nap_loi l WHERE l.dong = s.dong AND l.loi),
       coalesce(r.gia_tri, to_jsonb(s) - ARRAY['dong', 'hong', 'khoa', 'hinh']),
       coalesce(r.hinh, s.hinh)
FROM nap s
LEFT JOIN nap_tho r ON r.dong = s.dong
WHERE s.hong;

-- name: create_communes
-- Make the communes of the rows, widened by a distance.
CREATE TEMPORARY TABLE nap_xa ON COMMIT DROP AS
SELECT id, ma, ST_Buffer(hc.doi_toa_do(geom_goc, %(srid)s), %(tolerance)s) AS rong
FROM hc.don_vi
WHERE id IN (SELECT xa_id FROM nap);

-- name: outside
-- Return the rows that leave their commune, with what lies outside.
SELECT s.dong, s.khoa, x.ma, ST_Area(d), ST_Area(s.hinh), ST_AsBinary(d)
FROM nap s
JOIN nap_xa x ON x.id = s.xa_id
CROSS JOIN LATERAL ST_Difference(s.hinh, x.rong) d
WHERE NOT s.hong AND NOT ST_Covers(x.rong, s.hinh);

-- name: outside_many
-- Count the rows that leave their commune, and name the first.
SELECT count(*), coalesce((array_agg(s.dong || ' (' || s.khoa || ')' ORDER BY s.dong))[:3], '{}')
FROM nap s
JOIN nap_xa x ON x.id = s.xa_id
WHERE NOT s.hong AND NOT ST_Covers(x.rong, s.hinh);

-- name: overlaps
-- Return the pairs of rows that overlap by more than an area, the later one first.
SELECT b.dong, b.khoa, 0, a.dong, a.khoa, ST_Area(x), ST_AsBinary(x)
FROM nap a
JOIN nap b ON a.hinh && b.hinh AND a.dong < b.dong AND ST_Relate(a.hinh, b.hinh, '2********')
CROSS JOIN LATERAL ST_Intersection(a.hinh, b.hinh) x
WHERE NOT a.hong AND NOT b.hong AND ST_Area(x) > %(least)s;
