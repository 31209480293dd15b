"""What rows tell together, and beside what is stored: rules on whole sets of staged rows."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

import shapely
from psycopg import sql

from loader.staging import QUERIES, Db, Key, Reference, Table, keep, run, stream, trusted
from quality.keys import duplicate_words, reference_words, stored_words
from quality.rules import (
    DUPLICATE_KEY,
    OUTSIDE_UNIT,
    OVERLAP,
    OVERLAP_STORED,
    REFUSED,
    STORED_KEY,
    UNKNOWN_REFERENCE,
    Finding,
)
from quality.shapes import outside_many_words, outside_words, overlap_words

type Parts = Mapping[str, sql.Composable]
type Row = tuple[Any, ...]

_STORED: Final = """
SELECT dong, khoa, {words}
FROM (SELECT * FROM nap WHERE NOT hong AND {staged}) s
JOIN (SELECT {columns} FROM {table} WHERE {covers}) t USING ({columns})"""
_REFERRING: Final = """
SELECT s.dong, s.khoa, concat_ws(', ', {columns})
FROM nap s
WHERE NOT s.hong AND {present}
  AND NOT EXISTS (SELECT FROM {table} t WHERE ({wanted}) = ({columns}))
  AND NOT ({own} AND EXISTS (SELECT FROM nap t WHERE NOT t.hong AND ({staged}) = ({columns})))"""
_OVERLAPS_STORED: Final = """
SELECT s.dong, s.khoa, t.id::text, ST_Area(x), ST_AsBinary(x)
FROM nap s
JOIN (SELECT * FROM {table} WHERE {live}) t ON t.{lonlat} && hc.doi_toa_do(s.hinh, 4326)
CROSS JOIN LATERAL ST_Intersection(hc.doi_toa_do(t.{geometry}, {srid}), s.hinh) x
WHERE NOT s.hong AND ST_Area(x) > {least}"""
_SHARED_KEYS: Final = """
SELECT dong, khoa, {which}, dau, {words}, NULL::float8, NULL::bytea
FROM (SELECT dong, khoa, {columns}, min(dong) OVER k AS dau, count(*) OVER k AS so
      FROM nap
      WHERE NOT hong AND {present} AND {staged}
      WINDOW k AS (PARTITION BY {columns})) s
WHERE so > 1"""


def check_constraints(connection: Db, table: Table, srid: int) -> None:
    """Find rows that a CHECK constraint of the table refuses."""
    for name, expression in table.checks:
        statement = sql.SQL("SELECT dong, khoa FROM nap WHERE NOT hong AND NOT ({})")
        found = stream(connection, statement.format(sql.SQL(trusted(expression))))
        vi, en = f"Vi phạm ràng buộc {name} của bảng.", f"Constraint {name} of the table refuses it."
        keep(connection, (Finding(REFUSED, row, key, None, vi, en) for row, key in found), srid)


def check_stored_keys(connection: Db, table: Table, srid: int) -> None:
    """Find rows whose key is stored."""
    for key in table.keys:
        found = stream(connection, sql.SQL(_STORED).format(**_key_parts(key), table=table.identifier))
        keep(
            connection, (Finding(STORED_KEY, row, name, None, *stored_words(words)) for row, name, words in found), srid
        )


def check_references(connection: Db, table: Table, srid: int) -> None:
    """Find rows that refer to what is neither stored nor, in a table that refers to itself, in the file."""
    for reference in table.references:
        keep(connection, _dangling(connection, reference), srid)


def follow_references(connection: Db, table: Table, srid: int) -> None:
    """Find rows that refer to rejected rows of the file, and rows that refer to those, until there are no more."""
    own = [reference for reference in table.references if reference.own]
    while found := [finding for each in own for finding in _dangling(connection, each)]:
        keep(connection, found, srid)
        run(connection, "mark_bad")


def _dangling(connection: Db, reference: Reference) -> Iterator[Finding]:
    columns = [sql.Identifier("s", name) for name in reference.columns]
    parts: Parts = {
        "columns": sql.SQL(", ").join(columns),
        "present": sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(each) for each in columns),
        "table": sql.Identifier(reference.schema, reference.name),
        "wanted": sql.SQL(", ").join(sql.Identifier("t", name) for name in reference.wanted),
        "staged": sql.SQL(", ").join(sql.Identifier("t", name) for name in reference.wanted)
        if reference.own
        else sql.SQL("NULL"),
        "own": sql.Literal(reference.own),
    }
    for row, key, value in stream(connection, sql.SQL(_REFERRING).format(**parts)):
        column = ", ".join(reference.columns)
        vi, en = reference_words(column, value, f"{reference.schema}.{reference.name}")
        yield Finding(UNKNOWN_REFERENCE, row, key, column, vi, en)


def check_communes(connection: Db, *, tolerance_m: float, srid: int, summary: bool) -> None:
    """Find rows that leave their commune by more than a distance.

    Args:
        summary: one finding on the file in place of one a row.
    """
    run(connection, "create_communes", {"srid": srid, "tolerance": tolerance_m})
    if summary:
        ((count, examples),) = run(connection, "outside_many")
        if count:
            vi, en = outside_many_words(count, examples)
            keep(connection, [Finding(OUTSIDE_UNIT, 0, "", "ma_xa", vi, en)], srid)
        return
    found = stream(connection, sql.SQL(trusted(QUERIES["outside"])))
    keep(connection, (_outside(*row) for row in found), srid)


def _outside(row: int, key: str, code: str, beyond: float, whole: float, shape: bytes) -> Finding:
    vi, en = outside_words(code, beyond, whole)
    return Finding(OUTSIDE_UNIT, row, key, "ma_xa", vi, en, shapely.from_wkb(shape))


def check_overlaps_stored(connection: Db, table: Table, *, least_m2: float, lonlat: str, srid: int) -> None:
    """Find rows that overlap a row in force of the table."""
    statement = sql.SQL(_OVERLAPS_STORED).format(
        table=table.identifier,
        live=sql.SQL(trusted(table.live)),
        lonlat=sql.Identifier(lonlat),
        geometry=sql.Identifier(table.geometry or lonlat),
        srid=sql.Literal(srid),
        least=sql.Literal(least_m2),
    )
    keep(connection, (_overlap_stored(*row) for row in stream(connection, statement)), srid)


def _overlap_stored(row: int, key: str, other: str, area: float, shape: bytes) -> Finding:
    vi, en = overlap_words(area, other, None)
    return Finding(OVERLAP_STORED, row, key, None, vi, en, shapely.from_wkb(shape))


def check_rivals(connection: Db, table: Table, *, least_m2: float | None, srid: int) -> None:
    """Find rows that an earlier row of the file shuts out, by its key or by its place.

    Only a row that stays itself shuts others out: rows that other rules reject are marked before.

    Args:
        least_m2: overlaps above this area; ``None`` looks at keys alone.
    """
    parts = [
        sql.SQL(_SHARED_KEYS).format(**_key_parts(key), which=sql.Literal(number))
        for number, key in enumerate(table.keys, start=1)
    ]
    parts += [] if least_m2 is None else [sql.SQL(trusted(QUERIES["overlaps"]))]
    if parts:
        statement = sql.SQL("{} ORDER BY 1, 3, 4").format(sql.SQL(" UNION ALL ").join(parts))
        keep(connection, shut_out(stream(connection, statement, {"least": least_m2})), srid)


def shut_out(rows: Iterator[Row]) -> Iterator[Finding]:
    """Yield what shuts each row out.

    Args:
        rows: (position, key in words, number of the key or 0 for an overlap, first row with that key or the other row
            of the overlap, in words the key that is shared or that of the other row, area, shape), by position.
    """
    gone = set[int]()
    first_kept = dict[tuple[int, int], int]()
    for number, rivals in groupby(rows, key=lambda row: int(row[0])):
        meetings = list(rivals)
        found = [finding for row in meetings if (finding := _shut_out(row, gone, first_kept))]
        yield from found
        if found:
            gone.add(number)
        else:
            first_kept |= {(row[2], row[3]): first_kept.get((row[2], row[3]), number) for row in meetings if row[2]}


def _shut_out(row: Row, gone: set[int], first_kept: Mapping[tuple[int, int], int]) -> Finding | None:
    number, key, which, other, words, area, shape = row
    if which:
        kept = first_kept.get((which, other))
        return None if kept is None else Finding(DUPLICATE_KEY, number, key, None, *duplicate_words(words, kept))
    if other in gone:
        return None
    return Finding(OVERLAP, number, key, None, *overlap_words(area, words, other), shapely.from_wkb(shape))


def _key_parts(key: Key) -> dict[str, sql.Composable]:
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, key.columns)),
        "words": sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(map(_worded, key.columns))),
        "present": sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(c)) for c in key.columns),
        "covers": sql.SQL(trusted(key.covers)),
        "staged": sql.SQL(trusted(key.staged)),
    }


def _worded(column: str) -> sql.Composable:
    """Return the SQL of a column with its name; a commune is told by its code."""
    if column == "xa_id":
        return sql.SQL("'ma_xa ' || (SELECT d.ma FROM hc.don_vi d WHERE d.id = s.xa_id)")
    return sql.SQL("{} || {}::text").format(sql.Literal(f"{column} "), sql.Identifier(column))
