"""Does the layer catalogue fit the real tables? Every fault of every layer in one list, each with its remedy."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from psycopg import Connection, errors

from catalogue.layer import Column, GeometryKind, Layer, Rows
from catalogue.types import ColumnType
from core.errors import CatalogueError
from database.tables import Index, Table, TableColumn, read_codelists, read_tables

_log = logging.getLogger(__name__)

LONLAT_SRID = 4326
_TERRITORY = "xa_id"

_TYPES: dict[ColumnType, tuple[str, ...]] = {
    ColumnType.TEXT: ("text",),
    ColumnType.INTEGER: ("integer", "smallint"),
    ColumnType.NUMBER: ("double precision",),
    ColumnType.BOOLEAN: ("boolean",),
    ColumnType.DATE: ("date",),
    ColumnType.TIMESTAMP: ("timestamp with time zone",),
    ColumnType.UUID: ("uuid",),
    ColumnType.TEXT_ARRAY: ("text[]",),
}
_KEY_TYPES = (ColumnType.INTEGER, ColumnType.UUID, ColumnType.TEXT)
_GEOMETRY = re.compile(r"(?:\w+\.)?geometry\((\w+)(?:,(\d+))?\)")


def check_catalogue(connection: Connection[Any], layers: Iterable[Layer]) -> None:
    """Compare every layer with its table.

    Any login that may enter the database will do: the system catalogues and the code lists are open.
    An empty ``dm.muc`` is a fresh database: code lists are then not judged, and a warning says so.

    Raises:
        CatalogueError: something does not fit; the text lists every fault of every layer.
    """
    layers = tuple(layers)
    tables = read_tables(connection, (each.qualified_table for each in layers))
    faults = [f"{layer.id}: {fault}" for layer in layers for fault in _layer_faults(layer, tables)]
    faults += _codelist_faults(connection, layers)
    if faults:
        lines = "\n".join(f"- {each}" for each in faults)
        raise CatalogueError(f"The layer catalogue does not fit the database:\n{lines}")


def _layer_faults(layer: Layer, tables: dict[str, Table]) -> Iterator[str]:
    table = tables.get(layer.qualified_table)
    if table is None:
        yield f"there is no table {layer.qualified_table}"
        return
    parts: tuple[Callable[[Layer, Table], Iterator[str]], ...] = (
        _missing_columns,
        _key_faults,
        _column_faults,
        _index_faults,
        _geometry_faults,
        _territory_faults,
        _time_faults,
        _search_faults,
        _log_faults,
        _guard_faults,
    )
    for part in parts:
        yield from part(layer, table)


def _missing_columns(layer: Layer, table: Table) -> Iterator[str]:
    for name in _columns_used(layer):
        if name not in table.columns:
            yield f"the table {table.name} has no column {name}"


def _columns_used(layer: Layer) -> Iterable[str]:
    """Return the names of all columns that reading the layer touches, each once."""
    geometry = (layer.geometry.stored, layer.geometry.lonlat) if layer.geometry else ()
    time = (layer.time.begin, layer.time.end) if layer.time else ()
    names = (*(each.name for each in layer.columns), layer.territory, *geometry, *time, layer.search)
    return dict.fromkeys(each for each in (*names, *_shown_by(layer)) if each)


def _shown_by(layer: Layer) -> tuple[str, ...]:
    """Return the column with the key that shows a row: one item is then several rows, of which a profile sees one."""
    return tuple(dict.fromkeys(each.seen_from for each in layer.columns if each.seen_from))


def _key_faults(layer: Layer, table: Table) -> Iterator[str]:
    key = layer.key
    found = table.columns.get(key.name)
    if found is None:
        return
    if key.type not in _KEY_TYPES:
        yield f"the key {key.name} is of type {key.type}; it must be integer, uuid or text"
    if not found.not_null:
        yield f"the key {key.name} may be null: ALTER TABLE {table.name} ALTER {key.name} SET NOT NULL"
    columns = (key.name, *_shown_by(layer))
    if not _is_unique(table, columns):
        named = ", ".join(columns)
        yield f"the key {named} is not unique: CREATE UNIQUE INDEX ON {table.name} ({named})"


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    return any(each.is_unique and each.columns == columns and not each.predicate for each in table.indexes)


def _column_faults(layer: Layer, table: Table) -> Iterator[str]:
    for column in layer.columns:
        found = table.columns.get(column.name)
        if found:
            yield from _type_faults(column, found)
            yield from _null_faults(layer, column, found)


def _type_faults(column: Column, found: TableColumn) -> Iterator[str]:
    fitting = ("bigint",) if column.wide else _TYPES[column.type]
    if found.type not in fitting:
        declared = "wide" if column.wide else column.type
        yield f"{column.name} is declared as {declared}, which is {' or '.join(fitting)}, but is {found.type}"
    elif column.type in (ColumnType.TEXT, ColumnType.TEXT_ARRAY) and found.collation != "C":
        yield f'{column.name} has the collation "{found.collation}": {found.type} COLLATE "C" is needed'


def _null_faults(layer: Layer, column: Column, found: TableColumn) -> Iterator[str]:
    if column.required and not found.not_null and column.name != layer.key.name:
        yield f"{column.name} is declared as required, but may be null in the table"
    if found.not_null and not column.required:
        yield f"{column.name} is never null in the table, but is not declared as required"


def _index_faults(layer: Layer, table: Table) -> Iterator[str]:
    for column in layer.columns:
        if column.name not in table.columns or column.name == layer.key.name:
            continue
        name, key = column.name, layer.key.name
        if column.sortable and not any(_sorts(each, layer, column) for each in table.indexes):
            yield f"{name} is sortable without an index: CREATE INDEX ON {table.name} ({name}, {key})"
        elif column.queryable and not any(_finds(each, layer, column) for each in table.indexes):
            if _finds_by_key(layer, table):
                continue
            remedy = f"USING gin ({name})" if column.type is ColumnType.TEXT_ARRAY else f"({name}, {key})"
            yield f"{name} is queryable without an index: CREATE INDEX ON {table.name} {remedy}"


def _sorts(index: Index, layer: Layer, column: Column) -> bool:
    """Tell whether an index gives the layer's rows in the order of a column and then of the key.

    A unique index is in no order among its NULLs.
    """
    if index.method != "btree" or not _covers(index, layer):
        return False
    unique = index.is_unique and column.required and index.columns == (column.name,)
    return unique or index.columns[:2] == (column.name, layer.key.name)


def _finds(index: Index, layer: Layer, column: Column) -> bool:
    """Tell whether an index finds the layer's rows by a value of a column."""
    method = "gin" if column.type is ColumnType.TEXT_ARRAY else "btree"
    whole = _covers(index, layer) or index.predicate == f"({column.name} IS NOT NULL)"
    return index.method == method and index.columns[0] == column.name and whole


def _finds_by_key(layer: Layer, table: Table) -> bool:
    """Tell whether rows are found by the keys that show them: a profile has a few, and looks at no other row."""
    return any(each.method == "btree" and each.columns[:1] == _shown_by(layer) for each in table.indexes)


def _covers(index: Index, layer: Layer) -> bool:
    """Tell whether an index holds every row that the layer publishes."""
    in_force = layer.time.end if layer.time and layer.rows is Rows.IN_FORCE else None
    return not index.predicate or index.predicate == f"({in_force} IS NULL)"


def _geometry_faults(layer: Layer, table: Table) -> Iterator[str]:
    geometry = layer.geometry
    if geometry is None:
        return
    yield from _shape_faults(table.columns.get(geometry.lonlat), geometry.kind, LONLAT_SRID, is_fixed=True)
    if geometry.stored != geometry.lonlat:
        yield from _shape_faults(
            table.columns.get(geometry.stored), geometry.kind, geometry.stored_srid, is_fixed=False
        )
    wanted = (layer.territory, geometry.lonlat)
    if not any(each.method == "gist" and each.columns[:2] == wanted and _covers(each, layer) for each in table.indexes):
        yield f"the geometry has no index: CREATE INDEX ON {table.name} USING gist ({', '.join(wanted)})"


def _shape_faults(found: TableColumn | None, kind: GeometryKind, srid: int, *, is_fixed: bool) -> Iterator[str]:
    """Judge a geometry column; one that is not ``is_fixed`` may leave the SRID to its rows."""
    if found is None:
        return
    declared = _GEOMETRY.fullmatch(found.type)
    if declared is None or declared[1].lower() != kind:
        yield f"{found.name} is {found.type}; the layer's geometry is {kind}"
    elif int(declared[2] or 0) != srid and (is_fixed or declared[2]):
        yield f"{found.name} has the SRID {declared[2] or 0}; {srid} is needed"


def _territory_faults(layer: Layer, table: Table) -> Iterator[str]:
    found = table.columns.get(layer.territory)
    if found and (found.type != "integer" or not found.not_null):
        yield f"the territory {layer.territory} must be integer and never null"


def _time_faults(layer: Layer, table: Table) -> Iterator[str]:
    for name in (layer.time.begin, layer.time.end) if layer.time else ():
        found = table.columns.get(name or "")
        if found and found.type != "date":
            yield f"{name} is {found.type}; the period of a layer is told by dates"


def _search_faults(layer: Layer, table: Table) -> Iterator[str]:
    found = table.columns.get(layer.search or "")
    if found is None:
        return
    if found.type != "text":
        yield f"the search column {found.name} is {found.type}; text is needed"
    elif not any(each.columns[0] == found.name and each.operators == "gin_trgm_ops" for each in table.indexes):
        yield f"the search has no index: CREATE INDEX ON {table.name} USING gin ({found.name} gin_trgm_ops)"


def _log_faults(layer: Layer, table: Table) -> Iterator[str]:
    missing = [event for event in ("INSERT", "UPDATE", "DELETE", "TRUNCATE") if event not in table.logged]
    if missing:
        yield f"the change log does not see {', '.join(missing)}: CALL lg.theo_doi('{table.name}')"
        return
    # Arguments of the trigger: key, territory, geometry, end of validity, columns of scopes.
    key, territory, _, end, *_ = table.logged["INSERT"]
    if territory != layer.territory or not _knows_rows(layer, table, key):
        yield f"the change log knows rows by {key} and {territory}, the layer by {layer.key.name} and {layer.territory}"
    if layer.rows is Rows.IN_FORCE and layer.time and layer.time.end != end:
        yield f"rows in force are those without {layer.time.end}, but the change log counts by '{end}'"


def _knows_rows(layer: Layer, table: Table, key: str) -> bool:
    """Tell whether the change log knows each row: by the key, or by a number where an item is several rows."""
    return _is_unique(table, (key,)) if _shown_by(layer) else key == layer.key.name


def _guard_faults(layer: Layer, table: Table) -> Iterator[str]:
    if table.guard is None:
        remedy = f"CALL acl.bao_ve('{table.name}', '{{{', '.join(layer.scopes)}}}')"
        yield f"the table is not behind row security: {remedy}"
        return
    if layer.territory != _TERRITORY:
        yield f"row security knows territory by {_TERRITORY}, the layer by {layer.territory}"
    missing = [each for each in (*layer.scopes, *_shown_by(layer)) if f", '{each}'::text" not in table.guard]
    if missing:
        yield f"row security of {table.name} has no term for {', '.join(missing)}, which scopes name"


def _codelist_faults(connection: Connection[Any], layers: tuple[Layer, ...]) -> list[str]:
    used = {(layer.id, column.name, column.codelist) for layer in layers for column in layer.columns if column.codelist}
    if not used:
        return []
    try:
        known = read_codelists(connection)
    except errors.InsufficientPrivilege as exc:
        return [f"the code lists of dm.muc cannot be read: {exc.diag.message_primary}"]
    if not known:
        _log.warning("The code lists are not loaded yet, so those that layers name were not checked.")
        return []
    return [
        f"{layer}: there is no code list '{codelist}' in dm.muc, which {column} names"
        for layer, column, codelist in sorted(used)
        if codelist not in known
    ]
