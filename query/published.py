"""Statements that read the metadata catalogue for its harvest faces: records by identifier, and what was taken away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from catalogue.layer import Column
from catalogue.record_keys import keys_of
from core.errors import CatalogueError
from query.condition import EVERYTHING, Condition, all_of, any_of, negation
from query.items import Statement
from query.paging import Order, order_sql
from query.view import View, quoted

COMPONENT = 't."thanh_phan"'
_KEY = 't."id"'
CLOCK: Statement = (
    "SELECT cong_bo, least(bay_gio, date_trunc('second', transaction_timestamp())) FROM cb.dong_ho_nay()",
    (),
)
"""Instant of the newest publication (null: there was none), and the second in which this reading began.

Not the second of the clock: what is committed after the snapshot was taken has a stamp that lies ahead of its commit,
and so ahead of this second; by the time the clock is read, it need not.
"""


ANY_GONE: Statement = ("SELECT EXISTS (SELECT FROM cb.da_mat(NULL, NULL, NULL))", ())
"""Whether the caller could see a record, and cannot any more."""


@dataclass(frozen=True, slots=True)
class Selected:
    """Which records are asked for: of a span of instants (both ends included), a component, beyond an identifier.

    Attributes:
        moved: records of later instants than this one are asked for, too, whatever ``until`` says.
    """

    after: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    component: str | None = None
    where: Condition = EVERYTHING
    moved: datetime | None = None


def records_statement(view: View, selected: Selected, limit: int) -> Statement:
    """Compose the first records by identifier: created, updated, the record as JSON."""
    updated = _updated(view)
    entered = _entered(view, updated)
    if selected.since and entered:
        return _since_statement(view, selected, limit, selected.since, entered)
    where = _where(view, selected)
    sql = f"SELECT {_shown(view)} FROM {view.source} WHERE {where.sql} ORDER BY {_KEY} LIMIT {int(limit)}"
    return sql, where.params


def _since_statement(view: View, selected: Selected, limit: int, since: datetime, entered: Statement) -> Statement:
    """Compose the first records that changed since an instant, and those of keys that were got since.

    In one condition the two would hide from each other's index: all records would be looked at where none changed.
    """
    updated = _updated(view)
    column, key = f"t.{quoted(updated.name)}", f"t.{quoted(updated.seen_from or '')}"
    rest = _where(view, replace(selected, since=None))
    changed = all_of([rest, Condition(f"{column} >= %s", (since,))])
    got = all_of([rest, Condition(f"{column} < %s", (since,)), Condition(f"{key} = k.k")])
    rows, cut = f"SELECT {_KEY}, {_shown(view)} FROM {view.source} WHERE", f"ORDER BY {_KEY} LIMIT {int(limit)}"
    source, keys = entered
    names = "n (id, created, updated, ban_ghi)"
    sql = (
        f"SELECT n.created, n.updated, n.ban_ghi FROM (({rows} {changed.sql} {cut}) UNION ALL "
        f"(SELECT l.* {source} CROSS JOIN LATERAL ({rows} {got.sql} {cut}) AS l WHERE cb.vao(k.k) >= %s)) AS {names} "
        f"ORDER BY n.id LIMIT {int(limit)}"
    )
    return sql, (*changed.params, *keys, *got.params, since)


def ordered_statement(view: View, where: Condition, order: Order, *, offset: int, limit: int) -> Statement:
    """Compose a page of records in an order, so many skipped: created, updated, the record as JSON."""
    rows = all_of([view.rows, where])
    cut = f"ORDER BY {order_sql(order, view)} LIMIT {int(limit)} OFFSET {int(offset)}"
    return f"SELECT {_shown(view)} FROM {view.source} WHERE {rows.sql} {cut}", rows.params


def record_statement(view: View, id_: UUID) -> Statement:
    """Compose one record."""
    where = all_of([view.rows, Condition(f"{_KEY} = %s", (id_,))])
    return f"SELECT {_shown(view)} FROM {view.source} WHERE {where.sql}", where.params


def count_statement(view: View, selected: Selected) -> Statement:
    """Compose the number of records."""
    where = _where(view, selected)
    return f"SELECT count(*) FROM {view.source} WHERE {where.sql}", where.params


def stamps_statement(view: View, *, offset: int, limit: int) -> Statement:
    """Compose identifiers of records and their instants, by identifier, so many skipped."""
    seen = view.expression(_updated(view))
    cut = f"ORDER BY {_KEY} LIMIT {int(limit)} OFFSET {int(offset)}"
    return f"SELECT {_KEY}, {seen} {_all(view)} {cut}", view.rows.params


def gone_statement(view: View, selected: Selected, limit: int) -> Statement:
    """Compose the first records that the caller could see and cannot any more, by identifier.

    Columns: identifier, the instant at which that ended, component, the record that took its place where the caller
    sees that one.
    """
    source, params = _gone(view, selected)
    shown = _shown_gone(view)
    return f"SELECT {shown.sql} {source} ORDER BY g.id LIMIT {int(limit)}", (*shown.params, *params)


def one_gone_statement(view: View, id_: UUID) -> Statement:
    """Compose what ``gone_statement`` does of one identifier; nothing is looked up where the caller sees the record."""
    shown = _shown_gone(view)
    seen = all_of([view.rows, Condition(f"{_KEY} = %s", (id_,))])
    sql = (
        f"SELECT {shown.sql} FROM cb.da_mat(NULL, NULL, NULL) AS g "
        f"WHERE g.id = %s AND NOT EXISTS (SELECT FROM {view.source} WHERE {seen.sql})"
    )
    return sql, (*shown.params, id_, *seen.params)


def gone_count_statement(view: View, selected: Selected) -> Statement:
    """Compose the number of records that the caller could see and cannot any more."""
    source, params = _gone(view, selected)
    return f"SELECT count(*) {source}", params


def components_statement(view: View, components: Sequence[str]) -> Statement:
    """Compose which of some components the caller sees records of, or saw."""
    where = all_of([view.rows, Condition(f"{COMPONENT} = c.component")])
    sql = (
        "SELECT c.component FROM unnest(%s::text[]) WITH ORDINALITY AS c (component, n) "
        f"WHERE EXISTS (SELECT FROM {view.source} WHERE {where.sql}) "
        "OR c.component IN (SELECT g.thanh_phan FROM cb.da_mat(NULL, NULL, NULL) AS g) ORDER BY c.n"
    )
    return sql, (list(components), *where.params)


def earliest_statement(view: View) -> Statement:
    """Compose the earliest instant that a record the caller sees, or saw, may have; null: there is none."""
    sql = (
        f'SELECT least((SELECT min(t."created") FROM {view.source} WHERE {view.rows.sql}), '
        "(SELECT min(g.luc) FROM cb.da_mat(NULL, NULL, NULL) AS g))"
    )
    return sql, view.rows.params


def newest_statement(view: View) -> Statement:
    """Compose the newest instant of a record that the caller sees, or saw; null: there is none."""
    updated = _updated(view)
    keys = _entered(view, updated)
    entered = f"(SELECT max(cb.vao(k)) {keys[0]})" if keys else f"(SELECT max({view.expression(updated)}) {_all(view)})"
    params = keys[1] if keys else view.rows.params
    sql = (
        f"SELECT greatest((SELECT max(t.{quoted(updated.name)}) {_all(view)}), {entered}, "
        "(SELECT max(g.luc) FROM cb.da_mat(NULL, NULL, NULL) AS g))"
    )
    return sql, (*view.rows.params, *params)


def _all(view: View) -> str:
    return f"FROM {view.source} WHERE {view.rows.sql}"


def _shown(view: View) -> str:
    return f't."created", {view.expression(_updated(view))}, t."ban_ghi"'


def _shown_gone(view: View) -> Condition:
    """Return the columns of what is gone; a successor that the caller does not see is not told."""
    seen = all_of([view.rows, Condition(f"{_KEY} = g.thay_boi")])
    successor = f"CASE WHEN EXISTS (SELECT FROM {view.source} WHERE {seen.sql}) THEN g.thay_boi END"
    return Condition(f"g.id, g.luc, g.thanh_phan, {successor}", seen.params)


def _where(view: View, selected: Selected) -> Condition:
    parts = [view.rows, *_changed(view, selected), selected.where]
    if selected.after:
        parts.append(Condition(f"{_KEY} > %s", (selected.after,)))
    if selected.component is not None:
        parts.append(Condition(f"{COMPONENT} = %s", (selected.component,)))
    return all_of(parts)


def _changed(view: View, selected: Selected) -> list[Condition]:
    """Return the span of instants as conditions."""
    conditions: list[Condition] = []
    if selected.since:
        conditions.append(_later(view, ">=", selected.since))
    if selected.until:
        within = negation(_later(view, ">", selected.until))
        moved = [_later(view, ">", selected.moved)] if selected.moved else []
        conditions.append(any_of([within, *moved]))
    return conditions


def _later(view: View, operator: str, instant: datetime) -> Condition:
    """Return that the instant a caller sees, the later of two, lies beyond one: asked of the column and of few keys.

    Asked of each row, it would cost a call for each.
    """
    updated = _updated(view)
    entered = _entered(view, updated)
    if entered is None:
        return Condition(f"({view.expression(updated)} {operator} %s)", (instant,))
    source, params = entered
    keys = f"ARRAY(SELECT k {source} WHERE cb.vao(k) {operator} %s)"
    sql = f"(t.{quoted(updated.name)} {operator} %s OR t.{quoted(updated.seen_from or '')} = ANY ({keys}))"
    return Condition(sql, (instant, *params, instant))


def _entered(view: View, updated: Column) -> Statement | None:
    """Return the keys of a view as a source of rows ``k``; ``None``: it is not limited to some."""
    keys = keys_of(view.collection)
    return ("FROM unnest(%s::text[]) AS k", (list(keys),)) if keys and updated.seen_from else None


def _gone(view: View, selected: Selected) -> Statement:
    """Return the source of what is gone, and what is asked of it.

    A key that was taken and given again is seen at once, while its loss is noted until the next publication: what the
    caller sees is not gone.
    """
    until = None if selected.moved else selected.until
    seen = all_of([view.rows, Condition(f"{_KEY} = g.id")])
    conditions = [Condition(f"NOT EXISTS (SELECT FROM {view.source} WHERE {seen.sql})", seen.params)]
    if selected.component is not None:
        conditions.append(Condition("g.thanh_phan = %s", (selected.component,)))
    if selected.moved and selected.until:
        conditions.append(Condition("(g.luc <= %s OR g.luc > %s)", (selected.until, selected.moved)))
    where = all_of(conditions)
    sql = f"FROM cb.da_mat(%s::uuid, %s::timestamptz, %s::timestamptz) AS g WHERE {where.sql}"
    return sql, (selected.after, selected.since, until, *where.params)


def _updated(view: View) -> Column:
    found = view.collection.column("updated")
    if found is None:
        raise CatalogueError("the collection of records has no instants")
    return found
