"""Encoders of metadata records: one model, many forms."""
