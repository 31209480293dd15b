"""Bring the code lists of ``config/codelists`` into ``dm.muc``: codes are added, titles follow, none is deleted."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import yaml

FOLDER = Path(__file__).parents[1] / "config" / "codelists"

_UPSERT = """
INSERT INTO dm.muc AS m
    (danh_muc, he_ma, ma, ten, ten_en, ma_cha, la_nhom, thu_tu, mau, hieu_luc_tu, hieu_luc_den, can_cu)
VALUES
    (%(code_list)s, %(system)s, %(code)s, %(name)s, %(name_en)s, %(parent)s, %(is_group)s, %(order)s, %(colour)s,
     %(valid_from)s, %(valid_to)s, %(legal_basis)s)
ON CONFLICT (danh_muc, he_ma, ma) DO UPDATE
SET ten = excluded.ten, ten_en = excluded.ten_en, ma_cha = excluded.ma_cha, la_nhom = excluded.la_nhom,
    thu_tu = excluded.thu_tu, mau = excluded.mau, hieu_luc_tu = excluded.hieu_luc_tu,
    hieu_luc_den = excluded.hieu_luc_den, can_cu = excluded.can_cu
WHERE (m.ten, m.ten_en, m.ma_cha, m.la_nhom, m.thu_tu, m.mau, m.hieu_luc_tu, m.hieu_luc_den, m.can_cu)
      IS DISTINCT FROM
      (excluded.ten, excluded.ten_en, excluded.ma_cha, excluded.la_nhom, excluded.thu_tu, excluded.mau,
       excluded.hieu_luc_tu, excluded.hieu_luc_den, excluded.can_cu)
"""


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
        psycopg.Error: the database refused a code; nothing is changed then.
    """
    with psycopg.connect(admin_dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(_UPSERT, [_parameters(code) for code in read(folder)])
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
