"""The names of administrative units, as far as a collection of them shows rows."""

from query.items import Statement
from query.view import View


def unit_names_statement(view: View) -> Statement:
    """Compose id, name, code, first day and first day that is over (``infinity``: none) of every unit of a view.

    Provinces come first, then districts, then communes.
    """
    columns = "t.id, t.ten, t.ma, t.hieu_luc_tu::text, coalesce(t.hieu_luc_den::text, 'infinity')"
    order = "t.cap, dm.bo_dau(t.ten), t.ten, t.id"
    return f"SELECT {columns} FROM {view.source} WHERE {view.rows.sql} ORDER BY {order}", view.rows.params
