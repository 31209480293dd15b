"""A request and a profile become SQL and its bound values. Pure: no connection, no web framework."""
