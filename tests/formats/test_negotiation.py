"""Accept headers, and what they ask for."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.negotiation import negotiate
from formats.offered import FORMATS


@dataclass(frozen=True, slots=True)
class Html:
    key: str = "html"
    media_types: tuple[str, ...] = ("text/html; charset=utf-8",)


@dataclass(frozen=True, slots=True)
class Offer:
    key: str
    media_types: tuple[str, ...]


OFFERED = (*FORMATS, Html())


def _chosen(accept: str | None) -> str | None:
    found = negotiate(accept, OFFERED)
    return found and found.key


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("application/json", "json"),
        ("application/geo+json", "json"),
        ("Application/GEO+JSON", "json"),
        ("application/vnd.ogc.fg+json", "jsonfg"),
        ("application/fg+json, application/geo+json;q=0.5", "jsonfg"),
        ("text/csv", "csv"),
        ("text/csv; charset=UTF-8", "csv"),
        ("text/csv; charset=latin1", None),
        ("text/*", "csv"),
        ("application/vnd.flatgeobuf", "fgb"),
        ("application/geopackage+sqlite3", "gpkg"),
        ("application/gml+xml", "gml"),
        ("application/gml+xml;version=3.2", "gml"),
        ("application/gml+xml;version=2.1", None),
        ('application/gml+xml;profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"', "gml"),
        ("application/xml", "gml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/html;q=0.2, text/csv;q=0.3, */*;q=0.1", "csv"),
        ("text/*;q=0.9, text/csv;q=0.1", "html"),
        ("*/*, application/geo+json;q=0, application/json;q=0", "jsonfg"),
        ("*/*;q=0", None),
        ("image/png", None),
        ("image/png, */*;q=0.01", "json"),
        ("nonsense", "json"),
        ("text/csv;q=2, text/html", "html"),
        ('text/html;x="a,b;q=0", text/csv;q=0.1', "html"),
        ("*/json", "json"),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, expected: str | None) -> None:
    assert _chosen(accept) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_it(accept: str) -> None:
    assert _chosen(accept) in {None, *(each.key for each in OFFERED)}


def test_nothing_offered_is_nothing_chosen() -> None:
    assert negotiate("*/*", ()) is None
    assert negotiate(None, ()) is None


@pytest.mark.parametrize(
    ("accept", "key"),
    [
        ("application/ld+json", "plain"),
        ('application/ld+json; profile="https://schema.org/"', "profiled"),
        ('application/ld+json; profile="https://other/"', "plain"),
        ('text/plain, application/ld+json; profile="https://schema.org/"', "text"),
    ],
)
def test_of_two_offers_of_one_type_that_is_taken_whose_parameters_were_asked_for(accept: str, key: str):
    offers = (
        Offer("text", ("text/plain",)),
        Offer("plain", ("application/ld+json",)),
        Offer("profiled", ('application/ld+json; profile="https://schema.org/"',)),
    )

    found = negotiate(accept, offers)

    assert found is not None
    assert found.key == key
