-- name: read_profiles
-- Write down which profiles in force, today or later, and of these have not been read for their keys, and return them.
INSERT INTO cb.ho_so (hash)
SELECT p.hash FROM acl.profile p
WHERE (p.hash = ANY (%(hashes)s) OR EXISTS (SELECT FROM acl.profile_in_force f
                                            WHERE f.hash = p.hash AND (f.valid_until IS NULL OR f.valid_until > %(day)s)))
  AND NOT EXISTS (SELECT FROM cb.ho_so h WHERE h.hash = p.hash)
RETURNING hash;

-- name: read_keys
-- Write down the keys that profiles hold.
INSERT INTO cb.khoa_ho_so (hash, khoa)
SELECT DISTINCT p.hash, k.khoa
FROM acl.profile p
CROSS JOIN LATERAL jsonb_array_elements(p.body -> 'collections') AS c (b)
CROSS JOIN LATERAL jsonb_array_elements(c.b -> 'rows') AS t (b)
CROSS JOIN LATERAL jsonb_array_elements_text(t.b -> 'one_of') AS k (khoa)
WHERE p.hash = ANY (%(hashes)s) AND c.b ->> 'layer' = %(layer)s AND t.b ->> 'column' = %(column)s;

-- name: frames
-- Return the collections of whose records a profile in force, today or later, shows the frame.
SELECT DISTINCT substr(k.khoa, length('khung:') + 1)
FROM cb.khoa_ho_so k
JOIN acl.profile_in_force f ON f.hash = k.hash
WHERE starts_with(k.khoa, 'khung:') AND (f.valid_until IS NULL OR f.valid_until > %(day)s);

-- name: published_frames
-- Return the collections of whose records the catalogue holds the frame.
SELECT substr(b.khoa, length('khung:') + 1) FROM mt.ban_ghi b WHERE b.khoa >= 'khung:' AND b.khoa < 'khung;';

-- name: passed
-- Return the profiles that came into force since they were last noted, in order.
SELECT q.stt, q.chu_the, q.hash FROM cb.da_qua q ORDER BY q.stt;

-- name: forget_passed
-- Forget what was noted of them.
DELETE FROM cb.da_qua q WHERE q.stt = ANY (%(numbers)s);

-- name: moved
-- Return the subjects whose profile is another one than was noted last, with it; none is empty.
SELECT coalesce(p.subject, c.chu_the), coalesce(p.hash, '')
FROM (SELECT f.subject, f.hash FROM acl.profile_in_force f
      WHERE f.valid_from <= %(day)s AND (f.valid_until IS NULL OR f.valid_until > %(day)s)) p
FULL JOIN cb.chu_the c ON c.chu_the = p.subject
WHERE coalesce(p.hash, '') IS DISTINCT FROM c.hash;

-- name: noted
-- Return by which profiles the keys of subjects were noted last.
SELECT c.chu_the, c.hash FROM cb.chu_the c WHERE c.chu_the = ANY (%(subjects)s);

-- name: keys
-- Return the keys of profiles.
SELECT k.hash, k.khoa FROM cb.khoa_ho_so k WHERE k.hash = ANY (%(hashes)s);

-- name: close
-- Note that subjects lost keys.
UPDATE cb.khoa_cua k SET den = %(stamp)s
FROM unnest(%(subjects)s::text[], %(keys)s::text[]) AS r (chu_the, khoa)
WHERE k.chu_the = r.chu_the AND k.khoa = r.khoa AND k.den IS NULL;

-- name: open
-- Note that subjects got keys, and which of them they lost again at once. What a late publication gave has this instant
-- already, and may have been taken since.
INSERT INTO cb.khoa_cua (chu_the, khoa, tu, den, dau_tien)
SELECT r.chu_the, r.khoa, %(stamp)s, CASE WHEN r.mat THEN %(stamp)s::timestamptz END, r.dau_tien
FROM unnest(%(subjects)s::text[], %(keys)s::text[], %(lost)s::boolean[], %(first)s::boolean[])
    AS r (chu_the, khoa, mat, dau_tien)
ON CONFLICT (chu_the, khoa, tu) DO UPDATE SET den = excluded.den, dau_tien = false;

-- name: note
-- Note by which profiles the keys of subjects are noted now.
INSERT INTO cb.chu_the AS c (chu_the, hash)
SELECT r.chu_the, r.hash FROM unnest(%(subjects)s::text[], %(hashes)s::text[]) AS r (chu_the, hash)
ON CONFLICT (chu_the) DO UPDATE SET hash = excluded.hash;
