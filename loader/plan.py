"""The plan of a load: what is known before the first row is staged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from catalogue.layer import GeometryKind, Layer
from core.errors import LoadRefused
from database.queries import load
from loader.files import Chunk, Source, middle_of, read_chunks
from loader.mapping import Checks, Context, LayerMapping, Origin, Placement, Target, origin_of
from loader.placement import anchored, as_multi, place
from loader.staging import Db, Key, Reference, Table
from quality.codes import Code, CodeList
from quality.encodings import Detection, Encoding, detect
from quality.rules import Values
from quality.vn2000 import is_vn2000

QUERIES: Final = load("loader", "load.sql")
CHUNK: Final = 10_000
_SURVEYED: Final = 5
"""Chunks that are looked at beforehand, for encodings and coordinates."""
_DERIVED: Final = frozenset({"ma_xa", "geom", "cap_nhat", "tim"})
_LEAST_CONFIDENCE: Final = 0.6
LONGEST_INDEXED: Final = 300
"""Characters of a text that a B-tree holds: two of them, of four bytes a character, fit into its 2,704 bytes."""
KINDS: Final = {
    GeometryKind.POINT: "Point",
    GeometryKind.MULTILINESTRING: "MultiLineString",
    GeometryKind.MULTIPOLYGON: "MultiPolygon",
}


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
class Plan:
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


def make_plan(connection: Db, order: Order, source: Source) -> tuple[Plan, list[Chunk]]:
    """Return the plan and the first rows of the file, from which it was made.

    Raises:
        LoadRefused: the file lacks a column or a coordinate system.
    """
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
    plan = Plan(
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
    return plan, sample


def shapes_of(plan: Plan, chunk: Chunk) -> Values:
    geometry = plan.order.layer.geometry
    if geometry is None:
        return chunk.shapes
    placement = plan.placement
    shapes = place(chunk.shapes, placement, plan.source.srid or 0) if placement else chunk.shapes
    return as_multi(shapes, KINDS[geometry.kind])


def _legal_day(connection: Db) -> date:
    row = connection.execute(QUERIES["legal_day"].encode()).fetchone()
    if row is None:
        raise LoadRefused("The database has no legal day.")
    return row[0]


def _targets(connection: Db, layer: Layer) -> dict[str, Target]:
    """Return the columns of the table that a load may fill, as the database has them."""
    rows = connection.execute(QUERIES["targets"].encode(), {"table": layer.qualified_table}).fetchall()
    lists = {column.name: column.codelist for column in layer.columns}
    geometries = {layer.geometry.stored, layer.geometry.lonlat} if layer.geometry else set[str]()
    with_parcel = any(name == "thua_id" for name, *_ in rows)  # the parcel tells the commune then
    return {
        name: Target(
            name,
            kind,
            required and not (name == "xa_id" and with_parcel),
            lists.get(name),
            LONGEST_INDEXED if indexed and kind == "text" else None,
        )
        for name, kind, required, indexed in rows
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
        references=tuple(_references(connection, layer, frozenset(filled))),
        live=f"{layer.time.end} IS NULL" if layer.time and layer.time.end else "true",
    )


def _keys(connection: Db, layer: Layer, filled: frozenset[str]) -> Iterator[Key]:
    """Yield the unique keys that consist of filled columns only."""
    rows = connection.execute(QUERIES["keys"].encode(), {"table": layer.qualified_table}).fetchall()
    end = layer.time.end if layer.time else None
    for columns, covers in rows:
        if set(columns) <= filled:
            staged = covers if end is None or end in filled else covers.replace(end, "NULL::date")
            yield Key(tuple(columns), covers, staged)


def _constraints(
    connection: Db, layer: Layer, filled: frozenset[str], geometry: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the CHECK constraints on filled columns; those on the geometry where it is transformed."""
    rows = connection.execute(QUERIES["checks"].encode(), {"table": layer.qualified_table}).fetchall()
    for name, expression, columns in rows:
        if set(columns) <= filled:
            yield name, expression
        elif geometry and columns == [geometry]:
            yield name, expression.replace(geometry, "hinh")


def _references(connection: Db, layer: Layer, filled: frozenset[str]) -> Iterator[Reference]:
    """Yield the foreign keys that consist of filled columns only."""
    rows = connection.execute(QUERIES["references"].encode(), {"table": layer.qualified_table}).fetchall()
    for columns, schema, name, wanted, own in rows:
        if set(columns) <= filled:
            yield Reference(tuple(columns), schema, name, tuple(wanted), own and set(wanted) <= filled)


def _codes(connection: Db, layer: Layer, mapping: LayerMapping) -> dict[str, CodeList]:
    names = {column.codelist for column in layer.columns if column.codelist} | {mapping.checks.codes or ""}
    rows = connection.execute(QUERIES["codes"].encode(), {"lists": sorted(names)}).fetchall()
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
    rows = connection.execute(QUERIES["units"].encode(), {"day": day}).fetchall()
    return {code: int(unit) for code, unit in rows}


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
