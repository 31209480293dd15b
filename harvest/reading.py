"""The catalogue as one caller sees it, for one request: what every harvest face reads."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import cast
from uuid import UUID

from catalogue.layer import Component
from catalogue.record import Published, record_of
from core.errors import Unavailable
from query import published
from query.condition import EVERYTHING, Condition
from query.items import Statement
from query.paging import Order
from query.published import Selected
from query.view import View

type Row = tuple[object, ...]
_COMPONENTS = tuple(each.value for each in Component if each is not Component.METADATA)


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that the caller could see, and cannot see any more since ``at``; whole seconds, UTC.

    Attributes:
        superseded_by: the record that took its place, where the caller sees that one.
    """

    id: UUID
    at: datetime
    component: str
    superseded_by: UUID | None


@dataclass(frozen=True, slots=True)
class Clock:
    """When the catalogue was last published, and a second to which the answer tells everything; UTC.

    Whoever asks for changes since ``now`` the next time misses none: each is stamped with a second that lies ahead of
    its commit, and ``now`` does not lie ahead of what was read.
    """

    published: datetime
    now: datetime


type Entry = Published | Gone


class Catalogue:
    """One request of one caller."""

    def __init__(self, view: View, read: Callable[[Sequence[Statement]], list[list[Row]]]) -> None:
        """Read nothing yet.

        Args:
            read: runs statements as the caller, in one trip and on one snapshot.
        """
        self.view = view
        self._read = read
        self._clock: Clock | None = None

    def clock(self) -> Clock:
        """Return the clock as it was at the first reading of this request.

        Raises:
            Unavailable: the catalogue was never published.
        """
        if self._clock is None:
            self._rows()
        return cast("Clock", self._clock)

    def page(
        self,
        *,
        after: UUID | None,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        component: str | None = None,
        where: Condition = EVERYTHING,
    ) -> tuple[Published, ...]:
        """Return the first ``limit`` records by identifier, beyond one.

        Raises:
            Unavailable: the catalogue was never published.
        """
        selected = Selected(after, since, until, component, where)
        (rows,) = self._rows(published.records_statement(self.view, selected, limit))
        return tuple(map(_published, rows))

    def page_with_gone(
        self,
        *,
        after: UUID | None,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        component: str | None = None,
        where: Condition = EVERYTHING,
        moved: datetime | None = None,
    ) -> tuple[Entry, ...]:
        """Return the first ``limit`` of records and of what was taken away, by identifier, beyond one.

        Args:
            where: selects among the records alone.
            moved: what changed after this instant is given, too, although ``until`` lies before it: it may be what the
                list would have held.

        Raises:
            Unavailable: the catalogue was never published.
        """
        selected = Selected(after, since, until, component, where, moved)
        records, gone = self._rows(
            published.records_statement(self.view, selected, limit),
            published.gone_statement(self.view, selected, limit),
        )
        entries: Iterable[Entry] = (*map(_published, records), *map(_gone, gone))
        return tuple(islice(sorted(entries, key=id_of), limit))

    def offset_page(
        self, *, offset: int, limit: int, order: Order, where: Condition = EVERYTHING
    ) -> tuple[Published, ...]:
        """Return records in an order, so many skipped.

        Raises:
            Unavailable: the catalogue was never published.
        """
        (rows,) = self._rows(published.ordered_statement(self.view, where, order, offset=offset, limit=limit))
        return tuple(map(_published, rows))

    def count(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        component: str | None = None,
        where: Condition = EVERYTHING,
        gone: bool = False,
    ) -> int:
        """Return how many records there are; ``gone`` counts what was taken away with them.

        Raises:
            Unavailable: the catalogue was never published.
        """
        selected = Selected(None, since, until, component, where)
        statements = [published.count_statement(self.view, selected)]
        if gone:
            statements.append(published.gone_count_statement(self.view, selected))
        return sum(cast("int", row[0]) for rows in self._rows(*statements) for row in rows)

    def one(self, id: UUID) -> Entry | None:  # noqa: A002 - it is what a record calls it
        """Return a record, or that it was taken away; ``None``: the caller never saw one of that identifier.

        Raises:
            Unavailable: the catalogue was never published.
        """
        records, gone = self._rows(
            published.record_statement(self.view, id), published.one_gone_statement(self.view, id)
        )
        return next(iter((*map(_published, records), *map(_gone, gone))), None)

    def components(self) -> tuple[str, ...]:
        """Return the component databases of which the caller sees records, or saw some, in order of the regulation.

        Raises:
            Unavailable: the catalogue was never published.
        """
        (rows,) = self._rows(published.components_statement(self.view, _COMPONENTS))
        return tuple(str(row[0]) for row in rows)

    def earliest(self) -> datetime | None:
        """Return an instant that is not after any of those that the caller sees; ``None``: there is none.

        Raises:
            Unavailable: the catalogue was never published.
        """
        return self._instant(published.earliest_statement(self.view))

    def newest(self) -> datetime | None:
        """Return an instant that is not before any of those that the caller sees; ``None``: there is none.

        Raises:
            Unavailable: the catalogue was never published.
        """
        return self._instant(published.newest_statement(self.view))

    def stamps(self, *, offset: int, limit: int) -> tuple[tuple[UUID, datetime], ...]:
        """Return identifiers and instants of records by identifier, so many skipped.

        Raises:
            Unavailable: the catalogue was never published.
        """
        (rows,) = self._rows(published.stamps_statement(self.view, offset=offset, limit=limit))
        return tuple((cast("UUID", id_), _utc(at)) for id_, at in rows)

    def _instant(self, statement: Statement) -> datetime | None:
        ((row,),) = self._rows(statement)
        return _utc(row[0]) if row[0] else None

    def _rows(self, *statements: Statement) -> list[list[Row]]:
        """Run statements, and read the clock with the first of them.

        Raises:
            Unavailable: the catalogue was never published.
        """
        if self._clock is not None:
            return self._read(statements)
        clock, *rows = self._read((published.CLOCK, *statements))
        at, now = clock[0] if clock else (None, None)
        if at is None:
            raise Unavailable("The catalogue was not published yet. Try again later.")
        self._clock = Clock(_utc(at), _utc(now))
        return rows


def id_of(entry: Entry) -> UUID:
    """Return the identifier of a record, or of what was taken away."""
    return entry.id if isinstance(entry, Gone) else entry.record.id


def instant_of(entry: Entry) -> datetime:
    """Return when the caller's sight of a record last changed."""
    return entry.at if isinstance(entry, Gone) else entry.updated


def component_of(entry: Entry) -> str:
    """Return the component database of a record, or of what was taken away."""
    return entry.component if isinstance(entry, Gone) else entry.record.description.component


def _published(row: Row) -> Published:
    created, updated, body = row
    return Published(record_of(cast("str", body)), _utc(created), _utc(updated))


def _gone(row: Row) -> Gone:
    id_, at, component, superseded_by = row
    return Gone(cast("UUID", id_), _utc(at), str(component), cast("UUID | None", superseded_by))


def _utc(value: object) -> datetime:
    return cast("datetime", value).astimezone(UTC)
