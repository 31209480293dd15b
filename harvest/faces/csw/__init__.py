"""OGC Catalogue Services 2.0.2 over HTTP (CSW), to read. Source: OGC 07-006r1; OGC 07-045 for ISO metadata."""
