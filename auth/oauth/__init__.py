"""OAuth 2: the edge to Authlib, with storage of our own."""
