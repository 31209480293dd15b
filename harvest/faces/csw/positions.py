"""Where pages ended, so that the next one begins there, whatever was taken away or added meanwhile.

Harvesters page by numbers. A record that goes away before a page would make that page skip another one, which a
harvester that removes what was not listed would then delete. So the last record of each page is remembered under the
number of the record behind it.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from catalogue.record import Published
from harvest.faces.csw.request import GetRecords
from query.paging import Order, Position


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins.

    Attributes:
        number: of its first record; 1 is the first of all.
        after: sort keys of the record before it, as texts in order.
        matched: how many records there were when the page before it was answered, counted by these numbers.
        version: state of the catalogue at which that was so.
    """

    number: int
    after: tuple[str, ...]
    matched: int
    version: str

    @property
    def position(self) -> Position:
        return Position(self.after)


class Places(Protocol):
    """The places of one client of one subject."""

    def at(self, search: str, number: int, *, falls: bool) -> Place | None:
        """Return the place of a page of a search: the client's own, else of the others' the one that leaves least out.

        Args:
            falls: the order falls: the greater place leaves less out.
        """
        ...

    def keep(self, search: str, place: Place | None, *, falls: bool, came_by: int | None) -> None:
        """Note where a page began and where the next one goes on.

        A place at which nobody went on yet stays for a while, if it leaves less out than the new one.

        Args:
            place: ``None``: there is no further page.
            came_by: the number of the remembered place at which the page began; ``None``: at none.
        """
        ...


def search_of(request: GetRecords) -> str:
    """Return a digest of what a request searches for and how it sorts, whatever the page and the form."""
    return sha256(repr((request.predicate, request.order)).encode()).hexdigest()[:32]


def is_one_way(order: Order) -> bool:
    """Tell whether all keys of an order rise, or all fall: only then two places in it compare as lists."""
    return len({key.descending for key in order}) == 1


def keys_of(published: Published, order: Order) -> tuple[str, ...]:
    """Return the sort keys of a record, as texts that sort as they do."""
    return tuple(_key(published, key.column.name) for key in order)


def _key(published: Published, column: str) -> str:
    record = published.record
    match column:
        case "id":
            return str(record.id)
        case "title":
            return record.description.title.vi
        case "type":
            return record.kind.value
        case "created":
            return published.created.isoformat()
        case _:
            return published.updated.isoformat()
