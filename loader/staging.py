"""The staging tables of one load: temporary, gone with the transaction, so a load that is killed leaves nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from loader.files import Chunk
from quality.keys import duplicate_words
from quality.rules import (
    DUPLICATE_KEY,
    OUTSIDE_UNIT,
    OVERLAP,
    OVERLAP_STORED,
    REFUSED,
    RULES,
    STORED_KEY,
    Finding,
    Rule,
    Severity,
    Values,
)
from quality.shapes import outside_words, overlap_words

type Db = Connection[tuple[Any, ...]]

_STREAMED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Key:
    """A unique key of the table.

    Args:
        covers: SQL condition on the rows of the table that it covers ("true": all).
        staged: the same for staged rows, which may lack the column of the end of validity.
    """

    columns: tuple[str, ...]
    covers: str
    staged: str


@dataclass(frozen=True, slots=True)
class Table:
    """The table that a load writes, as the database describes it.

    Args:
        columns: (name, type) of the columns that the load fills, without the geometry.
        geometry: column of the surveyed geometry, ``None`` for a table without one.
        checks: (name, SQL expression) of CHECK constraints on the columns that the load fills.
        live: SQL condition on the rows in force ("true": all).
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    geometry: str | None
    keys: tuple[Key, ...]
    checks: tuple[tuple[str, str], ...]
    live: str

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def filled(self) -> tuple[str, ...]:
        """Return the names of all columns that the load fills."""
        names = tuple(name for name, _ in self.columns)
        return names if self.geometry is None else (*names, self.geometry)


def create(connection: Db, table: Table) -> None:
    """Make the temporary tables: rows, findings, and what rejected rows held in the file."""
    columns = sql.SQL("").join(
        sql.SQL(", {} {}").format(sql.Identifier(name), sql.SQL(_trusted(kind))) for name, kind in table.columns
    )
    connection.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE nap (dong bigint NOT NULL, hong boolean NOT NULL, khoa text NOT NULL{},"
            " hinh geometry) ON COMMIT DROP"
        ).format(columns)
    )
    connection.execute(
        "CREATE TEMPORARY TABLE nap_loi (dong bigint NOT NULL, ma text NOT NULL, loi boolean NOT NULL,"
        " khoa text NOT NULL, cot text, vi text NOT NULL, en text NOT NULL, hinh geometry) ON COMMIT DROP"
    )
    connection.execute(
        "CREATE TEMPORARY TABLE nap_tho (dong bigint NOT NULL, gia_tri jsonb NOT NULL, hinh geometry) ON COMMIT DROP"
    )


def add_rows(
    connection: Db,
    table: Table,
    *,
    first: int,
    values: Sequence[Values],
    keys: Sequence[str],
    bad: frozenset[int],
    shapes: Values,
    srid: int,
) -> None:
    """Copy rows into staging; ``bad`` are the positions of rows with an error, whose geometry stays out."""
    rows = range(first, first + len(keys))
    sound = shapes.copy()
    sound[[row in bad for row in rows]] = None
    wkb = _wkb(sound, srid)
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in table.columns)
    statement = sql.SQL("COPY nap (dong, hong, khoa, {}, hinh) FROM STDIN").format(names)
    with connection.cursor().copy(statement) as copy:
        for i, row in enumerate(rows):
            copy.write_row((row, row in bad, keys[i], *(column[i] for column in values), wkb[i]))


def add_findings(connection: Db, findings: Iterable[Finding], srid: int) -> None:
    """Copy findings into staging."""
    listed = list(findings)
    if not listed:
        return
    wkb = _wkb(_geometries(listed), srid)
    with connection.cursor().copy("COPY nap_loi (dong, ma, loi, khoa, cot, vi, en, hinh) FROM STDIN") as copy:
        for each, hinh in zip(listed, wkb, strict=True):
            error = each.rule.severity is Severity.ERROR
            copy.write_row((each.row, each.rule.code, error, each.key, each.column, each.vi, each.en, hinh))


def add_raw(connection: Db, chunk: Chunk, bad: frozenset[int], srid: int) -> None:
    """Keep what the rows with an error held in the file."""
    positions = sorted(row - chunk.first for row in bad)
    if not positions:
        return
    wkb = _wkb(chunk.shapes[positions], srid)
    with connection.cursor().copy("COPY nap_tho (dong, gia_tri, hinh) FROM STDIN") as copy:
        for i, hinh in zip(positions, wkb, strict=True):
            raw = {name: _plain(column[i]) for name, column in chunk.values.items()}
            copy.write_row((chunk.first + i, Jsonb(raw), hinh))


def transform(connection: Db, srid: int) -> None:
    """Bring all geometries into one system by the one coordinate operation of the database."""
    connection.execute("UPDATE nap SET hinh = hc.doi_toa_do(hinh, %s) WHERE hinh IS NOT NULL", [srid])


def index(connection: Db) -> None:
    """Prepare staging for the rules on sets of rows."""
    connection.execute("CREATE INDEX ON nap (dong)")
    connection.execute("CREATE INDEX ON nap USING gist (hinh)")
    connection.execute("ANALYZE nap")


def check_keys(connection: Db, table: Table, srid: int) -> None:
    """Find keys that occur twice in the file, or are stored."""
    for key in table.keys:
        columns = sql.SQL(", ").join(sql.Identifier(c) for c in key.columns)
        present = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(c)) for c in key.columns)
        covers, staged = sql.SQL(_trusted(key.covers)), sql.SQL(_trusted(key.staged))
        parts: dict[str, sql.Composable] = {
            "columns": columns,
            "present": present,
            "covers": covers,
            "staged": staged,
            "table": table.identifier,
        }
        _keep(connection, _duplicates(connection, parts), srid)
        _keep(connection, _stored(connection, parts), srid)


def _duplicates(connection: Db, parts: dict[str, sql.Composable]) -> Iterator[Finding]:
    statement = """
        SELECT dong, khoa, dau FROM (
            SELECT dong, khoa, first_value(dong) OVER (PARTITION BY {columns} ORDER BY dong) AS dau
            FROM nap WHERE NOT hong AND {present} AND {staged}) s
        WHERE dong <> dau"""
    for row, key, first in _rows(connection, statement, parts):
        vi, en = duplicate_words(key, first)
        yield Finding(DUPLICATE_KEY, row, key, None, vi, en)


def _stored(connection: Db, parts: dict[str, sql.Composable]) -> Iterator[Finding]:
    statement = """
        SELECT dong, khoa FROM (SELECT * FROM nap WHERE NOT hong AND {staged}) s
        JOIN (SELECT {columns} FROM {table} WHERE {covers}) t USING ({columns})"""
    for row, key in _rows(connection, statement, parts):
        yield Finding(STORED_KEY, row, key, None, f"Đã có: {key}.", f"Stored already: {key}.")


def check_constraints(connection: Db, table: Table, srid: int) -> None:
    """Find rows that a CHECK constraint of the table refuses."""
    for name, expression in table.checks:
        parts: dict[str, sql.Composable] = {"check": sql.SQL(_trusted(expression))}
        found = _rows(connection, "SELECT dong, khoa FROM nap WHERE NOT hong AND NOT ({check})", parts)
        vi, en = f"Vi phạm ràng buộc {name} của bảng.", f"Constraint {name} of the table refuses it."
        _keep(connection, (Finding(REFUSED, row, key, None, vi, en) for row, key in found), srid)


def check_communes(connection: Db, *, tolerance_m: float, srid: int) -> None:
    """Find rows that leave their commune by more than a distance."""
    connection.execute(
        "CREATE TEMPORARY TABLE nap_xa ON COMMIT DROP AS"
        " SELECT id, ma, ST_Buffer(hc.doi_toa_do(geom_goc, %s), %s) AS rong FROM hc.don_vi"
        " WHERE id IN (SELECT xa_id FROM nap)",
        [srid, tolerance_m],
    )
    statement = """
        SELECT s.dong, s.khoa, x.ma, ST_Area(d), ST_Area(s.hinh), ST_AsBinary(d)
        FROM nap s JOIN nap_xa x ON x.id = s.xa_id CROSS JOIN LATERAL ST_Difference(s.hinh, x.rong) d
        WHERE NOT s.hong AND NOT ST_Covers(x.rong, s.hinh)"""
    _keep(connection, (_outside(*row) for row in _rows(connection, statement, {})), srid)


def _outside(row: int, key: str, code: str, beyond: float, whole: float, shape: bytes) -> Finding:
    vi, en = outside_words(code, beyond, whole)
    return Finding(OUTSIDE_UNIT, row, key, "ma_xa", vi, en, shapely.from_wkb(shape))


def check_overlaps(connection: Db, table: Table, *, least_m2: float, lonlat: str, srid: int) -> None:
    """Find rows that overlap an earlier row of the file, or a row in force of the table."""
    parts: dict[str, sql.Composable] = {"least": sql.Literal(least_m2)}
    within = """
        SELECT b.dong, b.khoa, a.khoa, a.dong, ST_Area(x), ST_AsBinary(x)
        FROM nap a JOIN nap b ON a.hinh && b.hinh AND a.dong < b.dong AND ST_Relate(a.hinh, b.hinh, '2********')
        CROSS JOIN LATERAL ST_Intersection(a.hinh, b.hinh) x
        WHERE NOT a.hong AND NOT b.hong AND ST_Area(x) > {least}"""
    _keep(connection, (_overlap(OVERLAP, *row) for row in _rows(connection, within, parts)), srid)
    stored = """
        SELECT s.dong, s.khoa, t.id::text, NULL::bigint, ST_Area(x), ST_AsBinary(x)
        FROM nap s JOIN (SELECT * FROM {table} WHERE {live}) t ON t.{lonlat} && hc.doi_toa_do(s.hinh, 4326)
        CROSS JOIN LATERAL ST_Intersection(hc.doi_toa_do(t.{geometry}, {srid}), s.hinh) x
        WHERE NOT s.hong AND ST_Area(x) > {least}"""
    parts |= {
        "table": table.identifier,
        "live": sql.SQL(_trusted(table.live)),
        "lonlat": sql.Identifier(lonlat),
        "geometry": sql.Identifier(table.geometry or lonlat),
        "srid": sql.Literal(srid),
    }
    _keep(connection, (_overlap(OVERLAP_STORED, *row) for row in _rows(connection, stored, parts)), srid)


def _overlap(rule: Rule, row: int, key: str, other: str, other_row: int | None, area: float, shape: bytes) -> Finding:
    vi, en = overlap_words(area, other, other_row)
    return Finding(rule, row, key, None, vi, en, shapely.from_wkb(shape))


def mark_bad(connection: Db) -> None:
    """Mark the rows that have an error by now."""
    connection.execute(
        "UPDATE nap s SET hong = true FROM (SELECT DISTINCT dong FROM nap_loi WHERE loi) l"
        " WHERE l.dong = s.dong AND NOT s.hong"
    )


def write(connection: Db, table: Table) -> int:
    """Insert the good rows into the table; return how many."""
    into = [sql.Identifier(name) for name in table.filled]
    values = [*(sql.Identifier(name) for name, _ in table.columns)]
    values += [] if table.geometry is None else [sql.Identifier("hinh")]
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM nap WHERE NOT hong ORDER BY dong").format(
        table.identifier, sql.SQL(", ").join(into), sql.SQL(", ").join(values)
    )
    return connection.execute(statement).rowcount


def counts(connection: Db) -> tuple[int, int]:
    """Return (rows read, rows with an error)."""
    row = connection.execute("SELECT count(*), count(*) FILTER (WHERE hong) FROM nap").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def count_by_rule(connection: Db) -> list[tuple[Rule, int]]:
    """Return how many findings each rule has, by code."""
    found = connection.execute("SELECT ma, count(*) FROM nap_loi GROUP BY ma ORDER BY ma").fetchall()
    return [(RULES[code], int(count)) for code, count in found]


def findings(connection: Db, *, errors_first: bool = False) -> Iterator[Finding]:
    """Yield all findings by row; memory holds some thousands at a time."""
    statement = "SELECT dong, ma, khoa, cot, vi, en, ST_AsBinary(hinh) FROM nap_loi ORDER BY {order}"
    parts: dict[str, sql.Composable] = {"order": sql.SQL("NOT loi, dong, ma" if errors_first else "dong, ma")}
    for row, code, key, column, vi, en, shape in _rows(connection, statement, parts):
        yield Finding(RULES[code], row, key, column, vi, en, shapely.from_wkb(shape))


REJECTS: Final[LiteralString] = """
    SELECT s.dong, (SELECT array_agg(DISTINCT l.ma ORDER BY l.ma) FROM nap_loi l WHERE l.dong = s.dong AND l.loi),
           coalesce(r.gia_tri, to_jsonb(s) - ARRAY['dong', 'hong', 'khoa', 'hinh']), coalesce(r.hinh, s.hinh)
    FROM nap s LEFT JOIN nap_tho r ON r.dong = s.dong
    WHERE s.hong"""
"""Rejected rows: position, codes, values (of the file where they were kept), geometry."""


def keep_rejects(connection: Db, load_id: str) -> None:
    """Store the rejected rows with the load."""
    connection.execute("CREATE INDEX ON nap_loi (dong)")
    connection.execute("CREATE INDEX ON nap_tho (dong)")
    connection.execute(
        sql.SQL("INSERT INTO lg.tu_choi (dot_nap_id, dong, ma_loi, gia_tri, geom) SELECT {}, r.* FROM ({}) r").format(
            sql.Literal(load_id), sql.SQL(REJECTS)
        )
    )


def rejects(connection: Db) -> Iterator[tuple[int, list[str], dict[str, object], bytes | None]]:
    """Yield (position, codes, values, geometry as EWKB) of the rejected rows, by position."""
    statement = f"SELECT a, b, c, ST_AsEWKB(d) FROM ({REJECTS}) AS r (a, b, c, d) ORDER BY a"  # noqa: S608
    yield from _rows(connection, statement, {})


def _keep(connection: Db, found: Iterator[Finding], srid: int) -> None:
    """Store findings that a query yields, without holding all of them."""
    for part in batched(found, _STREAMED):
        add_findings(connection, part, srid)


def _rows(connection: Db, statement: LiteralString, parts: dict[str, sql.Composable]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query through a cursor of the database; other statements may run in between."""
    with connection.cursor(name="nap_doc") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(sql.SQL(statement).format(**parts))
        yield from cursor


def _trusted(text: str) -> LiteralString:
    """Pass text of the database's own catalogue (types, constraints, index conditions) into a statement."""
    return text  # pyright: ignore[reportReturnType]


def _wkb(shapes: Values, srid: int) -> Values:
    return shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True).astype(object)


def _geometries(listed: Sequence[Finding]) -> Values:
    array = np.empty(len(listed), object)
    array[:] = [each.geometry for each in listed]
    return array


def _plain(value: object) -> object:
    """Return a value that JSON can hold; what it cannot is written as text."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
