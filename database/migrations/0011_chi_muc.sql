-- Indexes for columns that refer, and for boxes over the whole province on tables that had the composite one only.

CREATE INDEX don_vi_hinh_rieng ON hc.don_vi USING gist (geom);
CREATE INDEX don_vi_cha ON hc.don_vi (cha_id, id);
CREATE INDEX moc_hinh_rieng ON dc.moc USING gist (geom);
CREATE INDEX chi_gioi_hinh_rieng ON dc.chi_gioi USING gist (geom);
CREATE INDEX gcn_tu ON dc.giay_chung_nhan (hieu_luc_tu, id);
CREATE INDEX gcn_loai ON dc.giay_chung_nhan (loai, id);
CREATE INDEX quyen_gcn ON dc.quyen_su_dung_dat (gcn_id, id);
CREATE INDEX gia_thua_bang ON gd.gia_thua (bang_gia_id, id);
CREATE INDEX gia_thua_doan ON gd.gia_thua (doan_duong_id, id);
CREATE INDEX gia_thua_vung ON gd.gia_thua (vung_gia_tri_id, id);
CREATE INDEX vung_gia_tri_bang ON gd.vung_gia_tri (bang_gia_id, id);

-- A group of land use has three values: on its own an index over it misleads the planner, within a commune it is what
-- scopes of rows and filters ask for. Of parcels in force alone, and with all that row security asks of a parcel, so that they
-- are counted without being read.
CREATE INDEX thua_dat_xa_nhom ON dc.thua_dat (xa_id, nhom_dat_chinh, id) INCLUDE (trang_thai, hieu_luc_tu, hieu_luc_den)
    WHERE hieu_luc_den IS NULL;


-- Who sees some administrative units reads each of them in the order asked for, and merges them. An index of all units would
-- lead through the rows of the others: that takes time, and tells how many they are. What gives an order of all rows therefore
-- has a twin that gives it within a unit.

DO $$
DECLARE
    lenh text;
BEGIN
    FOR lenh IN
        SELECT format('CREATE INDEX %I ON %s (xa_id, %I, id)', c.relname || '_trong_xa', i.indrelid::regclass, a.attname)
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('hc', 'dc', 'tk', 'qh', 'gd', 'hs')
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname <> 'xa_id'
        JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[1] AND k.attname = 'id'
        WHERE i.indnatts = 2 AND i.indpred IS NULL AND lg.co_cot(i.indrelid, 'xa_id')
        ORDER BY c.oid
    LOOP
        EXECUTE lenh;
    END LOOP;
END $$;
