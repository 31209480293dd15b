"""The faces of the catalogue: a parsed request and the catalogue of its caller to an answer. No web framework."""
