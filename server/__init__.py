"""Assembles the parts: application, routes, command line."""
