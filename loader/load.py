"""Load one file into one layer: stage, validate, write all or nothing, in one transaction."""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
import psycopg
from psycopg import sql
from pyogrio.errors import DataSourceError

from core.errors import LoadRefused
from loader import sets, staging
from loader.files import Chunk, Source, fingerprint, open_source, read_chunks
from loader.mapping import read_columns
from loader.plan import CHUNK, QUERIES, Order, Plan, make_plan, shapes_of
from loader.rows import check_rows, key_words, lost_shapes
from loader.staging import Db
from loader.survey import check_file, check_shift
from quality.coordinates import is_known
from quality.encodings import Encoding
from quality.rules import MISSING_VALUE, Batch, Finding, Rule, Severity, Values

_log = logging.getLogger("datdai.load")


class Result(StrEnum):
    """How a load ended."""

    WRITTEN = "written"
    REFUSED = "refused"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a load ended, in numbers.

    Args:
        source_srid: that the file states or the order says, ``None`` for a layer without geometry.
        srid: that the geometries are written in, ``None`` for a layer without geometry.
        load_id: of ``lg.dot_nap``, ``None`` where nothing was written.
        encodings: legacy encodings that were converted, by column of the file.
    """

    result: Result
    layer: str
    file: str
    source_srid: int | None
    srid: int | None
    day: date
    read: int
    written: int
    rejected: int
    by_rule: tuple[tuple[Rule, int], ...]
    encodings: Mapping[str, Encoding]
    load_id: str | None


class Report(Protocol):
    """Writes what a load found.

    ``write`` is called while the staging tables stand, then ``finish`` when the load has ended or ``discard`` when
    it failed.
    """

    def write(self, connection: Db, outcome: Outcome) -> None: ...
    def finish(self) -> None: ...
    def discard(self) -> None: ...


def load(
    connection: Db,
    order: Order,
    *,
    started: datetime,
    progress: Callable[[int], object] = lambda _: None,
    reports: Sequence[Report] = (),
) -> Outcome:
    """Load a file; either everything is as the outcome says, or nothing was changed.

    Args:
        connection: idle, of an account that may take on the loader role or that may write the layer.
        progress: told the number of rows after each chunk.

    Raises:
        LoadRefused: the file, its mapping or its coordinates do not fit, or the database refused a row.
    """
    source = source_of(order)
    with _reported(reports), connection.transaction() as transaction:
        outcome = _load(connection, order, source, started, progress)
        for report in reports:
            report.write(connection, outcome)
        if outcome.result is not Result.WRITTEN:
            raise psycopg.Rollback(transaction)
    if outcome.result is Result.WRITTEN:
        _fold_log(connection)
    return outcome


def source_of(order: Order) -> Source:
    """Return the layer of the file that is meant.

    Raises:
        LoadRefused: there is no such file or layer, or the coordinate system that was said is not known.
    """
    if order.srid is not None and not is_known(order.srid):
        raise LoadRefused(
            f"--srid {order.srid} is no plane or geographic coordinate system; take the EPSG number of one, for example"
            " 9212 or another plane of VN-2000, 4756 (VN-2000 in degrees) or 4326 (WGS 84)."
        )
    wanted = (order.source_layer,) if order.source_layer else (*order.mapping.source_layers, order.layer.table)
    source = open_source(order.file, wanted)
    if order.source_layer and order.source_layer.lower() != source.layer.lower():
        raise LoadRefused(f"{order.file.name} has no layer {order.source_layer}; it has {source.layer} alone.")
    return source


def _fold_log(connection: Db) -> None:
    """Fold the change log into the counts, so that they stay cheap; the load stands whether this works or not."""
    try:
        with connection.transaction():
            _become_loader(connection)
            connection.execute(QUERIES["fold_log"].encode())
    except psycopg.Error as error:
        _log.warning("the load is written, but counts were not folded: %s", error)


@contextmanager
def _reported(reports: Sequence[Report]) -> Generator[None]:
    """Finish the reports when the transaction has ended, discard them when it failed."""
    try:
        yield
    except BaseException as exc:
        for report in reports:
            report.discard()
        if refusal := _refusal(exc):
            raise refusal from exc
        raise
    for report in reports:
        report.finish()


def _refusal(error: BaseException) -> LoadRefused | None:
    """Return what the user is told of an error that his file or his order made; ``None`` for any other."""
    match error:
        case psycopg.errors.IntegrityError() | psycopg.errors.DataError() | psycopg.errors.InsufficientPrivilege():
            return LoadRefused(f"The database refused it; nothing was changed: {_reason(error)}")
        case psycopg.errors.InternalError_():  # what PostGIS and PROJ raise
            return LoadRefused(f"The database cannot compute a geometry; nothing was changed: {_reason(error)}")
        case OSError() | DataSourceError():
            return LoadRefused(f"A report cannot be written; nothing was changed: {error}")
        case _:
            return None


def _load(
    connection: Db, order: Order, source: Source, started: datetime, progress: Callable[[int], object]
) -> Outcome:
    _become_loader(connection)
    plan, sample = make_plan(connection, order, source)
    surveyed = check_file(connection, plan, sample)
    staging.create(connection, plan.table)
    staging.add_findings(connection, surveyed, plan.given_srid)
    placed = not (_are_errors(surveyed) and any(len(lost_shapes(plan, shapes_of(plan, each))) for each in sample))
    for chunk in read_chunks(source, size=CHUNK):
        _stage(connection, plan, chunk, placed=placed)
        progress(len(chunk))
    _check_sets(connection, plan)
    return _finish(connection, plan, started)


def _finish(connection: Db, plan: Plan, started: datetime) -> Outcome:
    order = plan.order
    read, bad = staging.counts(connection)
    wanted = not staging.is_wrong_as_a_whole(connection) and (bad == 0 or (order.accept_valid and bad < read))
    result = Result.DRY_RUN if order.dry_run else Result.WRITTEN if wanted else Result.REFUSED
    good = staging.write(connection, plan.table) if wanted else 0  # a dry run too: the database has its own rules
    load_id = _record(connection, plan, started, read, good) if result is Result.WRITTEN else None
    return Outcome(
        result=result,
        layer=order.layer.id,
        file=order.file.name,
        source_srid=plan.source.srid if order.layer.geometry else None,
        srid=plan.srid if order.layer.geometry else None,
        day=plan.context.day,
        read=read,
        written=good,
        rejected=read - good,
        by_rule=tuple(staging.count_by_rule(connection)),
        encodings={name: each for name, each in plan.context.encodings.items() if each is not Encoding.UNICODE},
        load_id=load_id,
    )


def _record(connection: Db, plan: Plan, started: datetime, read: int, good: int) -> str:
    values = {
        "layer": plan.order.layer.id,
        "file": plan.order.file.name,
        "sha256": fingerprint(plan.order.file),
        "mapping": plan.order.mapping.name,
        "started": started,
        "read": read,
        "written": good,
        "rejected": read - good,
    }
    row = connection.execute(QUERIES["record"].encode(), values).fetchone()
    load_id = str(row[0]) if row else ""
    if good < read:
        staging.keep_rejects(connection, load_id)
    return load_id


def _become_loader(connection: Db) -> None:
    """Take on the loader role for the transaction; an account that is no member of it stays what it is."""
    row = connection.execute(QUERIES["loader_role"].encode()).fetchone()
    if row:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(row[0])))


def _stage(connection: Db, plan: Plan, chunk: Chunk, *, placed: bool) -> None:
    """Read one chunk, check what a row tells by itself, and put it into staging.

    Args:
        placed: take the geometries; without it the file as a whole is refused for their coordinates, of which nothing
            can be computed.
    """
    moved = Chunk(chunk.first, chunk.values, shapes_of(plan, chunk))
    values, unread = read_columns(moved, plan.origins, plan.targets, plan.context, codelist=plan.checks.codes)
    if plan.by_commune:
        values["xa_id"] = _objects([plan.units.get(code) for code in values["ma_xa"]])
    batch = Batch(
        rows=np.arange(chunk.first, chunk.first + len(chunk)),
        keys=key_words(plan, values, len(chunk)),
        values=values,
        shapes=moved.shapes if plan.order.layer.geometry and placed else None,
    )
    findings = _without_echoes(unread, check_rows(plan, batch), batch)
    bad = frozenset(each.row for each in findings if _is_error(each))
    staging.add_rows(
        connection,
        plan.table,
        first=chunk.first,
        values=[values[name] for name, _ in plan.table.columns],
        keys=batch.keys,
        bad=bad,
        shapes=moved.shapes if placed else np.full(len(chunk), None, object),
        srid=plan.given_srid,
    )
    staging.add_findings(connection, findings, plan.given_srid)
    staging.add_raw(connection, chunk, bad, plan.source.srid or 0)


def _check_sets(connection: Db, plan: Plan) -> None:
    """Check what rows tell together, and with what is stored.

    Rules that shut a row out for the sake of another one come last: a row that other rules reject shuts nobody out.
    """
    if plan.given_srid != plan.srid:
        staging.transform(connection, plan.srid)
    staging.index(connection)
    sets.check_constraints(connection, plan.table, plan.srid)
    sets.check_stored_keys(connection, plan.table, plan.srid)
    sets.check_references(connection, plan.table, plan.srid)
    staging.add_findings(connection, check_shift(connection, plan), plan.srid)
    staging.mark_bad(connection)
    least_m2 = _check_places(connection, plan)
    sets.check_rivals(connection, plan.table, least_m2=least_m2, srid=plan.srid)
    staging.mark_bad(connection)
    sets.follow_references(connection, plan.table, plan.srid)


def _check_places(connection: Db, plan: Plan) -> float | None:
    """Check rows against communes and stored rows; return the area above which rows may not overlap each other.

    In a file that lies elsewhere as a whole, one sentence says so for all rows, and overlaps mean nothing.
    """
    geometry, checks, srid = plan.order.layer.geometry, plan.checks, plan.srid
    if geometry is None:
        return None
    elsewhere = staging.is_wrong_as_a_whole(connection)
    if plan.by_commune and checks.outside_m is not None:
        sets.check_communes(connection, tolerance_m=checks.outside_m, srid=srid, summary=elsewhere)
    if checks.overlap_m2 is None or elsewhere:
        return None
    lonlat, least_m2 = geometry.lonlat, checks.overlap_m2
    sets.check_overlaps_stored(connection, plan.table, least_m2=least_m2, lonlat=lonlat, srid=srid)
    staging.mark_bad(connection)
    return least_m2


def _without_echoes(unread: Sequence[Finding], found: Sequence[Finding], batch: Batch) -> list[Finding]:
    """Return all findings; a value that could not be read is not reported as missing once more."""
    places = {(each.row, each.column) for each in unread}
    first = int(batch.rows[0])
    return [
        *(replace(each, key=batch.keys[each.row - first]) for each in unread),
        *(each for each in found if each.rule is not MISSING_VALUE or (each.row, each.column) not in places),
    ]


def _are_errors(findings: Sequence[Finding]) -> bool:
    return any(map(_is_error, findings))


def _is_error(finding: Finding) -> bool:
    return finding.rule.severity is Severity.ERROR


def _objects(values: Sequence[object]) -> Values:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _reason(error: psycopg.Error) -> str:
    """Return what the database says, without the values of rows."""
    return error.diag.message_primary or type(error).__name__
