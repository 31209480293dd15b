"""The staging tables of one load: temporary, gone with the transaction, so a load that is killed leaves nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from database.queries import load
from loader.files import Chunk
from quality.rules import RULES, Finding, Rule, Severity, Values

type Db = Connection[tuple[Any, ...]]

QUERIES: Final = load("loader", "staging.sql")
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
class Reference:
    """Columns that refer to a table.

    Args:
        wanted: the columns there, in the same order.
        own: the table itself is meant, and the load fills its wanted columns: rows may refer to each other.
    """

    columns: tuple[str, ...]
    schema: str
    name: str
    wanted: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The table that a load writes, as the database describes it.

    Args:
        columns: (name, type) of the columns that the load fills, without the geometry.
        geometry: column of the surveyed geometry, ``None`` for a table without one.
        checks: (name, SQL expression) of CHECK constraints on the columns that the load fills.
        references: foreign keys on the columns that the load fills.
        live: SQL condition on the rows in force ("true": all).
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    geometry: str | None
    keys: tuple[Key, ...]
    checks: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
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
        sql.SQL(", {} {}").format(sql.Identifier(name), sql.SQL(trusted(kind))) for name, kind in table.columns
    )
    connection.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE nap (dong bigint NOT NULL, hong boolean NOT NULL, khoa text NOT NULL{},"
            " hinh geometry) ON COMMIT DROP"
        ).format(columns)
    )
    run(connection, "create_findings")
    run(connection, "create_raw")


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
    with connection.cursor().copy(QUERIES["copy_findings"].encode()) as copy:
        for each, hinh in zip(listed, wkb, strict=True):
            error = each.rule.severity is Severity.ERROR
            copy.write_row((each.row, each.rule.code, error, each.key, each.column, each.vi, each.en, hinh))


def add_raw(connection: Db, chunk: Chunk, bad: frozenset[int], srid: int) -> None:
    """Keep what the rows with an error held in the file."""
    positions = sorted(row - chunk.first for row in bad)
    if not positions:
        return
    wkb = _wkb(chunk.shapes[positions], srid)
    with connection.cursor().copy(QUERIES["copy_raw"].encode()) as copy:
        for i, hinh in zip(positions, wkb, strict=True):
            raw = {name: _plain(column[i]) for name, column in chunk.values.items()}
            copy.write_row((chunk.first + i, Jsonb(raw), hinh))


def transform(connection: Db, srid: int) -> None:
    """Bring all geometries into one system by the one coordinate operation of the database."""
    run(connection, "transform", {"srid": srid})


def index(connection: Db) -> None:
    """Prepare staging for the rules on sets of rows."""
    connection.execute("CREATE INDEX ON nap (dong)")
    connection.execute("CREATE INDEX ON nap USING gist (hinh)")
    connection.execute("ANALYZE nap")


def mark_bad(connection: Db) -> None:
    """Mark the rows that have an error by now."""
    run(connection, "mark_bad")


def is_wrong_as_a_whole(connection: Db) -> bool:
    """Say whether an error is one of the file itself."""
    return run(connection, "wrong_as_a_whole") == [(True,)]


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
    ((read, bad),) = run(connection, "counts")
    return int(read), int(bad)


def count_by_rule(connection: Db) -> list[tuple[Rule, int]]:
    """Return how many findings each rule has, by code."""
    return [(RULES[code], int(count)) for code, count in run(connection, "count_by_rule")]


def findings(connection: Db) -> Iterator[Finding]:
    """Yield all findings by row; memory holds some thousands at a time."""
    return map(_finding, stream(connection, sql.SQL(trusted(QUERIES["findings"]))))


def examples(connection: Db, each: int) -> Iterator[Finding]:
    """Yield the first findings of each rule, errors before warnings."""
    return (_finding(row) for row in run(connection, "examples", {"each": each}))


def _finding(row: tuple[Any, ...]) -> Finding:
    number, code, key, column, vi, en, shape = row
    return Finding(RULES[code], number, key, column, vi, en, shapely.from_wkb(shape))


def keep_rejects(connection: Db, load_id: str) -> None:
    """Store the rejected rows with the load."""
    connection.execute("CREATE INDEX ON nap_loi (dong)")
    connection.execute("CREATE INDEX ON nap_tho (dong)")
    run(connection, "keep_rejects", {"load": load_id})


def rejects(connection: Db) -> Iterator[tuple[int, list[str], dict[str, object], bytes | None]]:
    """Yield (position, codes, values, geometry as EWKB) of the rejected rows, by position."""
    yield from stream(connection, sql.SQL(trusted(QUERIES["rejects"])))


def keep(connection: Db, found: Iterable[Finding], srid: int) -> None:
    """Store findings that a query yields, without holding all of them."""
    for part in batched(found, _STREAMED):
        add_findings(connection, part, srid)


def run(connection: Db, name: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """Run a query of ``staging.sql``; return its rows, none where it returns none."""
    cursor = connection.execute(QUERIES[name].encode(), values)
    return cursor.fetchall() if cursor.description else []


def stream(
    connection: Db, statement: sql.SQL | sql.Composed, values: Mapping[str, object] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query through a cursor of the database; other statements may run in between."""
    with connection.cursor(name="nap_doc") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(statement, values)
        yield from cursor


def trusted(text: str) -> LiteralString:
    """Pass text of our own files, or of the database's own catalogue (types, constraints), into a statement."""
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
