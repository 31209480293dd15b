"""Bring the code lists of ``config/codelists`` into ``dm.muc``: codes are added, titles follow, none is deleted."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from database.connections import connect
from database.queries import load as load_queries

FOLDER = Path(__file__).parents[1] / "config" / "codelists"

_QUERIES = load_queries("loader", "codelists.sql")


@dataclass(frozen=True, slots=True)
class Code:
    """One code of one list in one code system; ``valid_to`` is exclusive, ``None`` where the law names no end."""

    code_list: str
    system: str
    code: str
    name: str
    name_en: str | None
    parent: str | None
    is_group: bool
    order: int
    colour: str | None
    valid_from: date
    valid_to: date | None
    legal_basis: str


def read(folder: Path = FOLDER) -> tuple[Code, ...]:
    """Return every code of every ``*.yml`` file of a folder, files by name, codes in the order of the file."""
    return tuple(code for file in sorted(folder.glob("*.yml")) for code in _read_file(file))


def load(admin_dsn: str, folder: Path = FOLDER) -> int:
    """Add new codes and correct the titles of known ones, in one transaction; return the rows written.

    Raises:
        DatabaseError: the database cannot be reached.
        psycopg.Error: the database refused a code; nothing is changed then.
    """
    with connect(admin_dsn, purpose="codelists") as connection, connection.cursor() as cursor:
        cursor.executemany(_QUERIES["bring_up"].encode(), [_parameters(code) for code in read(folder)])
        return cursor.rowcount


def _read_file(file: Path) -> list[Code]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [_code(content, item, order) for order, item in enumerate(content["items"], start=1)]


def _code(content: dict[str, Any], item: dict[str, Any], order: int) -> Code:
    return Code(
        code_list=content["list"],
        system=content["system"],
        code=item["code"],
        name=item["name"],
        name_en=item.get("name_en"),
        parent=item.get("parent"),
        is_group=item.get("group", False),
        order=order,
        colour=item.get("colour"),
        valid_from=content["valid_from"],
        valid_to=content["valid_to"],
        legal_basis=content["legal_basis"],
    )


def _parameters(code: Code) -> dict[str, object]:
    return {name: getattr(code, name) for name in Code.__slots__}
