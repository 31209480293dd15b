-- name: is_sample
-- Tell whether the sample province was loaded.
SELECT lg.la_tinh_mau();
