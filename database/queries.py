"""Load SQL that lies in ``.sql`` files beside the modules that use it.

Each query begins with its name and one sentence that says what it does::

    -- name: commune_by_code
    -- Return the commune that had a code on a day.
    SELECT ...
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_HEADER = re.compile(r"^-- name: *(\S*) *$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def load(package: str, file: str) -> Mapping[str, str]:
    """Return the queries of a file by name, without their headings.

    Args:
        package: dotted name of the package that the file lies in.
        file: its name, ``items.sql``.

    Raises:
        ValueError: a name is malformed or used twice, a sentence or a query is missing, or text stands before
            the first name.
    """
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return MappingProxyType(parse(text, where=f"{package}/{file}"))


def parse(text: str, *, where: str) -> dict[str, str]:
    """Divide the text of a file into its queries; ``where`` names it in errors."""
    before, *parts = _HEADER.split(text)
    if re.sub(r"^--.*$", "", before, flags=re.MULTILINE).strip():
        raise ValueError(f"{where}: SQL before the first '-- name:'")
    queries: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if not _NAME.fullmatch(name) or name in queries:
            raise ValueError(f"{where}: the name {name!r} is malformed or used twice")
        queries[name] = _statement(body, where=f"{where}: {name}")
    return queries


def _statement(body: str, *, where: str) -> str:
    """Return a query without the sentence above it."""
    found = re.fullmatch(r"\s*((?:--[^\n]*\n)*)(.*)", body, re.DOTALL)
    sentence, statement = found.groups() if found else ("", "")
    if not sentence.strip("- \n") or not statement.strip():
        raise ValueError(f"{where}: a sentence that says what it does, then the statement, are needed")
    return statement.strip().rstrip(";")
