"""Statements for pages, single items, counts and exports of one collection."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalogue.layer import Column, Rows
from core.limits import LIMITS
from query.bbox import Bbox, Box, bbox_condition, lonlat_box
from query.condition import EVERYTHING, Condition, all_of
from query.cql2 import Filter
from query.encoding import RowEncoding, Shape, needed_columns, row_columns
from query.instant import Period, period_condition
from query.paging import Order, Position, beyond, order_sql
from query.search import escaped, is_indexed, search_condition
from query.view import View, expression_of, quoted, written

type Statement = tuple[str, tuple[object, ...]]
"""SQL with ``%s`` placeholders, and the values."""
_UNKNOWN = Condition("NULL")
_JOINED_ROWS_MAX = 128
"""So few rows of all units together, skipped ones among them, are read in a simpler statement, whose plan is smaller.

Chosen: no recorded run compares other numbers.
"""
_MERGED_LENGTH_MAX = 16_000
"""A condition that would come to more letters, written once for each unit, is written once for all of them.

Chosen: 500 letters for each of ``APART_MAX`` units.
"""


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """What is asked of a collection, resolved in its view.

    Attributes:
        equals: conditions of the parameters that are named after queryables.
        fingerprint: equal for equal selections and orders, whatever the page; a cursor belongs to it.
    """

    columns: tuple[Column, ...]
    shape: Shape
    order: Order
    limit: int
    fingerprint: str
    offset: int = 0
    position: Position | None = None
    bbox: Bbox | None = None
    period: Period | None = None
    terms: tuple[str, ...] = ()
    equals: tuple[Condition, ...] = ()
    filter: Filter | None = None
    hits: bool = False


def fingerprint_of(*parts: object) -> str:
    """Return a digest of what a query selects and how it orders."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()[:32]


def selection(query: ItemsQuery, view: View) -> Condition:
    """Return the condition that the client's parameters make; rows of the view and place of the page come besides."""
    parts = [*query.equals]
    if query.bbox:
        parts.append(bbox_condition(query.bbox, view))
    if query.period:
        parts.append(period_condition(query.period, view))
    if query.terms and view.search:
        parts.append(search_condition(query.terms, view.search))
    if query.filter:
        parts.append(query.filter.condition)
    return all_of(parts)


def narrowing_box(query: ItemsQuery, view: View) -> Box | None:
    """Return a box in degrees that every row of the answer touches, for row security to narrow by, or ``None``.

    Where the view shows no geometry, a box selects nothing, and row security, which reads hidden ones, must not either.
    """
    if view.geometry is None:
        return None
    if query.bbox and (box := lonlat_box(query.bbox)):
        return box
    return query.filter.bbox if query.filter else None


def narrowing_search(query: ItemsQuery) -> str | None:
    """Return the term that every row of the answer holds, for row security to narrow by, or ``None``."""
    return escaped(query.terms[0]) if len(query.terms) == 1 and is_indexed(query.terms[0]) else None


def page_statement(query: ItemsQuery, view: View, encoding: RowEncoding, *, counted: bool = True) -> Statement:
    """Compose a page whose rows are JSON texts, as one row.

    Columns: features joined by commas as UTF-8 ``bytea`` (null: none), rows found (at most limit + 1), number matched
    (null: not known), the version of the table where to count takes reading (else null), then for each key of the order
    its text in the row nearest to the start, then in the farthest row of the page (null where the page is not full).
    Going backward, nearest is the last row shown.

    Args:
        counted: false leaves a count out that takes reading.
    """
    selected = selection(query, view)
    page, params = _page(query, view, selected)
    (feature,) = row_columns(view, query.columns, query.shape, encoding)
    counter = _counter(view, selected)
    matched = counter or (_matched(query, view, selected) if counted else _UNKNOWN)
    version = _UNKNOWN if counter else _version(view)
    edges = [
        f"max(t.{quoted(key.column.name)}::text) FILTER (WHERE n = {n})"
        for n in (1, query.limit)
        for key in query.order
    ]
    direction = "DESC" if query.position and query.position.backward else "ASC"
    features = f"string_agg({feature}, ',' ORDER BY n {direction}) FILTER (WHERE n <= {query.limit})"
    sql = (
        f"WITH page AS MATERIALIZED ({page}) "
        f"SELECT convert_to({features}, 'UTF8'), "
        f"count(*), {matched.sql}, {version.sql}, {', '.join(edges)} "
        "FROM (SELECT *, row_number() OVER () AS n FROM page) AS t"
    )
    return sql, (*params, *matched.params, *version.params)


def rows_statement(query: ItemsQuery, view: View, encoding: RowEncoding) -> Statement:
    """Compose a page of up to limit + 1 encoded rows in the order of the page's reading direction.

    Behind the columns of the encoding come the keys of the order as text.
    """
    page, params = _page(query, view, selection(query, view))
    columns = row_columns(view, query.columns, query.shape, encoding)
    keys = [f"t.{quoted(key.column.name)}::text" for key in query.order]
    return f"WITH page AS MATERIALIZED ({page}) SELECT {', '.join([*columns, *keys])} FROM page AS t", params


def item_statement(
    view: View, key: object, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding
) -> Statement:
    """Compose one item; JSON texts come as UTF-8 ``bytea``."""
    known_by = ("item", encoding, shape, *(each.name for each in columns))
    return view.keep(known_by, lambda: _item_sql(view, columns, shape, encoding)), (key, *view.rows.params)


def count_statement(query: ItemsQuery, view: View) -> Statement:
    """Compose the exact number of rows selected."""
    selected = selection(query, view)
    if counter := _counter(view, selected):
        return f"SELECT {counter.sql}", counter.params
    if not _is_read_apart(query, view):
        where = all_of([view.rows, selected])
        return f"SELECT count(*) FROM {view.source} WHERE {where.sql}", where.params
    where = all_of([Condition(f"{view.unit} = u.unit"), view.besides, selected])
    of_unit = f"(SELECT count(*) AS n FROM {view.source} WHERE {where.sql})"
    sql = f"SELECT sum(c.n)::bigint FROM unnest({written(view.units)}) AS u (unit) CROSS JOIN LATERAL {of_unit} AS c"
    return sql, where.params


def export_statement(query: ItemsQuery, view: View, encoding: RowEncoding, *, ordered: bool) -> Statement:
    """Compose all rows selected, in the order asked for, else by administrative unit and key.

    Never as they lie in the table: rows and columns that the caller does not see decide where that is.
    """
    columns = _encoded(view, query.columns, query.shape, encoding)
    where = all_of([view.rows, selection(query, view)])
    order = order_sql(query.order, view) if ordered else ", ".join(_order_of_storage(view))
    needed = needed_columns(view, query.columns, query.shape)
    return f"SELECT {', '.join(columns)} FROM {_source(view, needed, where, f' ORDER BY {order}')}", where.params


def version_statement(view: View) -> Statement:
    """Compose the version of the table: equal versions mean equal content."""
    version = _version(view)
    return f"SELECT {version.sql}", version.params


def _order_of_storage(view: View) -> tuple[str, ...]:
    """Return the order that one index gives, near to that in which rows were loaded; by published columns alone."""
    territory = view.collection.column(view.layer.territory)
    return (view.key,) if territory is None else (view.expression(territory), view.key)


def _item_sql(view: View, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding) -> str:
    where = all_of([Condition(f"{view.key} = %s"), view.rows])
    source = _source(view, needed_columns(view, columns, shape), where)
    return f"SELECT {', '.join(_encoded(view, columns, shape, encoding))} FROM {source}"


def _source(view: View, needed: Sequence[str], where: Condition, tail: str = "") -> str:
    """Return what follows FROM, for an encoding that names columns of ``t``.

    Where a column is computed, what is needed is read first, under the names of the columns: PostgreSQL keeps the order
    of a subquery that nothing above it sorts anew.
    """
    rows = f"{view.source} WHERE {where.sql}{tail}"
    return f"(SELECT {_read_as(view, needed)} FROM {rows}) AS t" if _computed(view) else rows


def _read_as(view: View, needed: Sequence[str]) -> str:
    """Return columns as they are read from the table, each under its own name."""
    computed = _computed(view)
    return ", ".join(f"{computed[each]} AS {each}" if each in computed else f"t.{each}" for each in needed)


def _computed(view: View) -> Mapping[str, str]:
    """Return the expressions of the columns that are more than what is stored, by quoted name."""
    return view.keep(
        "computed",
        lambda: {quoted(each.name): expression_of(each) for each in view.collection.columns if each.seen_from},
    )


def _encoded(view: View, columns: tuple[Column, ...], shape: Shape, encoding: RowEncoding) -> tuple[str, ...]:
    """Return the columns of one encoded row; JSON travels as UTF-8 ``bytea``, which nobody need decode."""
    encoded = row_columns(view, columns, shape, encoding)
    if encoding in (RowEncoding.GEOJSON, RowEncoding.JSONFG):
        return (f"convert_to({encoded[0]}, 'UTF8')",)
    return encoded


def _page(query: ItemsQuery, view: View, selected: Condition) -> Statement:
    """Order and cut first; encoding comes after, on the rows that are left.

    PostgreSQL reads the branches of UNION ALL one after the other, and stops at the limit.
    """
    places = beyond(query.position, query.order, view) if query.position else [EVERYTHING]
    branches = [_rows_in(query, view, all_of([selected, place])) for place in places]
    if len(branches) == 1:
        return branches[0]
    sql = " UNION ALL ".join(f"({each})" for each, _ in branches)
    return f"{sql} LIMIT {query.limit + 1}", tuple(value for _, params in branches for value in params)


def _rows_in(query: ItemsQuery, view: View, where: Condition) -> Statement:
    """Compose the reading of the first rows beyond one place, in order.

    In one condition on several administrative units, an index of the order asked for would lead through the rows of all
    others, which are hidden: that takes time, and tells how many they are. So each unit is read apart. With a box all
    are read together, by the index of unit and box; so are very many units, which leave little hidden between them.
    """
    if not _is_read_apart(query, view):
        return _branch(query, view, all_of([view.rows, where]))
    apart, number = all_of([view.besides, where]), len(view.units)
    is_short = number * (query.offset + query.limit) <= _JOINED_ROWS_MAX
    if is_short or number * len(apart.sql) > _MERGED_LENGTH_MAX:
        return _joined(query, view, apart)
    return _merged(query, view, apart)


def _is_read_apart(query: ItemsQuery, view: View) -> bool:
    """Tell whether each administrative unit is read by itself: there are several, and no box leads."""
    return bool(view.units) and narrowing_box(query, view) is None


def _merged(query: ItemsQuery, view: View, where: Condition) -> Statement:
    """Merge the units, each of them in order: no more than the page is read, and the first row of each unit."""
    whole = replace(query, limit=query.limit + query.offset, offset=0)
    first = query.order[0]
    comes_unit_by_unit = first.column.name == view.layer.territory
    falling = first.descending != bool(query.position and query.position.backward)
    units = sorted(view.units, reverse=falling) if comes_unit_by_unit else view.units
    apart = (all_of([Condition(f"{view.unit} = {each}"), where]) for each in units)
    sql = " UNION ALL ".join(f"({_branch(whole, view, each)[0]})" for each in apart)
    cut = _cut(query, view, of_names=True)
    if comes_unit_by_unit:
        cut = cut[cut.index("LIMIT") :]  # one after the other, until the page is full
    return f"SELECT * FROM ({sql}) AS t {cut}", where.params * len(units)


def _joined(query: ItemsQuery, view: View, where: Condition) -> Statement:
    """Read the first rows of each unit, and of these the first: a condition is planned, written and bound once."""
    whole = replace(query, limit=query.limit + query.offset, offset=0)
    of_unit, params = _branch(whole, view, all_of([Condition(f"{view.unit} = u.unit"), where]))
    sql = f"SELECT t.* FROM unnest({written(view.units)}) AS u (unit) CROSS JOIN LATERAL ({of_unit}) AS t"
    return f"{sql} {_cut(query, view, of_names=True)}", params


def _cut(query: ItemsQuery, view: View, *, of_names: bool = False) -> str:
    """Return order and limit; ``of_names``: over what is read already, where columns have their values."""
    backward = bool(query.position and query.position.backward)
    offset = f" OFFSET {query.offset}" if query.offset else ""
    order = order_sql(query.order, view, backward=backward, of_names=of_names)
    return f"ORDER BY {order} LIMIT {query.limit + 1}{offset}"


def _branch(query: ItemsQuery, view: View, where: Condition) -> Statement:
    needed = _read_as(view, _needed(query, view))
    sql = f"SELECT {needed} FROM {view.source} WHERE {where.sql} {_cut(query, view)}"
    return sql, where.params


def _needed(query: ItemsQuery, view: View) -> tuple[str, ...]:
    keys = (quoted(key.column.name) for key in query.order)
    return tuple(dict.fromkeys([*needed_columns(view, query.columns, query.shape), *keys]))


def _matched(query: ItemsQuery, view: View, selected: Condition) -> Condition:
    """Return the expression of the number matched, found by reading: exact, or null beyond what is counted."""
    ceiling = LIMITS.count_max
    found, params = _counted(query, view, selected, ceiling + 1)
    counted = f"(SELECT CASE WHEN count(*) <= {ceiling} THEN count(*) END FROM ({found}) AS c)"
    if query.position or query.offset:
        return Condition(counted, params)
    return Condition(f"CASE WHEN count(*) <= {query.limit} THEN count(*) ELSE {counted} END", params)


def _counted(query: ItemsQuery, view: View, selected: Condition, limit: int) -> Statement:
    """Compose up to so many rows without any column, read as a page is: each unit apart."""
    if not _is_read_apart(query, view):
        where = all_of([view.rows, selected])
        return f"SELECT 1 FROM {view.source} WHERE {where.sql} LIMIT {limit}", where.params
    where = all_of([Condition(f"{view.unit} = u.unit"), view.besides, selected])
    of_unit = f"SELECT 1 FROM {view.source} WHERE {where.sql} LIMIT {limit}"
    sql = f"SELECT 1 FROM unnest({written(view.units)}) AS u (unit) CROSS JOIN LATERAL ({of_unit}) AS t LIMIT {limit}"
    return sql, where.params


def _counter(view: View, selected: Condition) -> Condition | None:
    """Return the counter of the change log, where nothing but the view selects."""
    if not view.counted or selected != EVERYTHING:
        return None
    in_force = "true" if view.layer.rows is Rows.IN_FORCE else "false"
    return Condition(f"lg.so_dong({_table(view)}, {in_force}, {_territory(view)})")


def _version(view: View) -> Condition:
    return Condition(f"lg.phien_ban_cua({_table(view)}, {_territory(view)})")


def _table(view: View) -> str:
    return "'" + view.layer.qualified_table.replace("'", "''").replace("%", "%%") + "'"


def _territory(view: View) -> str:
    return "NULL" if view.territory is None else written(view.territory)
