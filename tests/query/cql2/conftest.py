"""A database for filters: the standard's test data where they are, and one small table with every type.

At the end a writer of CQL2 JSON, for the tables of the standard hold text only.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pygeofilter import ast, values

from catalogue.types import ColumnType
from core.errors import BadFilter
from core.limits import LIMITS
from query.cql2 import Filter, Node, compile_filter, parse_text
from query.cql2.nodes import IntegerDivision, Modulo, Power, TimeIntersects
from query.names import Name

THINGS = """
CREATE TABLE things (
    id int PRIMARY KEY,
    ten text COLLATE "C",
    ghi_chu text COLLATE "C",
    so_to int,
    so_lon bigint,
    dien_tich double precision,
    da_cap boolean,
    ngay date,
    ngay_cuoi date,
    luc timestamptz,
    luc_cuoi timestamptz,
    ma uuid,
    nhan text[] COLLATE "C",
    geom geometry(Geometry, 4326)
)
"""
COLUMNS = {
    "ten": ColumnType.TEXT,
    "ghi_chu": ColumnType.TEXT,
    "so_to": ColumnType.INTEGER,
    "so_lon": ColumnType.INTEGER,
    "dien_tich": ColumnType.NUMBER,
    "da_cap": ColumnType.BOOLEAN,
    "ngay": ColumnType.DATE,
    "ngay_cuoi": ColumnType.DATE,
    "luc": ColumnType.TIMESTAMP,
    "luc_cuoi": ColumnType.TIMESTAMP,
    "ma": ColumnType.UUID,
    "nhan": ColumnType.TEXT_ARRAY,
    "geom": ColumnType.GEOMETRY,
}
ROWS = [
    ("Phước Bình", "a%b", 1, 2**62, 100.5, True, "2025-06-30", "2025-07-30", "2025-06-30T17:00:00Z",
     "2025-07-01T00:00:00Z", "fa7e1920-9107-422d-a3db-c468cbc5d6df", ["a", "b"], "POINT(106.5 11.5)"),
    ("PHƯỚC LONG", "a_b", 2, -(2**62), 0.1, False, "2024-02-29", "2024-02-29", "2024-02-29T00:00:00Z",
     "2024-02-29T12:00:00.5Z", None, ["b"], "POLYGON((106 11,107 11,107 12,106 12,106 11))"),
    ("Đồng Phú", "a\\b", 3, 2**63 - 1, -2.5000000000000004, None, None, "2020-01-01", None, None,
     "00000000-0000-0000-0000-000000000000", [], "LINESTRING(106 11,108 13)"),
    ("", "it's", 0, 0, 0.0, True, "0001-01-01", "9999-12-31", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
     None, ["a", "b", "c"], "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"),
    (None, None, None, None, None, None, None, None, None, None, None, None, None),
    ("Bù Đăng\n", "x\ty", -7, -(2**63), 1.7e308, False, "infinity", "-infinity", "infinity", "-infinity",
     None, [None, "đ"], "POINT(-180 90)"),
    ("Straße", "Bù", 2147483647, 1, float("nan"), True, "2025-06-30", "2025-06-30", "2025-06-30T17:00:00Z",
     "2025-06-30T17:00:00Z", None, ["b", "a", "a"], "POINT(107 12)"),
    ("Z", "z", -2147483648, 7, float("-inf"), False, "2025-01-01", "2025-12-31", "2025-01-01T00:00:00Z",
     "2025-12-31T00:00:00Z", None, ["z"], "MULTIPOINT((106.5 11.5),(0.5 0.25))"),
    ("z", "Z", 10, 12345678901234567, 5e-324, True, "2025-06-29", "2025-07-01", "2025-06-29T00:00:00Z",
     "2025-07-01T00:00:00Z", None, ["A"], "POLYGON((10 10,11 10,11 11,10 10))"),
]  # fmt: skip


def names_of(columns: dict[str, ColumnType], alias: str = "t") -> dict[str, Name]:
    return {each: Name(each, kind, f'{alias}."{each}"') for each, kind in columns.items()}


@pytest.fixture(scope="session")
def cql2_db(cluster: str, template_db: str) -> Iterator[str]:
    """The superuser's connection string to a clone of the migrated template, for this folder's tests."""
    name = f"cql2_{os.getpid()}"
    _admin(cluster, sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template_db)
    yield psycopg.conninfo.make_conninfo(cluster, dbname=name)
    _admin(cluster, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


def _admin(cluster: str, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(statement.format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def connection(cql2_db: str) -> Iterator[psycopg.Connection]:
    """One connection in UTC that holds the table of things; a test that breaks it breaks only itself."""
    with psycopg.connect(cql2_db, autocommit=True, options="-c timezone=UTC -c statement_timeout=20s") as opened:
        opened.execute(THINGS)
        with opened.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO things VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
                " ST_GeomFromText(%s, 4326))",
                [(number, *row) for number, row in enumerate(ROWS, 1)],
            )
        yield opened


@pytest.fixture(scope="session")
def things(connection: psycopg.Connection) -> Callable[[Filter], list[int]]:
    """Run a compiled filter over the table of things; the answer is the ids that match, in order."""

    def matching(compiled: Filter) -> list[int]:
        condition = compiled.condition
        query = f"SELECT t.id FROM things AS t WHERE {condition.sql} ORDER BY t.id"
        try:
            return [row[0] for row in connection.execute(query.encode(), condition.params)]
        except psycopg.Error as error:
            if error.sqlstate != "DD001":
                raise
            raise BadFilter("a geometry is not valid.") from error

    return matching


@pytest.fixture(scope="session")
def select(things: Callable[[Filter], list[int]], thing_names: dict[str, Name]) -> Callable[[str], list[int]]:
    """Parse and run a filter in text over the table of things."""

    def matching(text: str) -> list[int]:
        return things(compile_filter(parse_text(text, LIMITS), thing_names, filter_srid=4326, swap_axes=False))

    return matching


@pytest.fixture(scope="session")
def raw_things() -> list[dict[str, object]]:
    """The rows of the table of things, as they were written."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


@pytest.fixture(scope="session")
def thing_names() -> dict[str, Name]:
    return names_of(COLUMNS)


@pytest.fixture(scope="session")
def earth(connection: psycopg.Connection, data_folder: Path) -> dict[str, dict[str, Name]]:
    """Load the standard's three layers; the answer is the names of each."""
    package = data_folder / "cql2" / "ne110m4cql2.gpkg"
    if not package.is_file():
        pytest.skip(f"no test data of CQL2 at {package}")
    return {layer: _load(connection, package, layer) for layer in LAYERS}


LAYERS = ("ne_110m_admin_0_countries", "ne_110m_populated_places_simple", "ne_110m_rivers_lake_centerlines")
_KINDS = {
    "TEXT": (ColumnType.TEXT, 'text COLLATE "C"'),
    "REAL": (ColumnType.NUMBER, "double precision"),
    "INTEGER": (ColumnType.INTEGER, "bigint"),
    "BOOLEAN": (ColumnType.BOOLEAN, "boolean"),
    "DATE": (ColumnType.DATE, "date"),
    "DATETIME": (ColumnType.TIMESTAMP, "timestamptz"),
}
_GEOMETRY_HEADER = (8, 40, 56, 56, 72)
"""Bytes before the WKB, by the kind of envelope. Source: OGC 12-128r18, clause 2.1.3."""


def _load(connection: psycopg.Connection, package: Path, layer: str) -> dict[str, Name]:
    with closing(sqlite3.connect(f"file:{package}?mode=ro&immutable=1", uri=True)) as source:
        described = source.execute(f'PRAGMA table_info("{layer}")').fetchall()[2:]
        kinds = {column[1]: _KINDS[column[2].split("(")[0]] for column in described}
        connection.execute(_table(layer, kinds))
        insert = sql.SQL("INSERT INTO {} VALUES (ST_GeomFromWKB(%s, 4326), {})").format(
            sql.Identifier(layer), sql.SQL(", ").join(sql.SQL("%s::" + kind[1]) for kind in kinds.values())
        )
        with connection.cursor() as cursor:
            cursor.executemany(insert, [_row(row) for row in source.execute(f'SELECT * FROM "{layer}"')])
    return names_of({name: kind[0] for name, kind in kinds.items()} | {"geom": ColumnType.GEOMETRY})


def _table(layer: str, kinds: dict[str, tuple[ColumnType, str]]) -> sql.Composed:
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind[1])) for name, kind in kinds.items()]
    return sql.SQL("CREATE TABLE {} (geom geometry(Geometry, 4326), {})").format(
        sql.Identifier(layer), sql.SQL(", ").join(columns)
    )


def _row(row: tuple[object, ...]) -> tuple[object, ...]:
    """Take a row of the package without its number, the geometry as WKB."""
    _, blob, *columns = row
    assert isinstance(blob, bytes)
    return blob[_GEOMETRY_HEADER[blob[3] >> 1 & 7] :], *map(_plain, columns)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


@pytest.fixture(scope="session")
def write_json() -> Callable[[Node], object]:
    """Nodes to the object that CQL2 JSON writes."""
    return to_json


OPERATORS = {
    ast.And: "and",
    ast.Or: "or",
    ast.Equal: "=",
    ast.NotEqual: "<>",
    ast.LessThan: "<",
    ast.LessEqual: "<=",
    ast.GreaterThan: ">",
    ast.GreaterEqual: ">=",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mul: "*",
    ast.Div: "/",
    Modulo: "%",
    IntegerDivision: "div",
    Power: "^",
    ast.GeometryContains: "s_contains",
    ast.GeometryCrosses: "s_crosses",
    ast.GeometryDisjoint: "s_disjoint",
    ast.GeometryEquals: "s_equals",
    ast.GeometryIntersects: "s_intersects",
    ast.GeometryOverlaps: "s_overlaps",
    ast.GeometryTouches: "s_touches",
    ast.GeometryWithin: "s_within",
    ast.TimeAfter: "t_after",
    ast.TimeBefore: "t_before",
    ast.TimeContains: "t_contains",
    ast.TimeDisjoint: "t_disjoint",
    ast.TimeDuring: "t_during",
    ast.TimeEquals: "t_equals",
    ast.TimeEndedBy: "t_finishedBy",
    ast.TimeEnds: "t_finishes",
    TimeIntersects: "t_intersects",
    ast.TimeMeets: "t_meets",
    ast.TimeMetBy: "t_metBy",
    ast.TimeOverlappedBy: "t_overlappedBy",
    ast.TimeOverlaps: "t_overlaps",
    ast.TimeBegunBy: "t_startedBy",
    ast.TimeBegins: "t_starts",
    ast.ArrayContainedBy: "a_containedBy",
    ast.ArrayContains: "a_contains",
    ast.ArrayEquals: "a_equals",
    ast.ArrayOverlaps: "a_overlaps",
}


def to_json(node: Node) -> object:
    match node:
        case ast.Not():
            return {"op": "not", "args": [to_json(node.sub_node)]}
        case ast.Between():
            return _unless(node.not_, "between", [node.lhs, node.low, node.high])
        case ast.Like():
            return _unless(node.not_, "like", [node.lhs, node.pattern])
        case ast.In():
            return _unless(node.not_, "in", [node.lhs, node.sub_nodes])
        case ast.IsNull():
            return _unless(node.not_, "isNull", [node.lhs])
        case ast.Attribute():
            return {"property": node.name}
        case ast.Function():
            return {"op": node.name, "args": [to_json(each) for each in node.arguments]}
        case ast.Node():
            return {"op": OPERATORS[type(node)], "args": [to_json(node.lhs), to_json(node.rhs)]}
        case _:
            return _literal(node)


def _unless(negated: bool, name: str, operands: list[Node]) -> object:
    written = {"op": name, "args": [to_json(each) for each in operands]}
    return {"op": "not", "args": [written]} if negated else written


def _literal(node: Node) -> object:
    match node:
        case values.Interval():
            return {"interval": [_end(node.start), _end(node.end)]}
        case values.Envelope():
            return {"bbox": [node.x1, node.y1, node.x2, node.y2]}
        case values.Geometry():
            return node.geometry
        case datetime():
            return {"timestamp": _instant(node)}
        case date():
            return {"date": _instant(node)}
        case list():
            return [to_json(each) for each in node]
        case _:
            return node


def _end(end: Node | None) -> object:
    if end is None:
        return ".."
    return _instant(end) if isinstance(end, date) else to_json(end)


def _instant(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")
