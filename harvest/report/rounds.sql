-- name: one_at_a_time
-- Let the processes of a server write to the rounds of one harvester one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(%(who)s, 0));

-- name: go_on
-- Add to the newest round of a harvester, where it goes on, or where its subject has as many of a day as are kept.
UPDATE cb.luot_thu
SET bat_dau = least(bat_dau, %(begun)s), cuoi = greatest(cuoi, %(last)s), yeu_cau = yeu_cau + %(requests)s,
    ban_ghi = ban_ghi + %(records)s, go_bo = go_bo + %(deletions)s, so_byte = so_byte + %(size)s,
    khong_doi = khong_doi + %(unchanged)s, tu_choi = tu_choi + %(wrong)s, het_phuc_vu = het_phuc_vu + %(unable)s,
    liet_ke = liet_ke OR %(begins)s, het = het OR %(ends)s, tu = coalesce(tu, %(since)s), den = coalesce(den, %(until)s),
    dang = coalesce(dang, %(form)s), tap = coalesce(tap, %(part)s)
WHERE id = (SELECT max(l.id) FROM cb.luot_thu l
            WHERE l.chu_the = %(subject)s AND l.mat = %(face)s AND l.tac_nhan = %(agent)s
                  AND l.ung_dung IS NOT DISTINCT FROM %(client)s)
      AND (cuoi >= %(since_pause)s AND NOT (%(begins)s AND liet_ke)
           OR cuoi >= %(day_before)s AND (SELECT count(*) FROM (SELECT FROM cb.luot_thu l
                                                                WHERE l.chu_the = %(subject)s AND l.cuoi >= %(day_before)s
                                                                LIMIT %(most)s) d) >= %(most)s)
RETURNING id;

-- name: begin
-- Write down a new round.
INSERT INTO cb.luot_thu (chu_the, ung_dung, tac_nhan, mat, bat_dau, cuoi, yeu_cau, ban_ghi, go_bo, so_byte, khong_doi,
                         tu_choi, het_phuc_vu, liet_ke, het, tu, den, dang, tap)
VALUES (%(subject)s, %(client)s, %(agent)s, %(face)s, %(begun)s, %(last)s, %(requests)s, %(records)s, %(deletions)s,
        %(size)s, %(unchanged)s, %(wrong)s, %(unable)s, %(begins)s, %(ends)s, %(since)s, %(until)s, %(form)s, %(part)s);

-- name: forget
-- Forget rounds that ended before an instant.
DELETE FROM cb.luot_thu
WHERE cuoi < %(before)s;
