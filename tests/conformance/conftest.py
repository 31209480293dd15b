"""The service over a catalogue of records, as the abstract tests of the standard ask it."""

from tests.api.conftest import catalogue

__all__ = ["catalogue"]
