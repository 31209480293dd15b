"""``python -m benchmarks.plans``: how PostgreSQL answers each kind of request under each kind of scope of rows.

Each statement is run with both walls (as the role of the profile), and with the first alone (as the superuser): times,
pages read, scans that read a large table from one end to the other, and rows that were read and thrown away.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, LiteralString, cast

import psycopg
from psycopg import Connection
from pyproj import Transformer

from benchmarks.scopes import LAYERS, Places, places_in, profile_on, scopes_of
from benchmarks.world import REPOSITORY, cluster_of
from catalogue.files import read_layers
from catalogue.layer import Layer
from catalogue.profile import Profile
from core.limits import LIMITS
from database.cluster import EMBEDDED_DATABASE
from database.profiles import Segment, publish
from query.encoding import RowEncoding
from query.items import (
    ItemsQuery,
    Statement,
    count_statement,
    export_statement,
    item_statement,
    narrowing_box,
    narrowing_search,
    page_statement,
    version_statement,
)
from query.paging import CursorSeal, Position
from query.request import read_item_query, read_items_query
from query.view import View, view_of

ITEM, EXPORT, VERSION, CURSOR, HITS = "item by id", "export, its start", "version", "page by cursor", "count"
_SEAL = CursorSeal(bytes(32))
_MUCH, _MUCH_UNORDERED = 0.9, 0.1
"""Parts of a table: so many of its rows may be read for nothing by an index, so many without."""
_EXPORTED = 1_000
"""An export is a cursor; so many rows of it are read."""
_SETTINGS = (
    "SET LOCAL jit = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL cursor_tuple_fraction = 0.1",
)
_MIDDLE = "SELECT t.id::text, ST_X(ST_Centroid(t.geom)), ST_Y(ST_Centroid(t.geom)) FROM {} AS t WHERE {} LIMIT 1"
_ROLE = "SELECT role FROM acl.profile_role WHERE hash = %s AND part = '0'"


@dataclass(frozen=True, slots=True)
class Middle:
    """An item that a scope shows, the middle of it, and how far a box around it goes, in degrees."""

    id: str
    x: float
    y: float
    reach: float

    @property
    def box(self) -> str:
        return f"{self.x - self.reach},{self.y - self.reach},{self.x + self.reach},{self.y + self.reach}"

    @property
    def triangle(self) -> str:
        west, south, east, north = self.box.split(",")
        return f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {south}))"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request under one kind of scope, as a statement and what row security narrows by.

    Attributes:
        units: administrative units that the scope names.
        own: rows of the table in these units, or all; those that are not in force any more are among them.
    """

    layer: str
    scope: str
    family: str
    statement: Statement
    role: str
    box: tuple[float, ...] | None = None
    search: str | None = None
    units: int = 0
    own: int = 0

    @property
    def name(self) -> str:
        return f"{self.layer}, {self.scope}, {self.family}"


@dataclass(slots=True)
class Plan:
    """What one execution did.

    Attributes:
        rows: that were returned or counted.
        pages: read, from memory or from disk.
        thrown: rows read from tables, and then thrown away by conditions or not pursued.
        whole: tables of which much was read for nothing. What nearly every row is part of may be counted without an
            index: from the beginning of the table until it is 10,001.
        nodes: of the scans: what is read, and how.
    """

    milliseconds: float
    pages: int
    rows: int = 0
    thrown: int = 0
    whole: list[str] = field(default_factory=list[str])
    nodes: list[str] = field(default_factory=list[str])


def families(layer: Layer, profile: Profile, middle: Middle) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield kinds of requests for pages of a layer, with their parameters."""
    collection = profile.collections[layer.id]
    yield "first page", []
    yield "limit 1,000", [("limit", "1000")]
    yield HITS, [("resulttype", "hits")]
    yield CURSOR, [("limit", "100")]
    if layer.geometry:
        box = [("bbox", middle.box), ("limit", "1000")]
        yield "box, degrees", box
        for srid, corners in _projected(middle).items():
            crs = f"http://www.opengis.net/def/crs/EPSG/0/{srid}"
            yield f"box, EPSG:{srid}", [("bbox", corners), ("bbox-crs", crs), ("limit", "1000")]
        yield "filter by place", [("filter", f"S_INTERSECTS(geometry,{middle.triangle})"), ("limit", "100")]
        yield (
            "filter by place and value",
            [
                ("filter", f"S_INTERSECTS(geometry,{middle.triangle}) AND {layer.key.name} <> '{middle.id}'"),
                ("limit", "100"),
            ],
        )
    if collection.layer.search:
        yield "search, everywhere", [("q", "th")]
        yield "search, frequent", [("q", "thửa 12")]
        yield "search, none found", [("q", "không có chữ này")]
    names = {each.name for each in collection.sortables}
    for name in sorted(names - {layer.key.name}):
        yield f"sorted by {name}", [("sortby", name)]
        yield f"sorted by {name}, falling", [("sortby", f"-{name}"), ("limit", "100")]
    for name, value in (("so_to", "5"), ("xa_id", "0"), ("nhom_dat_chinh", "'CSD'"), ("ma_loai_dat", "'ODT'")):
        if any(each.name == name for each in collection.queryables):
            yield f"where {name} is", [("filter", f"{name}={value}"), ("limit", "100")]
    if layer.time and layer.time.begin:
        yield "datetime", [("datetime", "2024-01-01/2024-03-01")]


def _projected(middle: Middle) -> Mapping[int, str]:
    """Return the box of a place in metres of two systems."""
    west, south, east, north = map(float, middle.box.split(","))
    transformers = {srid: Transformer.from_crs(4326, srid, always_xy=True) for srid in (3405, 3857)}
    return {
        srid: ",".join(f"{each:.1f}" for each in transformer.transform_bounds(west, south, east, north))
        for srid, transformer in transformers.items()
    }


def cases(
    connection: Connection[Any], layer: Layer, scope: str, profile: Profile, *, reach: float, wanted: str = ""
) -> Iterator[Case]:
    """Yield every kind of request under one scope; ``wanted``: only those whose name holds it."""
    view = view_of(profile.collections[layer.id])
    role = str(_one(connection, _ROLE, [profile.hash]))
    middle = _middle(connection, view, reach)
    units, own = len(view.territory or ()), _own(connection, view)

    def case(family: str, statement: Statement, query: ItemsQuery | None = None) -> Case:
        box, search = (narrowing_box(query, view), narrowing_search(query)) if query else (None, None)
        return Case(layer.id, scope, family, statement, role, box, search, units, own)

    columns, shape = read_item_query([], view)
    yield case(ITEM, item_statement(view, middle.id, columns, shape, RowEncoding.GEOJSON))
    yield case(VERSION, version_statement(view))
    for family, pairs in families(layer, profile, middle):
        if wanted in family:
            query = read_items_query(pairs, view, _SEAL, profile.hash)
            if family == CURSOR:
                query = replace(query, position=Position((middle.id,)))
            composed = count_statement if query.hits else None
            statement = composed(query, view) if composed else page_statement(query, view, RowEncoding.GEOJSON)
            yield case(family, statement, query)
    query = read_items_query([], view, _SEAL, profile.hash)
    text, values = export_statement(query, view, RowEncoding.GEOJSON, ordered=False)
    yield case(EXPORT, (f"SELECT * FROM ({text}) AS e LIMIT {_EXPORTED}", values), query)


def run(connection: Connection[Any], case: Case, large: Mapping[str, int], *, walls: int = 2, times: int = 1) -> Plan:
    """Execute a statement some times and return its plan, with the shortest time.

    Args:
        large: rows of the tables that nobody may read from one end to the other.
        walls: 2 as the role of the profile, 1 as who may read everything.
    """
    with connection.transaction(force_rollback=True):
        for each in _SETTINGS:
            connection.execute(each.encode())
        if walls == 2:
            _enter(connection, case)
        text, values = case.statement
        shortest = min(_timed(connection, text, values) for _ in range(times)) if times > 1 else None
        rows = connection.execute(cast("LiteralString", text), values, binary=True).fetchall()
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}"
        root = connection.execute(cast("LiteralString", explained), values).fetchall()[0][0][0]
    plan = _read(root, large, shortest)
    plan.rows = _rows_of(case.family, rows)
    return plan


def _rows_of(family: str, rows: list[tuple[Any, ...]]) -> int:
    """Return how many rows were returned, or counted by reading; of a count that is not told, as many as it may be."""
    if family in (ITEM, EXPORT):
        return len(rows)
    if family == VERSION:
        return 0
    if family == HITS:
        return int(rows[0][0])
    _, found, matched, version = rows[0][:4]
    counted = 0 if version is None else LIMITS.count_max + 1 if matched is None else int(matched)
    return int(found) + counted


def _enter(connection: Connection[Any], case: Case) -> None:
    """Become the role of the profile, narrowed by box or search, as ``acl.enter`` does it."""
    box = ",".join(map(str, case.box)) if case.box else ""
    narrowed = "_b" if case.box else "_s" if case.search is not None else ""
    connection.execute(
        "SELECT set_config('datdai.hop', %s, true), "
        "set_config('datdai.tim', coalesce('%%' || dm.de_tim(%s) || '%%', ''), true), set_config('role', %s, true)",
        [box, case.search, case.role + narrowed],
    )


def _timed(connection: Connection[Any], text: str, values: tuple[object, ...]) -> float:
    begin = time.perf_counter()
    connection.execute(cast("LiteralString", text), values, binary=True).fetchall()
    return (time.perf_counter() - begin) * 1_000


def _read(explained: dict[str, Any], large: Mapping[str, int], shortest: float | None) -> Plan:
    root = explained["Plan"]
    pages = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    plan = Plan(shortest or explained["Execution Time"], pages)
    for node in _nodes(root):
        table, kind, loops = node.get("Relation Name", ""), node["Node Type"], node.get("Actual Loops", 1)
        if table in large and loops:
            thrown = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            plan.thrown += thrown * loops
            plan.nodes.append(f"{kind} {node.get('Index Name', '')}".strip())
            if thrown * loops > large[table] * (_MUCH_UNORDERED if kind == "Seq Scan" else _MUCH):
                plan.whole.append(f"{kind} {table}")
        elif "Index Name" in node:
            plan.nodes.append(node["Index Name"])
    return plan


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)


def _own(connection: Connection[Any], view: View) -> int:
    """Count the rows in the administrative units of a view, whenever they were in force."""
    units = None if view.territory is None else list(view.territory)
    statement = f"SELECT count(*) FROM {view.source} WHERE %s::int[] IS NULL OR {view.unit} = ANY (%s)"
    row = connection.execute(cast("LiteralString", statement), [units, units]).fetchone()
    return int(row[0]) if row else 0


def _middle(connection: Connection[Any], view: View, reach: float) -> Middle:
    """Return a place that a scope shows, or, of a scope without any row, one of the layer."""
    text = _MIDDLE.format(view.source.removesuffix(" AS t"), "{}")
    for where, values in ((view.rows.sql, view.rows.params), ("true", ())):
        found = connection.execute(cast("LiteralString", text.format(where)), values).fetchone()
        if found:
            id_, x, y = found
            return Middle(id_, x, y, reach)
    raise SystemExit(f"benchmarks: {view.source} is empty")


def large_tables(connection: Connection[Any], least: int) -> dict[str, int]:
    """Return the tables with so many rows or more, by name without schema."""
    rows = connection.execute(
        "SELECT c.relname, c.reltuples::bigint FROM pg_class c JOIN acl.guarded g ON g.bang::regclass = c.oid "
        "WHERE g.policy = 't' AND c.reltuples >= %s",
        [least],
    )
    return {str(name): int(count) for name, count in rows}


def published(
    connection: Connection[Any], layers: Iterable[Layer], places: Places, names: Iterable[str] = ()
) -> Iterator[tuple[Layer, str, Profile]]:
    """Make the roles of every kind of scope on every large layer, for nobody, and yield them."""
    for layer in layers:
        for scope, terms in scopes_of(layer, places).items():
            if not names or scope in names:
                profile = profile_on(layer, terms)
                publish(connection, {f"account:{_NOBODY}": [Segment(date(2000, 1, 1), None, profile)]})
                yield layer, scope, profile


_NOBODY = 2_000_000_000
"""An account that there is none of: roles need a subject, or are dropped."""


def _one(connection: Connection[Any], statement: LiteralString, values: list[Any]) -> object:
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def main() -> None:
    """Print a line for each request and scope of a world that stands: with both walls / with the first alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--layer", default="thua-dat", choices=LAYERS)
    parser.add_argument("--scope", action="append", default=[])
    parser.add_argument("--wanted", default="", help="only requests whose name holds this")
    parser.add_argument("--reach", type=float, default=0.002)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    dsn = chosen.dsn or cluster_of(chosen.parcels).dsn(EMBEDDED_DATABASE)
    layers = [each for each in read_layers(REPOSITORY / "config" / "layers") if each.id == chosen.layer]
    with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction(force_rollback=True):
        large = large_tables(connection, 10_000)
        for layer, scope, profile in published(connection, layers, places_in(connection), chosen.scope):
            for case in cases(connection, layer, scope, profile, reach=chosen.reach, wanted=chosen.wanted):
                _print(case, run(connection, case, large, times=3), run(connection, case, large, walls=1, times=3))


def _print(case: Case, two: Plan, one: Plan) -> None:
    mark = "  WHOLE " + ",".join(two.whole) if two.whole else ""
    sys.stdout.write(
        f"{case.name:60} {two.milliseconds:8.2f} / {one.milliseconds:8.2f} ms  {two.pages:7} / {one.pages:7} pages  "
        f"{two.thrown:8} thrown  {','.join(dict.fromkeys(two.nodes))}{mark}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
