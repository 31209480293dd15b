"""A database for filters: the standard's test data where they are, and one small table with every type."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from catalogue.types import ColumnType
from query.cql2 import Filter
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
    ("Đồng Phú", "a\\b", 3, 2**63 - 1, -2.5, None, None, "2020-01-01", None, None,
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
        return [row[0] for row in connection.execute(query.encode(), condition.params)]

    return matching


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
    "object": (ColumnType.TEXT, 'text COLLATE "C"'),
    "float64": (ColumnType.NUMBER, "double precision"),
    "int64": (ColumnType.INTEGER, "bigint"),
    "bool": (ColumnType.BOOLEAN, "boolean"),
    "datetime64[D]": (ColumnType.DATE, "date"),
    "datetime64[ms]": (ColumnType.TIMESTAMP, "timestamptz"),
}


def _load(connection: psycopg.Connection, package: Path, layer: str) -> dict[str, Name]:
    import pyogrio

    described = pyogrio.read_info(package, layer=layer)
    kinds = {str(name): _KINDS[str(kind)] for name, kind in zip(described["fields"], described["dtypes"], strict=True)}
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind[1])) for name, kind in kinds.items()
    )
    connection.execute(
        sql.SQL("CREATE TABLE {} ({}, geom geometry(Geometry, 4326))").format(sql.Identifier(layer), columns)
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("INSERT INTO {} VALUES ({})").format(
                sql.Identifier(layer), sql.SQL(", ").join([sql.Placeholder()] * (len(kinds) + 1))
            ),
            _rows(package, layer),
        )
    return names_of({name: kind[0] for name, kind in kinds.items()} | {"geom": ColumnType.GEOMETRY})


def _rows(package: Path, layer: str) -> Iterator[tuple[object, ...]]:
    """Read rows as SQLite holds them; pyogrio gives a missing boolean as false."""
    import sqlite3
    from datetime import datetime

    import shapely

    def geometry(blob: bytes) -> str:
        envelope = (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
        return shapely.set_srid(shapely.from_wkb(blob[8 + envelope :]), 4326)

    with sqlite3.connect(f"file:{package}?mode=ro&immutable=1", uri=True) as database:
        names = [row[1] for row in database.execute(f'PRAGMA table_info("{layer}")')]
        kinds = {row[1]: row[2] for row in database.execute(f'PRAGMA table_info("{layer}")')}
        for row in database.execute(f'SELECT * FROM "{layer}"'):
            held = dict(zip(names, row, strict=True))
            shape = shapely.to_wkb(geometry(held.pop("geom")), hex=True, include_srid=True)
            held.pop(names[0])
            yield *(bool(v) if v is not None and kinds[k] == "BOOLEAN" else v for k, v in held.items()), shape
    _ = datetime
