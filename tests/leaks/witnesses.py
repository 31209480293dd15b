"""Words for the templates: names and values that one world hides, or the other."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from catalogue.layer import Column, Layer
from catalogue.profile import Collection, Operation
from catalogue.types import ColumnType
from tests.leaks.sight import Sight
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
    FROM (SELECT ST_Envelope(geom) AS b FROM {{table}} t WHERE {{where}}
          ORDER BY md5(t.id::text || '{{salt}}') LIMIT 1) AS s"""
_NOWHERE = (
    [106.5, 11.5, 106.6, 11.6],
    [550000.0, 1270000.0, 551000.0, 1271000.0],
    [11850000.0, 1280000.0, 11860000.0, 1290000.0],
)


@dataclass(frozen=True, slots=True)
class Witness:
    """Draws words for one pair of worlds."""

    pair: Pair
    one: psycopg.Connection[Any]
    other: psycopg.Connection[Any]

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
        words |= self._rows(layer, chance) | self._boxes(layer, chance)
        words |= {
            "word": words["htext_raw"].split(" ")[0].strip(",%_") or "x",
            "vword": words["vtext_raw"].split(" ")[0] or "x",
        }
        return words

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
        where = self._sight.hidden_cells(layer.qualified_table, name)
        found = self._values(layer, name, where, chance) or self._values(layer, name, "true", chance)
        raw = chance.choice(found) if found else _OTHERWISE[kind]
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

    @property
    def _sight(self) -> Sight:
        return self.pair.sight

    def _values(self, layer: Layer, name: str, where: str, chance: random.Random) -> list[str]:
        """Return a few values of either world; nothing where the table has no such column."""
        table, salt = layer.qualified_table, chance.randrange(10**6)
        query = (
            f"SELECT t.{name}::text FROM {table} t WHERE ({where}) AND t.{name} IS NOT NULL "
            f"ORDER BY md5(t.id::text || '{salt}') LIMIT 3"
        )
        return [row[0] for world in (self.one, self.other) for row in _asked(world, query)]

    def _rows(self, layer: Layer, chance: random.Random) -> dict[str, str]:
        """Return keys of rows: one that is seen, one that is hidden in either world, one that only the other has."""
        table, salt = layer.qualified_table, chance.randrange(10**6)
        hidden, key = self._sight.hidden_rows(table), self._no_id(layer)
        shown = " OR ".join(f"({each.rows})" for each in self._sight.seen if each.table == table) or "false"
        query = "SELECT t.id::text, {xa} FROM {table} t WHERE {where} ORDER BY md5(t.id::text || '{salt}') LIMIT {n}"
        asked = {"table": table, "salt": salt, "xa": "t.xa_id::text"}
        ours = _asked(self.one, query.format(**asked, where=shown, n=1))
        here = _asked(self.one, query.format(**asked, where=hidden, n=1))
        there = _asked(self.other, query.format(**asked, where=hidden, n=40))
        known = {row[0] for row in _asked(self.one, query.format(**asked, where="true", n=100_000))}
        new = [row[0] for row in there if row[0] not in known] or [row[0] for row in there]
        return {
            "vid": ours[0][0] if ours else key,
            "hid": here[0][0] if here else key,
            "hxa": here[0][1] if here else "1",
            "hid2": new[0] if new else key,
        }

    def _boxes(self, layer: Layer, chance: random.Random) -> dict[str, str]:
        table, srid = layer.qualified_table, layer.geometry.stored_srid if layer.geometry else 9212
        shown = " OR ".join(f"({each.rows})" for each in self._sight.seen if each.table == table) or "false"
        salt = chance.randrange(10**6)
        world = chance.choice((self.one, self.other))
        boxes: dict[str, tuple[list[float], ...]] = {}
        for prefix, where in (("h", self._sight.hidden_rows(table)), ("v", shown)):
            query = _BOX.format(srid=srid, table=table, where=where, salt=salt)
            found = _asked(world, query) if layer.geometry else []
            boxes[prefix] = found[0] if found else _NOWHERE
        lonlat, stored, web = boxes["h"]
        x, y = (lonlat[0] + lonlat[2]) / 2, (lonlat[1] + lonlat[3]) / 2
        wide = [lonlat[0] - 0.02, lonlat[1] - 0.02, lonlat[2] + 0.02, lonlat[3] + 0.02]
        west, south, east, north = wide
        ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
        polygon = f"POLYGON(({', '.join(f'{each[0]} {each[1]}' for each in ring)}))"
        return {
            "hbox": _written(wide),
            "hbox_sql": _written(wide),
            "htiny": _written(lonlat),
            "vbox": _written([each + pad for each, pad in zip(boxes["v"][0], (-0.05, -0.05, 0.05, 0.05), strict=True)]),
            "vtiny": _written(boxes["v"][0]),
            "hbox_lat": _written([south, west, north, east]),
            "hbox_stored": _written(stored),
            "hbox_stored_sql": _written(stored),
            "hbox_web": _written(web),
            "hpoint": f"{x} {y}",
            "hpolygon": polygon,
            "stored": f"http://www.opengis.net/def/crs/EPSG/0/{srid}",
        }


def _asked(world: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    try:
        with world.transaction():
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
