"""Build the sample province in a migrated, empty database: all of it in one transaction, or nothing."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, sql

from core.errors import DatabaseError
from database.connections import connect
from database.indexes import put_back, set_aside
from database.queries import load
from loader import codelists
from loader.sample.dossiers import LEGAL_DAY
from loader.sample.filling import fill_all
from loader.sample.model import COLUMNS, Batch, Era, Task, packed
from loader.sample.progress import SILENT, Progress
from loader.sample.province import (
    HEAD_COLUMNS,
    TAIL_COLUMNS,
    UNIT_COLUMNS,
    Sums,
    head_rows,
    tail_rows,
    unit_rows,
)
from loader.sample.territory import Territory, build_territory
from loader.sample.units import Unit, Units, read_units

LOAD_NAME: Final = "tinh-mau"
"""``lg.dot_nap.lop`` of the row that the last statement of the load writes."""
PARCELS: Final = 20_000
"""In force, where nobody says how many."""
_CHUNK_BYTES: Final = 1 << 18
_KIND_WEIGHT: Final = {"Phường": 2.2, "Thị trấn": 1.8, "Xã": 1.0}
_QUERIES: Final = load("loader.sample", "building.sql")


@dataclass(frozen=True, slots=True)
class Summary:
    """What was built: parcels in force, and rows by table."""

    parcels: int
    rows: Mapping[str, int]


def built_as(connection: Connection[Any]) -> str | None:
    """Return what the sample province in a database was built from, as ``parcels=20000 seed=2025 era=before_reform``.

    None where there is no whole sample province; a load that was killed leaves nothing.
    """
    row = connection.execute(_QUERIES["built_as"].encode(), {"name": LOAD_NAME}).fetchone()
    return None if row is None else str(row[0])


def build(
    admin_dsn: str,
    *,
    parcels: int = PARCELS,
    seed: int = 2025,
    era: Era = "before_reform",
    progress: Progress = SILENT,
) -> Summary:
    """Fill a migrated, empty database with the sample province.

    Args:
        admin_dsn: connection string of the DBA.
        parcels: parcels in force; a few less where shapes do not allow a cut.
        seed: equal seeds and sizes give equal rows.
        era: the legal day and the units that rows belong to.
        progress: told how far the work is.

    Raises:
        DatabaseError: the database cannot be reached, or holds units already.
    """
    codelists.load(admin_dsn)
    units = read_units()
    territory = build_territory(units)
    with connect(admin_dsn, purpose="sample") as connection:
        _refuse_filled(connection)
        summary = _write(connection, units, territory, tasks(units, territory, parcels, seed, era), progress)
        _set_legal_day(connection, era)
        _mark(connection, f"parcels={parcels} seed={seed} era={era}", sum(summary.rows.values()))
    _tidy(admin_dsn, summary, progress)
    for table, rows in sorted(summary.rows.items()):
        progress.filled(table, rows)
    return summary


def _mark(connection: Connection[Any], made_from: str, rows: int) -> None:
    digest = hashlib.sha256(made_from.encode()).hexdigest()
    values = {"name": LOAD_NAME, "made_from": made_from, "sha256": digest, "rows": rows}
    connection.execute(_QUERIES["mark"].encode(), values)


def tasks(units: Units, territory: Territory, parcels: int, seed: int, era: Era) -> list[Task]:
    """Return what to fill, commune by commune; wards and towns are denser."""
    weights = [_weight(unit, territory) for unit in units.communes]
    shares = _shares(weights, parcels)
    names = units.province.name, units.new_province.name
    return [
        Task(
            unit=unit,
            owner=_owner(units, unit, era),
            district=next(d for d in units.districts if d.id == unit.parent_id),
            province_name=names[0 if era == "before_reform" else 1],
            number=number,
            rank=_rank(units, unit),
            parcels=share,
            seed=seed,
            era=era,
            shape=territory.shapes[unit.id],
            border_nodes=_nodes(units, territory, unit),
        )
        for number, (unit, share) in enumerate(zip(units.communes, shares, strict=True))
    ]


def _weight(unit: Unit, territory: Territory) -> float:
    return _KIND_WEIGHT[unit.kind] * (territory.shapes[unit.id].area / 60e6) ** 0.3


def _shares(weights: list[float], total: int) -> list[int]:
    ends = [round(total * sum(weights[: i + 1]) / sum(weights)) for i in range(len(weights))]
    return [max(1, end - start) for start, end in zip([0, *ends], ends, strict=False)]


def _owner(units: Units, unit: Unit, era: Era) -> Unit:
    if era == "before_reform":
        return unit
    return next(new for new in units.new_communes if new.id == units.successor[unit.id])


def _rank(units: Units, unit: Unit) -> int:
    return [old for old, new in units.successor.items() if new == units.successor[unit.id]].index(unit.id)


def _nodes(units: Units, territory: Territory, unit: Unit) -> tuple[tuple[float, float], ...]:
    """Return the border nodes that a commune marks: of the communes that meet there, the first one marks."""
    mine = set(map(tuple, territory.corners(unit.id)))
    earlier = {corner for other in units.communes if other.id < unit.id for corner in territory.corners(other.id)}
    return tuple(node for node in territory.nodes if node in mine and node not in earlier)


def _refuse_filled(connection: Connection[Any]) -> None:
    if connection.execute(_QUERIES["holds_units"].encode()).fetchone() == (True,):
        raise DatabaseError("The database holds administrative units already; the sample province needs an empty one.")


def _write(
    connection: Connection[Any], units: Units, territory: Territory, plan: list[Task], progress: Progress
) -> Summary:
    seed, era = plan[0].seed, plan[0].era
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    aside = set_aside(connection, ["hc.don_vi", *COLUMNS, *TAIL_COLUMNS])
    counts: Counter[str] = Counter()
    for rows in unit_rows(units, territory):
        _copy(connection, packed(rows), {"hc.don_vi": UNIT_COLUMNS}, counts)
    head, rows = head_rows(units, seed, era)
    _copy(connection, packed(rows), HEAD_COLUMNS, counts)
    sums = Sums()
    for number, (task, batch) in enumerate(zip(plan, fill_all(plan, head), strict=True), start=1):
        _copy(connection, batch, COLUMNS, counts)
        sums.take(task, batch)
        progress.reached("communes", number, len(plan))
    _copy(connection, packed(tail_rows(units, sums, seed, era)), TAIL_COLUMNS, counts)
    put_back(connection, aside, progress=lambda done, total: progress.reached("indexes", done, total))
    return Summary(_parcels_in_force(connection), counts)


def _copy(connection: Connection[Any], batch: Batch, columns: Mapping[str, str], counts: Counter[str]) -> None:
    for table, names in columns.items():
        count, text = batch.texts.get(table, (0, b""))
        if not count:
            continue
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, names.split()))
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(text), _CHUNK_BYTES):
                copy.write(text[start : start + _CHUNK_BYTES])
        counts[table] += count


def _parcels_in_force(connection: Connection[Any]) -> int:
    row = connection.execute(_QUERIES["parcels_in_force"].encode()).fetchone()
    return 0 if row is None else int(row[0])


def _set_legal_day(connection: Connection[Any], era: Era) -> None:
    connection.execute(_QUERIES["set_legal_day"].encode(), {"day": LEGAL_DAY[era]})
    connection.execute(_QUERIES["free_unit_ids"].encode())


def _tidy(admin_dsn: str, summary: Summary, progress: Progress) -> None:
    """Fold the log into the counts, and let the planner know the tables."""
    tables = sorted({*summary.rows, "lg.thay_doi"})
    with connect(admin_dsn, purpose="sample", autocommit=True) as connection:
        connection.execute(_QUERIES["fold_log"].encode())
        for number, table in enumerate(tables, start=1):
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(*table.split("."))))
            progress.reached("statistics", number, len(tables))
