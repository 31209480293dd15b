"""The publication of records: when the database changes, so does the catalogue, at instants that only grow."""
