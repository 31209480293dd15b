"""The catalogue that others harvest: what is published of the data, when, and to whom."""
