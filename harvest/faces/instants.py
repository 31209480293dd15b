"""Instants as harvesters write and read them: whole seconds, UTC."""

import re
from datetime import UTC, datetime, timedelta

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Not after any instant: it tells nothing and never moves."""
_ONE_DAY = timedelta(days=1) - timedelta(seconds=1)


def written(instant: datetime) -> str:
    """Return an instant as ``2025-06-30T00:00:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def read(text: str) -> datetime:
    """Return the instant written as a day, which begins then, or as a second.

    Raises:
        ValueError: it is neither.
    """
    if SECOND.fullmatch(text):
        return datetime.fromisoformat(text)
    if DAY.fullmatch(text):
        return datetime.fromisoformat(f"{text}T00:00:00Z")
    raise ValueError(text)


def read_end(text: str) -> datetime:
    """Return the instant written as a day, which ends then, or as a second.

    Raises:
        ValueError: it is neither.
    """
    begin = read(text)
    return begin + _ONE_DAY if DAY.fullmatch(text) else begin
