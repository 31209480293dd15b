"""The catalogue service from outside: the WSGI application over a catalogue written by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from tests.harvest.stock import Stock

BASE = "http://land.test"
SECRET = "a secret that only the tests know, long enough"
NAMES = {
    "csw": "http://www.opengis.net/cat/csw/2.0.2",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "ows": "http://www.opengis.net/ows",
    "ogc": "http://www.opengis.net/ogc",
    "xlink": "http://www.w3.org/1999/xlink",
}


@dataclass(frozen=True, slots=True)
class Csw:
    """Asks ``/csw`` as a harvester would."""

    client: Client
    agent: str = "harvester"

    def get(self, request: str | None = "GetRecords", **parameters: object) -> TestResponse:
        """Ask by parameters; what every request has is added unless it is given as ``None``."""
        given = {"service": "CSW", "version": "2.0.2", "request": request, **parameters}
        query = {name: str(value) for name, value in given.items() if value is not None}
        return self.client.get("/csw", query_string=query, base_url=BASE, headers={"User-Agent": self.agent})

    def post(self, body: str | bytes, media_type: str = "application/xml") -> TestResponse:
        """Send a document."""
        return self.client.post(
            "/csw", data=body, content_type=media_type, base_url=BASE, headers={"User-Agent": self.agent}
        )

    def page(self, **parameters: object) -> "Page":
        """Return a page of results."""
        asked = {"typeNames": "csw:Record", "resultType": "results", "ElementSetName": "brief"} | parameters
        return page_of(self.get(**asked))

    def fault(self, answer: TestResponse, status: int = 400) -> tuple[str, str | None]:
        """Return code and locator of an exception report."""
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/xml"
        root = etree.fromstring(answer.data)
        assert root.tag == f"{{{NAMES['ows']}}}ExceptionReport", answer.text
        (exception,) = root
        assert exception.findtext("ows:ExceptionText", namespaces=NAMES)
        return str(exception.get("exceptionCode")), exception.get("locator")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of itself, and the identifiers on it."""

    ids: list[str]
    matched: int
    returned: int
    next: int
    root: Any


def page_of(answer: TestResponse) -> Page:
    """Read a page of csw:Record or of ISO metadata."""
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.data)
    results = root.find("csw:SearchResults", NAMES)
    found = results.xpath(
        ".//dc:identifier/text() | ./gmd:MD_Metadata/gmd:fileIdentifier/gco:*/text()", namespaces=NAMES
    )
    numbers = (results.get(name) for name in ("numberOfRecordsMatched", "numberOfRecordsReturned", "nextRecord"))
    return Page([str(each) for each in found], *map(int, numbers), root)


@pytest.fixture
def csw(stock: Stock, empty_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Csw]:
    """The service over the catalogue of ``stock``."""
    from core.settings import Settings
    from server import app

    del stock
    application = app.create(Settings(database_url=as_app(empty_db), home=tmp_path, base_url=BASE, secret=SECRET))
    yield Csw(Client(application))
    application.close()
