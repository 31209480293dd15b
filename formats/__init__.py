"""Encoders by media type: what leaves the server, and in which coding. No SQL, no HTTP."""
