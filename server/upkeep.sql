-- name: fold_log
-- Fold the change log into the counts.
SELECT lg.don_dem();
