"""Audit: decision and outcome of every request, every administrative act, sealed in a chain."""
