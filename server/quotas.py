"""How many items of a collection a unit takes on one day, where its agreement says how many it may."""

from catalogue.profile import Operation
from core.errors import TooManyRequests
from database.queries import load
from database.writer import Writer
from query.items import ItemsQuery, count_statement, narrowing_box, narrowing_search
from query.view import View
from server.context import Context

_QUERIES = load("server", "quotas.sql")
_AGAIN_AFTER_S = 3_600
_PUBLIC = 0
"""Stands for everybody without a token, who share one quota."""


class Quotas:
    """Counts in the database, so that all processes and all accounts of a unit count together."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def take(self, context: Context, view: View, items: int) -> None:
        """Count items before they leave.

        Raises:
            TooManyRequests: with these the unit would have more than its agreement gives it on one day.
        """
        most = view.collection.allowance.daily_items
        if most is None or not items:
            return
        unit = context.visitor.caller.unit_id or _PUBLIC
        with self._writer.transaction() as connection:
            values = {"unit": unit, "collection": view.collection.id, "items": items, "most": most}
            taken = connection.execute(_QUERIES["take"].encode(), values).fetchone()
        if taken is None:
            raise TooManyRequests(
                "The agreement gives {} items of this collection a day, and these would be more. Try again tomorrow.",
                most,
                retry_after_s=_AGAIN_AFTER_S,
            )

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()

    def take_all(self, context: Context, view: View, query: ItemsQuery) -> None:
        """Count everything that a query selects before the first of it leaves.

        Raises:
            TooManyRequests: as ``take``.
        """
        if view.collection.allowance.daily_items is None:
            return
        counted = context.read(
            [count_statement(query, view)],
            of=view.collection.id,
            operation=Operation.EXPORT,
            bbox=narrowing_box(query),
            search=narrowing_search(query),
        )
        self.take(context, view, int(str(counted[0][0][0])))
