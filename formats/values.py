"""Values of columns as text, alike in every format that writes text."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from catalogue.layer import Column


def free_name(wanted: str, taken: Sequence[Column]) -> str:
    """Return a name for an added column that no column bears, whatever its case."""
    names = {each.name.lower() for each in taken}
    while wanted.lower() in names:
        wanted += "_"
    return wanted


def instant_text(value: datetime) -> str:
    """Return an aware instant in UTC, as RFC 3339 with ``Z``, with no fraction where it is zero."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def array_text(value: Sequence[str]) -> str:
    """Return an array as JSON text: no format here but JSON has arrays of its own."""
    return json.dumps(list(value), ensure_ascii=False, separators=(",", ":"))


def boolean_text(value: bool) -> str:
    return "true" if value else "false"


def iso_text(value: Any) -> str:
    return value.isoformat()


type Convert = Callable[[Any], Any]
