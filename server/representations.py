"""What can be asked of a resource besides the formats of items, and the choice among what is offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from catalogue.profile import Collection
from core.errors import BadParameter, BadRequest, NotAcceptable
from core.limits import LIMITS
from formats.format import Representation
from formats.negotiation import negotiate
from server.context import Context


@dataclass(frozen=True, slots=True)
class Plain:
    """A representation that needs no encoder of its own."""

    key: str
    media_types: tuple[str, ...]


HTML = Plain("html", ("text/html",))
HTML_SENT = "text/html; charset=utf-8"
JSON = Plain("json", ("application/json",))
CATALOGUE = Plain("json", ("application/ogc-catalog+json",))
SCHEMA = Plain("json", ("application/schema+json", "application/json"))
XSD = Plain("gml", ("application/xml",))
OPENAPI = Plain("json", ("application/vnd.oai.openapi+json;version=3.0", "application/json"))


def offered_by[Offer: Representation](collection: Collection, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return those formats in which the collection may leave; pages for people show what leaves as GeoJSON.

    Source: OGC 17-069r4, /req/html/definition, /req/core/fc-links.
    """
    granted = collection.allowance.formats
    if granted is None:
        return tuple(offers)
    shown = granted | {HTML.key} if "json" in granted else granted
    return tuple(each for each in offers if each.key in shown)


def chosen[Offer: Representation](context: Context, offers: Sequence[Offer]) -> Offer:
    """Return what ``f`` asks for, else what ``Accept`` likes best; of equals the first offered.

    Raises:
        BadParameter: ``f`` is none of the offers.
        NotAcceptable: ``Accept`` excludes all of them.
        BadRequest: ``Accept`` is too long to be read.
    """
    asked = context.asked("f")
    if asked is not None:
        offer = next((each for each in offers if each.key == asked), None)
        if offer is None:
            raise BadParameter("f", "there is no such format here.", ", ".join(each.key for each in offers))
        return offer
    accept = context.request.header("accept")
    if len(accept) > LIMITS.accept_max:
        raise BadRequest("The header Accept is longer than {} characters.", LIMITS.accept_max)
    best = cast("Offer | None", _liked(accept, tuple(offers)))
    if best is None:
        raise NotAcceptable("Offered here: {}.", ", ".join(each.media_types[0] for each in offers))
    return best


@lru_cache(maxsize=1024)
def _liked(accept: str, offers: tuple[Representation, ...]) -> Representation | None:
    return negotiate(accept, offers)
