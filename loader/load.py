"""Load one file into one layer: stage, validate, write all or nothing, in one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import psycopg
import shapely
from psycopg import sql

from catalogue.layer import GeometryKind, Layer
from core.errors import LoadRefused
from loader import staging
from loader.files import Chunk, Source, fingerprint, middle_of, open_source, read_chunks
from loader.mapping import Checks, Context, LayerMapping, Origin, Placement, Reading, Target, origin_of, read_columns
from loader.placement import anchored, as_multi, in_metres, place
from loader.staging import Db, Key, Table
from quality.areas import AreaTolerance, check_areas
from quality.codes import Code, CodeList, check_codes
from quality.coordinates import Box, Degrees, OutOfArea, Plausible, Swapped, WrongZone, judge
from quality.encodings import Detection, Encoding, detect
from quality.rules import (
    AXES_SWAPPED,
    CONVERTED,
    DEGREES,
    OUT_OF_AREA,
    UNKNOWN_UNIT,
    WRONG_ZONE,
    Batch,
    Finding,
    Rule,
    Severity,
    Values,
)
from quality.shapes import check_shapes
from quality.values import check_required, check_residue
from quality.vn2000 import is_vn2000

CHUNK: Final = 10_000
_SURVEYED: Final = 5
"""Chunks that are looked at beforehand, for encodings and coordinates."""
_DERIVED: Final = frozenset({"ma_xa", "geom", "cap_nhat", "tim"})
_KINDS: Final = {
    GeometryKind.POINT: "Point",
    GeometryKind.MULTILINESTRING: "MultiLineString",
    GeometryKind.MULTIPOLYGON: "MultiPolygon",
}
_LEAST_CONFIDENCE: Final = 0.6
_MARGIN_DEGREES: Final = 0.02


class Result(StrEnum):
    """How a load ended."""

    WRITTEN = "written"
    REFUSED = "refused"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded, and how.

    Args:
        srid: EPSG number of the file, ``None`` to believe the file.
        day: date for commune codes and code lists, ``None`` for the legal day.
        encoding: of all text columns, ``None`` to find it out.
        accept_valid: write the good rows and keep the others with the load.
    """

    layer: Layer
    file: Path
    mapping: LayerMapping
    source_layer: str | None = None
    srid: int | None = None
    day: date | None = None
    encoding: Encoding | None = None
    accept_valid: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a load ended, in numbers.

    Args:
        load_id: of ``lg.dot_nap``, ``None`` where nothing was written.
        encodings: legacy encodings that were converted, by column of the file.
    """

    result: Result
    layer: str
    file: str
    srid: int
    day: date
    read: int
    written: int
    rejected: int
    by_rule: tuple[tuple[Rule, int], ...]
    encodings: Mapping[str, Encoding]
    load_id: str | None


class Report(Protocol):
    """Writes what a load found, while the staging tables still stand; ``finish`` follows when the load has ended."""

    def write(self, connection: Db, outcome: Outcome) -> None: ...
    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that is known before the first row is staged.

    Args:
        given_srid: of the geometries as they are staged; ``srid``: as they are written.
        units: communes in force by code.
    """

    order: Order
    source: Source
    table: Table
    targets: Mapping[str, Target]
    origins: Mapping[str, Origin]
    context: Context
    units: Mapping[str, int]
    given_srid: int
    srid: int
    placement: Placement | None

    @property
    def checks(self) -> Checks:
        return self.order.mapping.checks

    @property
    def by_commune(self) -> bool:
        return "xa_id" in self.targets and "ma_xa" in self.origins


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
    wanted = (order.source_layer,) if order.source_layer else (*order.mapping.source_layers, order.layer.table)
    source = open_source(order.file, wanted)
    try:
        with connection.transaction() as transaction:
            outcome = _load(connection, order, source, started, progress)
            for report in reports:
                report.write(connection, outcome)
            if outcome.result is not Result.WRITTEN:
                raise psycopg.Rollback(transaction)
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as exc:
        raise LoadRefused(f"The database refused it; nothing was changed: {_reason(exc)}") from exc
    for report in reports:
        report.finish()
    return outcome


def _load(
    connection: Db, order: Order, source: Source, started: datetime, progress: Callable[[int], object]
) -> Outcome:
    _become_loader(connection)
    plan, surveyed = _plan(connection, order, source)
    staging.create(connection, plan.table)
    staging.add_findings(connection, surveyed, plan.given_srid)
    for chunk in read_chunks(source, size=CHUNK):
        _stage(connection, plan, chunk)
        progress(len(chunk))
    _check_sets(connection, plan)
    return _finish(connection, plan, started, wrong_file=any(_is_error(each) for each in surveyed))


def _finish(connection: Db, plan: _Plan, started: datetime, *, wrong_file: bool) -> Outcome:
    order = plan.order
    read, bad = staging.counts(connection)
    wanted = not wrong_file and (bad == 0 or (order.accept_valid and bad < read))
    result = Result.DRY_RUN if order.dry_run else Result.WRITTEN if wanted else Result.REFUSED
    good = staging.write(connection, plan.table) if wanted else 0  # a dry run too: the database has its own rules
    load_id = _record(connection, plan, started, read, good) if result is Result.WRITTEN else None
    return Outcome(
        result=result,
        layer=order.layer.id,
        file=order.file.name,
        srid=plan.srid,
        day=plan.context.day,
        read=read,
        written=good,
        rejected=read - good,
        by_rule=tuple(staging.count_by_rule(connection)),
        encodings={name: each for name, each in plan.context.encodings.items() if each is not Encoding.UNICODE},
        load_id=load_id,
    )


def _record(connection: Db, plan: _Plan, started: datetime, read: int, good: int) -> str:
    row = connection.execute(
        "INSERT INTO lg.dot_nap (lop, tep, sha256, anh_xa, bat_dau, so_doc, so_nhan, so_tu_choi)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id::text",
        [
            plan.order.layer.id,
            plan.order.file.name,
            fingerprint(plan.order.file),
            plan.order.mapping.name,
            started,
            read,
            good,
            read - good,
        ],
    ).fetchone()
    load_id = str(row[0]) if row else ""
    if good < read:
        staging.keep_rejects(connection, load_id)
    return load_id


def _become_loader(connection: Db) -> None:
    """Take on the loader role for the transaction; an account that is no member of it stays what it is."""
    row = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = current_database() || '_loader'"
        " AND pg_has_role(session_user, oid, 'MEMBER')"
    ).fetchone()
    if row:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(row[0])))


# The plan.


def _plan(connection: Db, order: Order, source: Source) -> tuple[_Plan, list[Finding]]:
    """Return the plan, and what is wrong with the file as a whole."""
    day = order.day or _legal_day(connection)
    targets = _targets(connection, order.layer)
    origins = _origins(order.mapping, targets, source)
    _refuse_missing(order, targets, origins, source)
    sample = list(islice(read_chunks(source, size=CHUNK), _SURVEYED))
    detected = {} if order.encoding else _detect(sample)
    encodings = dict.fromkeys(source.fields, order.encoding) if order.encoding else _trusted(detected)
    context = Context(day, _codes(connection, order.layer, order.mapping), encodings)
    placement = order.mapping.placement
    stated = order.srid or source.srid
    if stated is None and order.layer.geometry:
        raise LoadRefused(f"{order.file.name} does not state its coordinate system; say it by --srid.")
    given = placement.srid if placement else (stated or 0)
    written = given if is_vn2000(given) or not order.layer.geometry else order.layer.geometry.stored_srid
    table = _table(connection, order.layer, targets, origins, transformed=given != written)
    plan = _Plan(
        order=order,
        source=replace(source, srid=stated),
        table=table,
        targets=targets,
        origins=origins,
        context=context,
        units=_units(connection, day),
        given_srid=given,
        srid=written,
        placement=placement and anchored(placement, middle_of(source), stated or 0),
    )
    return plan, [*_converted(encodings), *_judged(connection, plan, sample)]


def _legal_day(connection: Db) -> date:
    row = connection.execute("SELECT lg.hom_nay()").fetchone()
    if row is None:
        raise LoadRefused("The database has no legal day.")
    return row[0]


def _targets(connection: Db, layer: Layer) -> dict[str, Target]:
    """Return the columns of the table that a load may fill, as the database has them."""
    rows = connection.execute(
        "SELECT a.attname, t.typname, a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
        " ORDER BY a.attnum",
        [layer.qualified_table],
    ).fetchall()
    lists = {column.name: column.codelist for column in layer.columns}
    geometries = {layer.geometry.stored, layer.geometry.lonlat} if layer.geometry else set[str]()
    with_parcel = any(name == "thua_id" for name, _, _ in rows)  # the parcel tells the commune then
    return {
        name: Target(name, kind, required and not (name == "xa_id" and with_parcel), lists.get(name))
        for name, kind, required in rows
        if name not in geometries and name not in _DERIVED - {"ma_xa"}
    }


def _origins(mapping: LayerMapping, targets: Mapping[str, Target], source: Source) -> dict[str, Origin]:
    found = {name: origin_of(mapping, name, source.fields) for name in targets if name != "xa_id"}
    unknown = sorted(set(mapping.columns) - set(targets))
    if unknown:
        raise LoadRefused(f"The mapping {mapping.name} names columns that the layer lacks: {', '.join(unknown)}.")
    return {name: origin for name, origin in found.items() if origin is not None}


def _refuse_missing(order: Order, targets: Mapping[str, Target], origins: Mapping[str, Origin], source: Source) -> None:
    missing = [
        name
        for name, target in targets.items()
        if target.required and name not in origins and name not in ("ma_xa", "xa_id")
    ]
    if "xa_id" in targets and targets["xa_id"].required and "ma_xa" not in origins:
        missing.append("ma_xa")
    if missing:
        raise LoadRefused(
            f"{order.file.name} lacks what the layer {order.layer.id} requires: {', '.join(missing)}. "
            f"It has {', '.join(source.fields) or 'no columns'}; say them by a mapping or by --set."
        )


def _table(
    connection: Db,
    layer: Layer,
    targets: Mapping[str, Target],
    origins: Mapping[str, Origin],
    *,
    transformed: bool,
) -> Table:
    filled = [name for name in origins if name not in _DERIVED]
    filled += ["xa_id"] if "xa_id" in targets and "ma_xa" in origins else []
    kinds = {name: targets[name].type for name in filled}
    geometry = layer.geometry.stored if layer.geometry else None
    return Table(
        schema=layer.schema,
        name=layer.table,
        columns=tuple(kinds.items()),
        geometry=geometry,
        keys=tuple(_keys(connection, layer, frozenset(filled))),
        checks=tuple(_constraints(connection, layer, frozenset(filled), geometry if transformed else None)),
        live=f"{layer.time.end} IS NULL" if layer.time and layer.time.end else "true",
    )


def _keys(connection: Db, layer: Layer, filled: frozenset[str]) -> Iterator[Key]:
    """Yield the unique keys that consist of filled columns only."""
    rows = connection.execute(
        "SELECT array(SELECT a.attname::text FROM unnest(i.indkey) k JOIN pg_attribute a"
        "             ON a.attrelid = i.indrelid AND a.attnum = k),"
        "       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true')"
        " FROM pg_index i WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indexprs IS NULL"
        " ORDER BY i.indexrelid",
        [layer.qualified_table],
    ).fetchall()
    end = layer.time.end if layer.time else None
    for columns, covers in rows:
        if set(columns) <= filled:
            staged = covers if end is None or end in filled else covers.replace(end, "NULL::date")
            yield Key(tuple(columns), covers, staged)


def _constraints(
    connection: Db, layer: Layer, filled: frozenset[str], geometry: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the CHECK constraints on filled columns; those on the geometry where it is transformed."""
    rows = connection.execute(
        "SELECT c.conname, pg_get_expr(c.conbin, c.conrelid), array(SELECT a.attname::text FROM unnest(c.conkey) k"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k)"
        " FROM pg_constraint c WHERE c.conrelid = %s::regclass AND c.contype = 'c' ORDER BY c.conname",
        [layer.qualified_table],
    ).fetchall()
    for name, expression, columns in rows:
        if set(columns) <= filled:
            yield name, expression
        elif geometry and columns == [geometry]:
            yield name, expression.replace(geometry, "hinh")


def _codes(connection: Db, layer: Layer, mapping: LayerMapping) -> dict[str, CodeList]:
    names = {column.codelist for column in layer.columns if column.codelist} | {mapping.checks.codes or ""}
    rows = connection.execute(
        "SELECT danh_muc, ma, he_ma, ma_cha, hieu_luc_tu, hieu_luc_den FROM dm.muc"
        " WHERE danh_muc = ANY (%s) ORDER BY danh_muc, ma, hieu_luc_tu",
        [sorted(names)],
    ).fetchall()
    parents = {(name, system, code): parent for name, code, system, parent, _, _ in rows}
    lists: dict[str, dict[str, tuple[Code, ...]]] = {}
    for name, code, system, _, since, until in rows:
        top = code
        while above := parents.get((name, system, top)):
            top = above
        known = lists.setdefault(name, {})
        known[code] = (*known.get(code, ()), Code(code, system, top, since, until))
    return dict(lists)


def _units(connection: Db, day: date) -> dict[str, int]:
    """Return the units in force on a day, by code; codes were re-used, so never without a day."""
    rows = connection.execute(
        "SELECT ma, id FROM hc.don_vi WHERE hieu_luc_tu <= %(day)s"
        " AND (hieu_luc_den IS NULL OR hieu_luc_den > %(day)s)",
        {"day": day},
    ).fetchall()
    return {code: int(unit) for code, unit in rows}


# The file as a whole.


def _detect(sample: Sequence[Chunk]) -> dict[str, Detection]:
    names = sample[0].values if sample else {}
    texts = {
        name: [v for chunk in sample for v in chunk.values[name] if isinstance(v, str) and not v.isascii()]
        for name in names
    }
    return {name: detect(dict.fromkeys(values)) for name, values in texts.items() if values}


def _trusted(detected: Mapping[str, Detection]) -> dict[str, Encoding]:
    """Return the encodings that are sure enough, alone or because other columns of the file agree."""
    votes = [each.encoding for each in detected.values() if each.confidence >= _LEAST_CONFIDENCE]
    return {
        name: each.encoding
        for name, each in detected.items()
        if each.confidence >= _LEAST_CONFIDENCE or (each.words and each.encoding in votes)
    }


def _converted(encodings: Mapping[str, Encoding]) -> Iterator[Finding]:
    for name, encoding in encodings.items():
        if encoding is not Encoding.UNICODE:
            yield Finding(
                CONVERTED,
                0,
                "",
                name,
                f"Cột «{name}» dùng bảng mã {encoding}, đã chuyển sang Unicode.",
                f"Column “{name}” was {encoding} and is Unicode now.",
            )


def _judged(connection: Db, plan: _Plan, sample: Sequence[Chunk]) -> Iterator[Finding]:
    """Yield what is wrong with the coordinates of the file as a whole."""
    if not plan.order.layer.geometry or not sample:
        return
    shapes = np.concatenate([_shapes(plan, chunk) for chunk in sample])
    bounds = shapely.bounds(shapes)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    expected = _expected(connection, plan, sample)
    if expected is None or not len(bounds):
        return
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    verdict = judge(x, y, srid=plan.given_srid, expected=expected)
    match verdict:
        case Plausible():
            return
        case Swapped(message=words):
            yield Finding(AXES_SWAPPED, 0, "", None, words.vi, words.en)
        case WrongZone(message=words):
            yield Finding(WRONG_ZONE, 0, "", None, words.vi, words.en)
        case Degrees(message=words):
            yield Finding(DEGREES, 0, "", None, words.vi, words.en)
        case OutOfArea(message=words):
            yield Finding(OUT_OF_AREA, 0, "", None, words.vi, words.en)


def _expected(connection: Db, plan: _Plan, sample: Sequence[Chunk]) -> Box | None:
    """Return the box of the mapping, of the communes that the sample names, or of all units.

    ``None`` where there are none, and for the units themselves: they may be larger than what is stored.
    """
    if plan.checks.box or "xa_id" not in plan.targets:
        return plan.checks.box
    codes = set[str]()
    if plan.by_commune:
        for chunk in sample:
            read, _ = read_columns(chunk, {"ma_xa": plan.origins["ma_xa"]}, plan.targets, plan.context, codelist=None)
            codes.update(code for code in read["ma_xa"] if code is not None)
    units = [plan.units[code] for code in codes if code in plan.units] or list(plan.units.values())
    row = connection.execute(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
        " FROM (SELECT ST_Extent(geom) AS e FROM hc.don_vi WHERE id = ANY (%s)) s",
        [units],
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return (
        row[0] - _MARGIN_DEGREES,
        row[1] - _MARGIN_DEGREES,
        row[2] + _MARGIN_DEGREES,
        row[3] + _MARGIN_DEGREES,
    )


# Rows.


def _stage(connection: Db, plan: _Plan, chunk: Chunk) -> None:
    """Read one chunk, check what a row tells by itself, and put it into staging."""
    moved = Chunk(chunk.first, chunk.values, _shapes(plan, chunk))
    values, findings = read_columns(moved, plan.origins, plan.targets, plan.context, codelist=plan.checks.codes)
    if plan.by_commune:
        values["xa_id"] = _objects([plan.units.get(code) for code in values["ma_xa"]])
    batch = Batch(
        rows=np.arange(chunk.first, chunk.first + len(chunk)),
        keys=_key_words(plan, values, len(chunk)),
        values=values,
        shapes=moved.shapes if plan.order.layer.geometry else None,
    )
    findings += _row_findings(plan, batch)
    bad = frozenset(each.row for each in findings if _is_error(each))
    staging.add_rows(
        connection,
        plan.table,
        first=chunk.first,
        values=[values[name] for name, _ in plan.table.columns],
        keys=batch.keys,
        bad=bad,
        shapes=moved.shapes,
        srid=plan.given_srid,
    )
    staging.add_findings(connection, findings, plan.given_srid)
    staging.add_raw(connection, chunk, bad, plan.source.srid or 0)


def _shapes(plan: _Plan, chunk: Chunk) -> Values:
    geometry = plan.order.layer.geometry
    if geometry is None:
        return chunk.shapes
    placement = plan.placement
    shapes = place(chunk.shapes, placement, plan.source.srid or 0) if placement else chunk.shapes
    return as_multi(shapes, _KINDS[geometry.kind])


def _row_findings(plan: _Plan, batch: Batch) -> list[Finding]:
    return [
        *_shape_findings(plan, batch),
        *_value_findings(plan, batch),
        *(_unit_findings(plan, batch) if plan.by_commune else ()),
    ]


def _shape_findings(plan: _Plan, batch: Batch) -> Iterator[Finding]:
    geometry = plan.order.layer.geometry
    if geometry is None:
        return
    yield from check_shapes(batch, allowed=frozenset({_KINDS[geometry.kind]}))
    area = plan.checks.area
    if area and area in batch.values and batch.shapes is not None:
        metric = in_metres(batch.shapes, plan.given_srid, geometry.stored_srid)
        yield from check_areas(
            replace(batch, shapes=metric), area, AreaTolerance(point_error_m=plan.checks.point_error_m)
        )


def _value_findings(plan: _Plan, batch: Batch) -> Iterator[Finding]:
    for name, origin in plan.origins.items():
        target = plan.targets[name]
        derived = origin.reading in (Reading.FIRST_CODE, Reading.FIRST_GROUP, Reading.CODE_SYSTEM)
        if target.required and not derived:
            yield from check_required(batch, name)
        if target.type == "text":
            yield from check_residue(batch, name)
        codes = plan.context.codes.get((plan.checks.codes if _joined(origin) else target.codelist) or "")
        if codes and not derived and target.type == "text":
            day = plan.context.day
            yield from check_codes(batch, name, codes=codes, day=day, joined=_joined(origin))


def _joined(origin: Origin) -> bool:
    return origin.reading is Reading.JOINED_CODES


def _unit_findings(plan: _Plan, batch: Batch) -> Iterator[Finding]:
    day = plan.context.day
    for i, code in enumerate(batch.values["ma_xa"]):
        if code is not None and code not in plan.units:
            vi = f"Ngày {day:%d/%m/%Y} không có đơn vị hành chính mã «{code}»."
            en = f"On {day:%Y-%m-%d} there is no unit with the code “{code}”."
            yield batch.finding(UNKNOWN_UNIT, i, vi, en, column="ma_xa")
        elif code is None:
            yield batch.finding(UNKNOWN_UNIT, i, "Thiếu mã xã.", "The commune code is missing.", column="ma_xa")


def _key_words(plan: _Plan, values: Mapping[str, Values], size: int) -> list[str]:
    """Return each row's key in words: ``ma_xa 25195, so_to 1, so_thua 2``."""
    names = next((key.columns for key in plan.table.keys if key.columns != ("id",)), ())
    shown = ["ma_xa" if name == "xa_id" and "ma_xa" in values else name for name in names]
    return [", ".join(f"{name} {values[name][i]}" for name in shown) for i in range(size)]


def _check_sets(connection: Db, plan: _Plan) -> None:
    """Check what rows tell together, and with what is stored."""
    if plan.given_srid != plan.srid:
        staging.transform(connection, plan.srid)
    staging.index(connection)
    staging.check_constraints(connection, plan.table, plan.srid)
    staging.check_keys(connection, plan.table, plan.srid)
    staging.mark_bad(connection)
    geometry = plan.order.layer.geometry
    if geometry and plan.by_commune and plan.checks.outside_m is not None:
        staging.check_communes(connection, tolerance_m=plan.checks.outside_m, srid=plan.srid)
    if geometry and plan.checks.overlap_m2 is not None:
        staging.check_overlaps(
            connection, plan.table, least_m2=plan.checks.overlap_m2, lonlat=geometry.lonlat, srid=plan.srid
        )
    staging.mark_bad(connection)


def _is_error(finding: Finding) -> bool:
    return finding.rule.severity is Severity.ERROR


def _objects(values: Sequence[object]) -> Values:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _reason(error: psycopg.Error) -> str:
    """Return what the database says, without the values of rows."""
    return error.diag.message_primary or type(error).__name__
