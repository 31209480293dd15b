-- name: status
-- Return when was published and looked last, how many records in how many variants there are, and how many subjects see any.
SELECT d.cong_bo, d.nhip, (SELECT count(DISTINCT b.id) FROM mt.ban_ghi b), (SELECT count(*) FROM mt.ban_ghi),
       (SELECT count(DISTINCT k.chu_the) FROM cb.khoa_cua k WHERE k.den IS NULL)
FROM cb.dong_ho d;

-- name: lacking
-- Return the records that lack what they need.
SELECT t.id, t.title, t.thieu FROM cb.thieu_sot t ORDER BY t.id;
