"""Who harvests the catalogue, and what of it would trip a harvester."""
