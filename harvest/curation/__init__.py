"""Records completed by hand: supplements, their history, and what is missing still."""
