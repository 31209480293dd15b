"""Requests of OAI-PMH: verbs and their arguments, and what is wrong with them.

Source: The Open Archives Initiative Protocol for Metadata Harvesting 2.0, clauses 2.5, 2.7, 3.6 and 4.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from harvest.faces import instants


class Refused(Exception):
    """The protocol's answer to what cannot be done.

    Args:
        code: of clause 3.6.
        text: for people, in English.
    """

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text}")


@dataclass(frozen=True, slots=True)
class _Verb:
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumable: bool = False

    @property
    def known(self) -> frozenset[str]:
        return self.required | self.optional | ({"resumptionToken"} if self.resumable else frozenset())


_LIST = _Verb(frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), resumable=True)
_VERBS: Mapping[str, _Verb] = {
    "Identify": _Verb(),
    "ListMetadataFormats": _Verb(optional=frozenset({"identifier"})),
    "ListSets": _Verb(resumable=True),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
    "GetRecord": _Verb(frozenset({"identifier", "metadataPrefix"})),
}
_NAME = r"[A-Za-z0-9\-_.!~*'()]+"
_PREFIX = re.compile(_NAME)
_SET = re.compile(rf"{_NAME}(:{_NAME})*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is well formed: its verb, and each argument once."""

    verb: str
    arguments: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.arguments[name]

    def get(self, name: str) -> str | None:
        """Return an argument, or ``None``."""
        return self.arguments.get(name)


@dataclass(frozen=True, slots=True)
class Listing:
    """Where in which list a page begins.

    Attributes:
        after: the identifier after which it begins; ``None``: it is the first page.
        given: how many entries were given before.
        size: how many entries the list had at its first page.
        begun: the second of its first page.
    """

    verb: str
    prefix: str
    component: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: UUID | None = None
    given: int = 0
    size: int = 0
    begun: datetime | None = None


def read(pairs: Sequence[tuple[str, str]]) -> Asked:
    """Read a request.

    Raises:
        Refused: ``badVerb``, ``badArgument``.
    """
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _VERBS:
        raise Refused("badVerb", f"One verb is needed: {', '.join(_VERBS)}.")
    arguments = [pair for pair in pairs if pair[0] != "verb"]
    asked = Asked(verbs[0], dict(arguments))
    _check_names(_VERBS[asked.verb], [name for name, _ in arguments])
    _check_values(asked)
    return asked


def _check_names(verb: _Verb, names: Sequence[str]) -> None:
    """Compare what came with what the verb takes; the resumption token stands alone, or beside its own prefix."""
    for name, count in Counter(names).items():
        if name not in verb.known:
            raise Refused("badArgument", f"The verb does not take: {', '.join(sorted(set(names) - verb.known))}.")
        if count > 1:
            raise Refused("badArgument", f"{name} comes {count} times.")
    if "resumptionToken" in names:
        if set(names) - {"resumptionToken", "metadataPrefix"}:
            raise Refused("badArgument", "Nothing stands beside resumptionToken.")
    elif missing := verb.required - set(names):
        raise Refused("badArgument", f"The verb needs: {', '.join(sorted(missing))}.")


def _check_values(asked: Asked) -> None:
    for name, shape in (("metadataPrefix", _PREFIX), ("set", _SET)):
        value = asked.get(name)
        if value is not None and not shape.fullmatch(value):
            raise Refused("badArgument", f"{name} is malformed.")
    _span(asked)


def first_page(asked: Asked) -> Listing:
    """Return the begin of the list that is asked for."""
    since, until = _span(asked)
    return Listing(asked.verb, asked["metadataPrefix"], asked.get("set"), since, until)


def _span(asked: Asked) -> tuple[datetime | None, datetime | None]:
    begin, end = asked.get("from"), asked.get("until")
    if begin is not None and end is not None and len(begin) != len(end):
        raise Refused("badArgument", "from and until have different granularities.")
    try:
        since = None if begin is None else instants.read(begin)
        until = None if end is None else instants.read_end(end)
    except ValueError:
        raise Refused("badArgument", "from and until are days or seconds as 2025-06-30T00:00:00Z.") from None
    if since and until and since > until:
        raise Refused("badArgument", "from is later than until.")
    return since, until
