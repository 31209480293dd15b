"""The code lists that the schemas show, read once from the database."""

from typing import Any, cast

from catalogue.codelists import Code, Codelists
from catalogue.layer import Text
from catalogue.profile import Profile
from database.pool import Entry, Reader

_SQL = (
    "SELECT danh_muc, he_ma, ma, ten, coalesce(ten_en, ten), ma_cha, hieu_luc_tu::text, hieu_luc_den::text "
    "FROM dm.muc ORDER BY danh_muc, hieu_luc_tu DESC, thu_tu, ma"
)


def read_codelists(reader: Reader, profile: Profile) -> Codelists:
    """Return every code list, newest system first, in the order of the law."""
    rows = reader.read(Entry("public", "", profile.hash), [(_SQL, ())])[0]
    lists: dict[str, list[Code]] = {}
    for row in rows:
        name, system, code, vi, en, parent, begin, end = cast("tuple[Any, ...]", row)
        lists.setdefault(name, []).append(Code(system, code, Text(vi, en), parent, begin, end))
    return {name: tuple(codes) for name, codes in lists.items()}
