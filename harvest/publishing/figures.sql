-- name: counter
-- Return the role that counts rows and sees nothing of what they tell.
SELECT acl.prefix() || 'thuoc';

-- name: lay_down
-- Be the publisher's login again.
SET LOCAL ROLE NONE;

-- name: changed
-- Return the administrative units in which the data changed, with the tables.
SELECT DISTINCT t.bang, u.xa
FROM lg.thay_doi t
CROSS JOIN LATERAL (VALUES (t.xa_cu), (t.xa_moi)) AS u (xa)
WHERE t.bang = ANY (%(tables)s) AND t.giao_dich >= %(since)s::xid8 AND t.giao_dich < %(until)s::xid8 AND u.xa IS NOT NULL;

-- name: note_days
-- Write down on which day each layer last changed, by administrative unit and edition.
INSERT INTO cb.ngay_doi AS n (lop, xa_id, ky, ngay)
SELECT l.lop, u.xa, coalesce(left(u.dieu_kien ->> l.cot, 4), ''),
       (max(t.luc) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
FROM unnest(%(layers)s::text[], %(tables)s::text[], %(columns)s::text[]) AS l (lop, bang, cot)
JOIN lg.thay_doi t ON t.bang = l.bang
CROSS JOIN LATERAL (VALUES (t.xa_cu, t.dieu_kien_cu), (t.xa_moi, t.dieu_kien_moi)) AS u (xa, dieu_kien)
WHERE t.giao_dich >= %(since)s::xid8 AND t.giao_dich < %(until)s::xid8 AND u.xa IS NOT NULL
GROUP BY 1, 2, 3
ON CONFLICT (lop, xa_id, ky) DO UPDATE SET ngay = greatest(n.ngay, excluded.ngay);

-- name: count
-- Count a layer, in some administrative units or (NULL) in all.
SELECT c.xa_id, c.ky, c.so_dong, c.tu, c.tay, c.nam, c.dong, c.bac
FROM lg.dem_lop(%(table)s::regclass, %(in_force)s, %(edition)s, %(begin)s, %(units)s::int[]) c;

-- name: forget
-- Forget what was counted of a layer, in some administrative units or (NULL) in all.
DELETE FROM cb.so_lieu s WHERE s.lop = %(layer)s AND (%(units)s::int[] IS NULL OR s.xa_id = ANY (%(units)s::int[]));

-- name: forget_others
-- Forget what was counted of layers that there are no more.
DELETE FROM cb.so_lieu s WHERE NOT s.lop = ANY (%(layers)s);

-- name: forget_days
-- Forget on which days the data changed.
DELETE FROM cb.ngay_doi;

-- name: keep
-- Keep what was counted of a layer.
INSERT INTO cb.so_lieu (lop, xa_id, ky, so_dong, tu, tay, nam, dong, bac)
SELECT %(layer)s, c.xa_id, c.ky, c.so_dong, c.tu, c.tay, c.nam, c.dong, c.bac
FROM jsonb_to_recordset(%(counted)s::jsonb)
    AS c (xa_id int, ky text, so_dong bigint, tu date, tay float8, nam float8, dong float8, bac float8);

-- name: of_layers
-- Return what was counted of each layer, in all administrative units.
SELECT s.lop, sum(s.so_dong)::bigint, min(s.tu), min(s.tay), min(s.nam), max(s.dong), max(s.bac), max(d.ngay)
FROM cb.so_lieu s
LEFT JOIN (SELECT n.lop, max(n.ngay) AS ngay FROM cb.ngay_doi n GROUP BY n.lop) d ON d.lop = s.lop
GROUP BY s.lop;

-- name: of_units
-- Return what was counted of layers by component database, administrative unit and edition: in some units, or (NULL) in all.
SELECT l.thanh_phan, s.xa_id, s.ky, sum(s.so_dong)::bigint, min(s.tu), max(n.ngay)
FROM unnest(%(layers)s::text[], %(components)s::text[]) AS l (lop, thanh_phan)
JOIN cb.so_lieu s ON s.lop = l.lop
LEFT JOIN cb.ngay_doi n ON n.lop = s.lop AND n.xa_id = s.xa_id AND n.ky = s.ky
WHERE %(units)s::int[] IS NULL OR s.xa_id = ANY (%(units)s::int[])
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;

-- name: units
-- Return administrative units with the boxes of their boundaries: some, or (NULL) all.
SELECT d.id, d.cap, d.ma, d.ten, d.hieu_luc_tu, ST_XMin(d.geom), ST_YMin(d.geom), ST_XMax(d.geom), ST_YMax(d.geom)
FROM hc.don_vi d
WHERE %(units)s::int[] IS NULL OR d.id = ANY (%(units)s::int[]);

-- name: loads
-- Return the loads of layers, the newest first.
SELECT n.id, n.lop, (n.ket_thuc AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, n.tep, n.so_doc, n.so_nhan
FROM lg.dot_nap n
WHERE n.lop = ANY (%(layers)s)
ORDER BY n.ket_thuc DESC, n.id;

-- name: loads_version
-- Return how many loads there were, and when the newest ended.
SELECT count(*) || ' ' || coalesce(extract(epoch FROM max(n.ket_thuc))::text, '') FROM lg.dot_nap n;

-- name: refused
-- Return how many rows of loads each rule turned away.
SELECT t.dot_nap_id, m.ma, count(*)
FROM lg.tu_choi t
CROSS JOIN LATERAL (SELECT DISTINCT unnest(t.ma_loi)) AS m (ma)
WHERE t.dot_nap_id = ANY (%(loads)s)
GROUP BY 1, 2
ORDER BY 1, 2;
