"""How many items of a collection a unit takes on one day, where its agreement says how many it may."""

from auth.model import Caller
from catalogue.profile import Collection
from core.clocks import Clock, calendar_day
from core.errors import TooManyRequests
from database.queries import load
from database.writer import Writer

_QUERIES = load("server", "quotas.sql")
_AGAIN_AFTER_S = 3_600
_PUBLIC = 0
"""Stands for everybody without a token, who share one quota."""


class Quotas:
    """Counts in the database, so that all processes and all accounts of a unit count together.

    A day is one of the calendar in Vietnam, whatever the legal day: what leaves, leaves in real time.
    """

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    def take(self, caller: Caller, collection: Collection, items: int) -> None:
        """Count items before they leave; an answer without any counts as one, for it tells as well.

        Raises:
            TooManyRequests: with these the unit would have more than its agreement gives it on one day.
        """
        most = collection.allowance.daily_items
        if most is None or not items:
            return
        unit = caller.unit_id or _PUBLIC
        day = calendar_day(self._clock.now())
        with self._writer.transaction() as connection:
            values = {"unit": unit, "collection": collection.id, "day": day, "items": items, "most": most}
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
