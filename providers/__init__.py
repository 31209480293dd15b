"""Plugins for pygeoapi: thin, no SQL text, no policy. They serve in an unmodified ``pygeoapi serve`` as well."""
