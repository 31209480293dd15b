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
-- scopes of rows and filters ask for. Of parcels in force alone, so that they are counted without being read.
CREATE INDEX thua_dat_xa_nhom ON dc.thua_dat (xa_id, nhom_dat_chinh, id) WHERE hieu_luc_den IS NULL;
