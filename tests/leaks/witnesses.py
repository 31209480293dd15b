"""Words for the templates: names and values that one world hides, or the other."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from catalogue.layer import Column, Layer
from catalogue.profile import Collection, Operation
from catalogue.types import ColumnType
from tests.leaks.viewpoints import LAYERS
from tests.leaks.worlds import Pair

_KINDS: Mapping[str, tuple[ColumnType, ...]] = {
    "num": (ColumnType.INTEGER, ColumnType.NUMBER),
    "text": (ColumnType.TEXT,),
    "date": (ColumnType.DATE,),
    "bool": (ColumnType.BOOLEAN,),
    "array": (ColumnType.TEXT_ARRAY,),
}
_UNDECLARED = {"num": "srid_goc", "text": "nguon", "date": "cap_nhat", "bool": "tranh_chap", "array": "muc_dich"}
"""Names of columns that profiles never show, where a layer hides none of a kind."""
_OTHERWISE = {"num": "7", "text": "bí mật", "date": "2020-02-03", "bool": "true", "array": "ODT"}
_CORNERS = "(SELECT array[ST_XMin(s), ST_YMin(s), ST_XMax(s), ST_YMax(s)] FROM ST_Envelope({}) AS s)"
_BOX = f"""
    SELECT {_CORNERS.format("b")}, {_CORNERS.format("hc.doi_toa_do(b::geometry, {srid})")},
           {_CORNERS.format("hc.doi_toa_do(b::geometry, 3857)")}
    FROM (SELECT ST_Envelope(geom) AS b FROM {{table}} t WHERE t.id::text = '{{id}}') AS s"""
_NOWHERE = (
    [106.5, 11.5, 106.6, 11.6],
    [550000.0, 1270000.0, 551000.0, 1271000.0],
    [11850000.0, 1280000.0, 11860000.0, 1290000.0],
)


_EVERY_RECORD = "SELECT DISTINCT id::text FROM mt.ban_ghi"
_GONE_RECORDS = "SELECT DISTINCT id::text FROM cb.doi_song WHERE den IS NOT NULL"
_PAD = (-0.02, -0.02, 0.02, 0.02)
_CHANGED = 0.6
"""How often a word is drawn from what differs between the worlds, where anything does."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one row: whether it is hidden, and whether all of its row is."""

    value: str
    hidden: bool
    in_hidden_row: bool


type Cells = Mapping[str, Cell]
"""Cells of one column by the key of their rows; such as hold nothing are left out."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Draws words for one pair of worlds."""

    pair: Pair
    one: psycopg.Connection[Any]
    other: psycopg.Connection[Any]
    known: dict[tuple[str, str], tuple[Cells, Cells]] = field(default_factory=dict[Any, Any])

    def words(self, chance: random.Random) -> dict[str, str]:
        """Return the words for a collection that is drawn; of a profile without any, for one that it hides."""
        collection = self._drawn(chance)
        layer = collection.layer if collection else LAYERS["thua-dat"]
        seen = collection.columns if collection else ()
        hidden = [each for each in layer.columns if each not in seen]
        words = {"c": collection.id if collection else layer.id, "x": self._absent(chance), "nid": self._no_id(layer)}
        for kind, types in _KINDS.items():
            queryable = [each for each in seen if each.type in types and each.queryable and each is not layer.key]
            words |= self._column("v", kind, queryable, layer, chance)
            words |= self._column("h", kind, [each for each in hidden if each.type in types], layer, chance)
        every = [each.name for each in hidden] or ["cap_nhat", "tim"]
        words |= {"hcol": chance.choice(every), "vcol": chance.choice([each.name for each in seen] or ["id"])}
        words |= self._rows(layer, chance) | self._boxes(layer, chance) | self._records(chance)
        return words | {
            "word": self._word(layer, [each.name for each in hidden], words["htext_raw"], chance),
            "vword": self._word(layer, [each.name for each in seen], words["vtext_raw"], chance),
        }

    def _drawn(self, chance: random.Random) -> Collection | None:
        every = [self.pair.profile.collections[each] for each in sorted(self.pair.profile.collections)]
        asked = [each for each in every if each.allows(Operation.QUERY)] or every
        return chance.choice(asked) if asked else None

    def _absent(self, chance: random.Random) -> str:
        return chance.choice(sorted(set(LAYERS) - set(self.pair.profile.collections)))

    def _no_id(self, layer: Layer) -> str:
        return "999999" if layer.key.type is ColumnType.INTEGER else "00000000-0000-4000-8000-000000000000"

    def _column(
        self, prefix: str, kind: str, columns: list[Column], layer: Layer, chance: random.Random
    ) -> dict[str, str]:
        """Return the name of a column and a value of it that is not seen, in the ways in which requests write it."""
        name = chance.choice(columns).name if columns else ("khong_co" if prefix == "v" else _UNDECLARED[kind])
        raw = self._value(layer, name, chance) or _OTHERWISE[kind]
        text = raw.replace("'", "''")
        key = f"{prefix}{kind}"
        written = {"num": raw, "text": f"'{text}'", "date": raw, "bool": raw, "array": raw}[kind]
        return {
            key: name,
            f"{key}_is": written,
            f"{key}_raw": raw,
            f"{key}_text": f"'{text}'",
            f"{key}_like": f"'%{text[1:4]}%'",
        }

    def _word(self, layer: Layer, names: list[str], text: str, chance: random.Random) -> str:
        """Return a word of a column that searches read, if it is one of these, or of a text."""
        read = [each for each in layer.search_reads if each in names]
        if read and chance.random() < 0.7:
            text = self._value(layer, chance.choice(read), chance) or text
        return text.split(" ")[0].strip(",%_") or "x"

    def _value(self, layer: Layer, name: str, chance: random.Random) -> str | None:
        """Return a value that is not seen, mostly of what differs between the worlds, best beside what is seen."""
        here, there = self._cells(layer, name)
        changed = [
            cell
            for cells, others in ((here, there), (there, here))
            for key, cell in cells.items()
            if cell.hidden and (key not in others or others[key].value != cell.value)
        ]
        beside = [each for each in changed if not each.in_hidden_row] or changed
        every = [*here.values(), *there.values()]
        pools = [beside] if beside and chance.random() < _CHANGED else []
        pools += [[each for each in every if each.hidden], every]
        pool = next(filter(None, pools), None)
        return chance.choice(pool).value if pool else None

    def _cells(self, layer: Layer, name: str, form: str = "{}::text") -> tuple[Cells, Cells]:
        """Return the cells of a column in both worlds, each as it is written by ``form``; none where no column is."""
        table = layer.qualified_table
        key = table, name
        if key not in self.known:
            cell, row = self.pair.sight.hidden_cells(table, name), self.pair.sight.hidden_rows(table)
            query = (
                f"SELECT t.id::text, {form.format(f't.{name}')}, {cell}, {row} "
                f"FROM {table} t WHERE t.{name} IS NOT NULL ORDER BY 1"
            )
            one, other = ({row[0]: Cell(*row[1:]) for row in _asked(each, query)} for each in (self.one, self.other))
            self.known[key] = one, other
        return self.known[key]

    def _rows(self, layer: Layer, chance: random.Random) -> dict[str, str]:
        """Return keys of rows: one that is seen, one that is hidden in either world, one that only the other has."""
        here, there = self._cells(layer, "xa_id")
        hidden = [key for key, cell in here.items() if cell.in_hidden_row]
        shown = [key for key, cell in here.items() if not cell.in_hidden_row]
        hidden_there = [key for key, cell in there.items() if cell.in_hidden_row]
        new = [key for key in hidden_there if key not in here] or hidden_there
        nothing = [self._no_id(layer)]
        a_hidden = chance.choice(hidden or nothing)
        return {
            "vid": chance.choice(shown or nothing),
            "hid": a_hidden,
            "hxa": here[a_hidden].value if a_hidden in here else "1",
            "hid2": chance.choice(new or nothing),
        }

    def _records(self, chance: random.Random) -> dict[str, str]:
        """Return identifiers of records: one that is seen, one that is hidden in either world, one that went away."""
        seen = f"SELECT DISTINCT t.id::text FROM mt.ban_ghi t WHERE NOT ({self.pair.sight.hidden_rows('mt.ban_ghi')})"
        shown = {id_ for (id_,) in _asked(self.one, seen)}
        every = {id_ for each in (self.one, self.other) for (id_,) in _asked(each, _EVERY_RECORD)}
        gone = {id_ for each in (self.one, self.other) for (id_,) in _asked(each, _GONE_RECORDS)}
        nothing = [self._no_id(LAYERS["thua-dat"])]
        drawn = {"rid": shown, "rhid": every - shown, "rgone": gone - shown}
        return {name: chance.choice(sorted(ids) or nothing) for name, ids in drawn.items()}

    def _boxes(self, layer: Layer, chance: random.Random) -> dict[str, str]:
        srid = layer.geometry.stored_srid if layer.geometry else 9212
        hidden, shown = (self._box(layer, srid, chance, hidden=each) for each in (True, False))
        lonlat, stored, web = hidden
        x, y = (lonlat[0] + lonlat[2]) / 2, (lonlat[1] + lonlat[3]) / 2
        west, south, east, north = wide = [each + pad for each, pad in zip(lonlat, _PAD, strict=True)]
        ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
        polygon = f"POLYGON(({', '.join(f'{each[0]} {each[1]}' for each in ring)}))"
        return {
            "hbox": _written(wide),
            "hbox_sql": _written(wide),
            "htiny": _written(lonlat),
            "vbox": _written([each + 2.5 * pad for each, pad in zip(shown[0], _PAD, strict=True)]),
            "vtiny": _written(shown[0]),
            "hbox_lat": _written([south, west, north, east]),
            "hbox_stored": _written(stored),
            "hbox_stored_sql": _written(stored),
            "hbox_web": _written(web),
            "hpoint": f"{x} {y}",
            "hpolygon": polygon,
            "stored": f"http://www.opengis.net/def/crs/EPSG/0/{srid}",
        }

    def _box(self, layer: Layer, srid: int, chance: random.Random, *, hidden: bool) -> tuple[list[float], ...]:
        """Return the box of a row in degrees, as stored, and in Mercator; mostly of one that is another elsewhere."""
        if layer.geometry is None:
            return _NOWHERE
        here, there = self._cells(layer, "geom", "md5({}::text)")
        rows = [
            (world, key, key not in others or others[key].value != cell.value)
            for world, cells, others in ((self.one, here, there), (self.other, there, here))
            for key, cell in cells.items()
            if cell.in_hidden_row is hidden
        ]
        changed = [each for each in rows if each[2]]
        pool = changed if changed and chance.random() < _CHANGED else rows
        if not pool:
            return _NOWHERE
        world, key, _ = chance.choice(pool)
        return _asked(world, _BOX.format(srid=srid, table=layer.qualified_table, id=key))[0]


def _asked(world: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    try:
        return world.execute(query.encode()).fetchall()
    except psycopg.errors.UndefinedColumn:
        return []


def _written(numbers: list[float]) -> str:
    return ",".join(map(repr, map(float, numbers)))


def witnesses(pair: Pair) -> Iterator[Witness]:
    """Yield who draws the words of a pair; it reads both worlds as the superuser."""
    with (
        psycopg.connect(pair.one.dsn, autocommit=True) as one,
        psycopg.connect(pair.other.dsn, autocommit=True) as other,
    ):
        yield Witness(pair, one, other)
