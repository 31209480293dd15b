"""What a record says: computed from the layer files, the service and the database, with what people add."""
