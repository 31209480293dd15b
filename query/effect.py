"""Statements that compare two scopes of rows of one table, look at a few rows of one, and weigh what a box costs."""

from collections.abc import Sequence

from query.condition import EVERYTHING, NOTHING
from query.items import Statement
from query.view import View, quoted


def difference_statement(before: View | None, after: View | None) -> Statement:
    """Count the rows of two views of one table: before, after, gained, lost; ``None`` is a view without any row.

    Raises:
        ValueError: neither is a view.
    """
    view = after or before
    if view is None:
        raise ValueError("one of the two views is needed")
    old, new = (each.rows if each else NOTHING for each in (before, after))
    gained, lost = f"{new.sql} AND ({old.sql}) IS NOT TRUE", f"{old.sql} AND ({new.sql}) IS NOT TRUE"
    counts = ", ".join(f"count(*) FILTER (WHERE {each})" for each in (old.sql, new.sql, gained, lost))
    params = (*old.params, *new.params, *new.params, *old.params, *old.params, *new.params)
    return f"SELECT {counts} FROM {view.source}", params


def sample_statement(view: View, limit: int) -> Statement:
    """Return the published columns of the first rows of a view, as text and in the order of the columns."""
    columns = ", ".join(f"{view.expression(each)}::text" for each in view.collection.columns)
    where = view.rows.sql if view.rows != EVERYTHING else "TRUE"
    return f"SELECT {columns} FROM {view.source} WHERE {where} ORDER BY {view.key} LIMIT %s", (*view.rows.params, limit)


def hidden_boxes_statement(whole: View, visible: View, geometry: str, limit: int, side: float) -> Statement:
    """Return boxes (west, south, east, north) of ``side`` degrees around rows of a table that a view does not hold."""
    centre = f"ST_PointOnSurface(t.{quoted(geometry)})"
    corners = ", ".join(f"{axis}({centre}) {sign} {side / 2:.7f}" for sign in "-+" for axis in ("ST_X", "ST_Y"))
    where = f"{whole.rows.sql} AND ({visible.rows.sql}) IS NOT TRUE"
    sql = f"SELECT {corners} FROM {whole.source} WHERE {where} ORDER BY {whole.key} LIMIT %s"
    return sql, (*whole.rows.params, *visible.rows.params, limit)


def box_statement(view: View, geometry: str, box: Sequence[float]) -> Statement:
    """Count the rows of a view that meet a box, as a request for a box does."""
    inside = f"t.{quoted(geometry)} && ST_MakeEnvelope(%s, %s, %s, %s, 4326)"
    return f"SELECT count(*) FROM {view.source} WHERE {view.rows.sql} AND {inside}", (*view.rows.params, *box)
