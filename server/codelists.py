"""The code lists that the schemas show, and the names of administrative units, kept in the process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from catalogue.codelists import Code, Codelists
from catalogue.layer import Text
from database.lines import Entry, Statement
from database.queries import load
from database.reader import Reader

_QUERIES = load("server", "codelists.sql")
_FRESH_S = 60.0
_PROFILES_MAX = 200


NAME_READS = ("id", "cap", "ten", "ma", "hieu_luc_tu", "hieu_luc_den")
"""Columns that the names of administrative units are read from."""


def read_codelists(reader: Reader) -> Codelists:
    """Return every code list, newest system first, in the order of the law: public, the same for every caller."""
    rows = reader.read(None, [(_QUERIES["codes"], ())])[0]
    lists: dict[str, list[Code]] = {}
    for row in rows:
        name, system, code, vi, en, parent, begin, end = cast("tuple[Any, ...]", row)
        lists.setdefault(name, []).append(Code(system, code, Text(vi, en), parent, begin, end))
    return {name: tuple(codes) for name, codes in lists.items()}


class UnitNames:
    """Names of administrative units by their internal id, as far as a profile shows them.

    They are read as ``query.units`` says for the profile, and again when they are older than a minute, so that what was
    renamed or founded is soon known.
    """

    def __init__(self, reader: Reader, now: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._now = now
        self._known: OrderedDict[tuple[str, str], tuple[float, dict[str, _Unit]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, ids: Iterable[object], entry: Entry, statement: Statement) -> Mapping[str, str]:
        """Return name and code of the units among these ids."""
        units = self._units(entry, statement)
        wanted = {str(each) for each in ids if each is not None}
        return {each: units[each].label for each in wanted if each in units}

    def on(self, day: str, entry: Entry, statement: Statement) -> Mapping[str, str]:
        """Return name and code of the units of a day by their id: provinces first, then districts, then communes."""
        return {id_: each.label for id_, each in self._units(entry, statement).items() if each.begin <= day < each.end}

    def _units(self, entry: Entry, statement: Statement) -> "dict[str, _Unit]":
        view = (entry.profile_hash, entry.part)
        known = self._known.get(view)
        if known is None or self._now() - known[0] > _FRESH_S:
            known = (self._now(), self._read(entry, statement))
            with self._lock:
                self._known[view] = known
                self._known.move_to_end(view)
                if len(self._known) > _PROFILES_MAX:
                    self._known.popitem(last=False)
        return known[1]

    def _read(self, entry: Entry, statement: Statement) -> "dict[str, _Unit]":
        rows = cast("list[tuple[Any, ...]]", self._reader.read(entry, [statement])[0])
        return {str(id_): _Unit(f"{name} ({code})", begin, end) for id_, name, code, begin, end in rows}


@dataclass(frozen=True, slots=True)
class _Unit:
    label: str
    begin: str
    end: str
