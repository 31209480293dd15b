-- name: place
-- Find where a page of a search goes on.
SELECT sau, so_khop, phien FROM cb.vi_tri_cua(%s::text, %s::text, %s::int, %s::boolean);

-- name: keep
-- Note where a page began, and where the next one goes on.
SELECT cb.nho_vi_tri(%(subject)s::text, %(search)s::text, %(client)s::text, %(came_by)s::int, %(number)s::int,
    %(after)s::text[], %(matched)s::int, %(version)s::text, %(falls)s::boolean);
