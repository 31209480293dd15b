"""The list of collections as a catalogue of what this server has: searched by place, time, words and identifiers.

Source: OGC 20-004r1, clause 8.4. It searches what the profile shows, in the document that the profile gets.
"""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date

from core.errors import BadParameter
from query.bbox import Bbox, Box, read_bbox
from query.instant import Period, read_datetime
from query.request import single_values
from query.search import read_search
from server.context import Context
from server.shelf import Json

PARAMETERS = ("bbox", "datetime", "q", "ids")
type Kept = Callable[[Json], bool]


def found(context: Context, collections: Iterable[Json]) -> list[Json]:
    """Return the collections that meet all parameters of the request.

    Raises:
        BadParameter: one is unknown, malformed, or comes twice.
    """
    values = single_values(context.parameters, ("f", "lang", *PARAMETERS))
    tests = [_TESTS[name](values[name]) for name in PARAMETERS if name in values]
    return [each for each in collections if all(test(each) for test in tests)]


def _bbox(text: str) -> Kept:
    bbox = read_bbox(text)
    return lambda each: any(_meets(bbox, (box[0], box[1], box[2], box[3])) for box in _boxes(each))


def _boxes(collection: Json) -> list[list[float]]:
    return collection.get("extent", {}).get("spatial", {}).get("bbox", [])


def _meets(bbox: Bbox, box: Box) -> bool:
    return any(
        west <= box[2] and box[0] <= east and south <= box[3] and box[1] <= north
        for west, south, east, north in bbox.boxes
    )


def _datetime(text: str) -> Kept:
    period = read_datetime(text)
    return lambda each: any(_in_period(period, *interval) for interval in _intervals(each))


def _intervals(collection: Json) -> list[list[str | None]]:
    return collection.get("extent", {}).get("temporal", {}).get("interval", [])


def _in_period(period: Period, begin: str | None, end: str | None) -> bool:
    first = date.fromisoformat(begin[:10]) if begin else date.min
    last = date.fromisoformat(end[:10]) if end else date.max
    return first <= (period.last or date.max) and (period.first or date.min) <= last


def _q(text: str) -> Kept:
    terms = [_folded(each) for each in read_search(text)]
    return lambda each: any(term in said for term in terms for said in _said(each))


def _said(collection: Json) -> list[str]:
    texts = (collection["id"], collection.get("title", ""), collection.get("description", ""))
    return [_folded(each) for each in (*texts, *collection.get("keywords", ()))]


def _folded(text: str) -> str:
    """Return a text as the parameter ``q`` compares it: no diacritics, lower case, single spaces."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).lower().split())


def _ids(text: str) -> Kept:
    if "\x00" in text:
        raise BadParameter("ids", "not a list of words.", "words by comma")
    wanted = {each.strip() for each in text.split(",")}
    return lambda each: each["id"] in wanted


_TESTS: dict[str, Callable[[str], Kept]] = {"bbox": _bbox, "datetime": _datetime, "q": _q, "ids": _ids}
