"""Choice of a representation by the ``Accept`` header. Source: RFC 9110, clause 12."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache

from formats.format import Representation

_QUALITY = re.compile(r"^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$")
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_ELEMENTS_MAX = 64
_CACHED_MAX = 1_024
"""Characters of a header that is remembered."""


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header; names and values of parameters are in lower case."""

    kind: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: float

    def precedence(self, offer: "MediaRange") -> int | None:
        """Return how closely it fits an offered type, more is closer, ``None``: it does not fit."""
        if self.kind == "*":
            return 0
        if self.kind != offer.kind:
            return None
        if self.subtype == "*":
            return 1
        declared = dict(offer.parameters)
        contradicted = any(declared.get(name, value) != value for name, value in self.parameters)
        if self.subtype != offer.subtype or contradicted:
            return None
        return 2 + len(self.parameters)


_ANYTHING = MediaRange("*", "*", frozenset(), 1.0)


def negotiate[F: Representation](accept: str | None, offered: Sequence[F]) -> F | None:
    """Return what the client likes best; among equals the first one offered.

    Args:
        accept: the header as it came; none, or one without a single media range, accepts everything.
        offered: in the server's order of preference.

    Returns:
        ``None``: nothing offered is acceptable.
    """
    types = tuple(each.media_types for each in offered)
    find = _best if len(accept or "") <= _CACHED_MAX else _best.__wrapped__
    place = find(accept or "", types)
    return None if place is None else offered[place]


@lru_cache(maxsize=1_024)
def _best(accept: str, offered: tuple[tuple[str, ...], ...]) -> int | None:
    """Return the place of the best offer; clients send the same few headers again and again."""
    ranges = list(_ranges(accept)) or [_ANYTHING]
    qualities = [max(_quality(ranges, each) for each in types) for types in offered]
    best = max(qualities, default=0.0)
    return _closest(ranges, offered, [n for n, each in enumerate(qualities) if each == best]) if best > 0 else None


def _closest(ranges: list[MediaRange], offered: tuple[tuple[str, ...], ...], places: list[int]) -> int:
    """Return the first place, or another that the same range asks for and with which more of its parameters agree."""
    types = [[each for each in map(_range, offered[place]) if each] for place in places]
    asking = [each for each in ranges if any(each.precedence(offer) is not None for offer in types[0])]

    def agreement(n: int) -> int:
        pairs = ((each, offer) for each in asking for offer in types[n] if each.precedence(offer) is not None)
        return max((len(each.parameters & offer.parameters) for each, offer in pairs), default=0)

    return places[max(range(len(places)), key=agreement)]


def _quality(ranges: list[MediaRange], media_type: str) -> float:
    """Return the quality of the range that fits most closely; of equally close ones the highest."""
    offer = _range(media_type)
    if offer is None:
        return 0.0
    fitting = [(precedence, each.quality) for each in ranges if (precedence := each.precedence(offer)) is not None]
    return max(fitting)[1] if fitting else 0.0


def _ranges(header: str) -> Iterator[MediaRange]:
    for element in _ELEMENT.findall(header)[:_ELEMENTS_MAX]:
        parsed = _range(element)
        if parsed:
            yield parsed


def _range(text: str) -> MediaRange | None:
    """Parse one media range; ``None`` where it is none."""
    message = Message()
    message["content-type"] = re.sub(r"[\r\n]", " ", text.strip())
    parameters = [(name.lower(), value.lower()) for name, value in message.get_params(failobj=[])]
    if not parameters:
        return None
    (media_type, _), rest = parameters[0], parameters[1:]
    kind, slash, subtype = media_type.partition("/")
    quality = dict(rest).get("q", "1")
    if not slash or not kind or not subtype or (kind == "*" and subtype != "*") or not _QUALITY.match(quality):
        return None
    others = frozenset((name, value) for name, value in rest if name != "q")
    return MediaRange(kind, subtype, others, float(quality))
