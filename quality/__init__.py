"""Rules on data, with codes: used by the loader, by processes and by writes. Pure."""
