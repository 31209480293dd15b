"""What a handler may use: the parts of the server, and who asks for what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode

from catalogue.codelists import Codelists
from catalogue.parts import BASE
from catalogue.profile import Collection, Operation, Profile
from catalogue.service import Service
from database.lines import Entry, Row, Statement
from database.reader import Reader
from harvest.report.rounds import Rounds
from query.bbox import Box
from query.paging import CursorSeal
from query.request import one_of
from query.view import View
from server.access import Visitor
from server.codelists import UnitNames
from server.http import Request
from server.positions import Positions
from server.quotas import Quotas
from server.running import Running
from server.shares import Shares
from server.shelf import Shelf
from server.versions import ByVersion
from web.pages import Pages

LANGUAGES = ("vi", "en")
_REMEMBERED_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one server process."""

    base_url: str
    service: Service
    codelists: Codelists
    units: UnitNames
    reader: Reader
    seal: CursorSeal
    secret: bytes
    pages: Pages
    quotas: Quotas
    shares: Shares
    export_shares: Shares
    running: Running
    known_tags: ByVersion[str]
    known_counts: ByVersion[int | None]
    harvests: Rounds
    positions: Positions
    no_records: View
    """The catalogue of who may see no record any more."""


@dataclass(frozen=True, slots=True)
class Context:
    """One request, and who makes it.

    Attributes:
        parameters: of the query string and the form, in order.
        entered: not empty once the database let the caller in.
        address: from which it comes.
    """

    parts: Parts
    request: Request
    visitor: Visitor
    parameters: list[tuple[str, str]]
    language: str
    entered: list[str] = field(default_factory=list[str])
    address: str = ""

    @property
    def shelf(self) -> Shelf:
        return self.visitor.shelf

    @property
    def profile(self) -> Profile:
        return self.shelf.profile

    def read(
        self,
        statements: Sequence[Statement],
        *,
        of: str | None = None,
        operation: Operation = Operation.READ,
        bbox: Box | None = None,
        search: str | None = None,
        binary: bool = False,
        repeatable: bool = False,
    ) -> list[list[Row]]:
        """Run statements as the caller, in one trip.

        Args:
            of: id of the collection that they read; ``None``: what every caller may read.
            bbox, search: what every row read touches or holds; row security narrows by the one or the other.
            repeatable: all statements see one snapshot.

        Raises:
            As ``Reader.read``.
        """
        entry = self.entry(of, operation, bbox, search)
        rows = self.parts.reader.read(entry, statements, repeatable=repeatable, binary=binary)
        self.entered.append(of or "")
        return rows

    def take(self, collection: Collection, items: int) -> None:
        """Count items of a collection before they leave; that there is none, or how many there are, counts as one.

        Raises:
            TooManyRequests: the agreement does not give so many on one day.
        """
        self.parts.quotas.take(self.visitor.caller, collection, items)

    def entry(
        self,
        of: str | None = None,
        operation: Operation = Operation.READ,
        bbox: Box | None = None,
        search: str | None = None,
    ) -> Entry:
        """Return by whom, for which collection, and narrowed to what, the database is entered."""
        part = BASE if of is None else self.shelf.part(of, operation)
        return self.visitor.entry(part, bbox, search)

    def url(self, path: str | None = None, pairs: list[tuple[str, str]] | None = None) -> str:
        """Return the address of a path (this one) with these parameters (none)."""
        query = "?" + "&".join([_written(name, value) for name, value in pairs]) if pairs else ""
        return f"{self.parts.base_url}{self.request.path if path is None else path}{query}"

    def asked(self, name: str) -> str | None:
        """Return the value of a parameter, or ``None``."""
        return next((value for each, value in self.parameters if each == name), None)


@lru_cache(maxsize=2048)
def _remembered(name: str, value: str) -> str:
    return urlencode([(name, value)])


def _written(name: str, value: str) -> str:
    """Return a parameter as it stands in an address. The same few come again and again, in each link of an answer."""
    return (_remembered if len(value) <= _REMEMBERED_LENGTH_MAX else _remembered.__wrapped__)(name, value)


def language_of(request: Request, asked: str | None, otherwise: str = LANGUAGES[0]) -> str:
    """Return ``vi`` or ``en``: what ``lang`` asks for, else what ``Accept-Language`` names first, else ``otherwise``.

    Raises:
        BadParameter: ``lang`` asks for another language.
    """
    if asked is not None:
        return one_of("lang", asked, LANGUAGES)
    header = request.header("accept-language")
    for part in header.split(",") if header else ():
        if part.strip()[:2].lower() in LANGUAGES:
            return part.strip()[:2].lower()
    return otherwise
