"""The loops of known harvesters, replayed by code of our own through one life of a catalogue.

What they do is told in their sources: GeoNetwork's CSW harvester, ckanext-spatial's CSW harvester, and the INSPIRE
geoportal, which breaks off where a page has fewer records than were asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from lxml import etree

from harvest.faces.csw.names import GMD
from tests.harvest.csw.conftest import NAMES, Csw, page_of
from tests.harvest.stock import Stock, at, record

SUMMARY = """<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc"
 xmlns:gmd="http://www.isotc211.org/2005/gmd" service="CSW" version="2.0.2" resultType="results"
 outputSchema="{schema}" startPosition="{start}" maxRecords="20"><csw:Query typeNames="csw:Record">
 <csw:ElementSetName>summary</csw:ElementSetName><csw:Constraint version="1.1.0">
 <ogc:Filter><ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\\">
 <ogc:PropertyName>csw:AnyText</ogc:PropertyName>
 <ogc:Literal>%</ogc:Literal></ogc:PropertyIsLike></ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>"""


class BrokenOff(Exception):
    """A harvest that a harvester gives up; its copy stays as it is."""


class Harvester(Protocol):
    copy: dict[str, str]

    def run(self, csw: Csw) -> None: ...


def _of(answer: Any) -> Any:
    """Return the root of an answer; any other status ends the harvest."""
    if answer.status_code != 200:
        raise BrokenOff(answer.status)
    return etree.fromstring(answer.data)


def _title(root: Any) -> str:
    path = ".//gmd:identificationInfo//gmd:citation//gmd:title/gco:CharacterString/text()"
    return str(root.xpath(path, namespaces=NAMES)[0])


def _whole(csw: Csw, id_: str) -> Any:
    """Ask for the ISO metadata of a record, which are expected as a direct child of the answer."""
    root = _of(csw.get("GetRecordById", id=id_, outputSchema=GMD, ElementSetName="full"))
    return root.find("gmd:MD_Metadata", NAMES)


@dataclass
class GeoNetwork:
    """POST first, summary, 20 at a time; takes again what has a newer date alone; removes what is not listed."""

    copy: dict[str, str] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)

    def run(self, csw: Csw) -> None:
        operations = _of(csw.get("GetCapabilities", version=None)).xpath("//ows:Operation/@name", namespaces=NAMES)
        assert {"GetRecords", "GetRecordById"} <= set(operations)
        listed = dict(self._listed(csw))
        for id_, date in listed.items():
            if self.dates.get(id_, "") < date:
                self.copy[id_], self.dates[id_] = _title(_whole(csw, id_)), date
        for id_ in set(self.copy) - set(listed):
            del self.copy[id_], self.dates[id_]

    def _listed(self, csw: Csw) -> Iterator[tuple[str, str]]:
        start = 1
        while True:
            answer = csw.post(SUMMARY.format(schema="http://www.opengis.net/cat/csw/2.0.2", start=start))
            root = _of(answer)
            for each in root.iterfind(".//csw:SummaryRecord", NAMES):
                yield each.findtext("dc:identifier", namespaces=NAMES), each.findtext("dct:modified", namespaces=NAMES)
            page = page_of(answer)
            if not page.returned or not page.next or page.next > page.matched:
                return
            start = page.next


@dataclass
class Ckan:
    """From 0 in tens, sorted by identifier, brief, ISO schema; each record by identifier; removes the difference."""

    copy: dict[str, str] = field(default_factory=dict)

    def run(self, csw: Csw) -> None:
        listed = list(self._listed(csw))
        assert len(listed) == len(set(listed))
        changed = {id_: _whole(csw, id_) for id_ in listed}
        self.copy = {id_: _title(each) for id_, each in changed.items() if each is not None}

    def _listed(self, csw: Csw) -> Iterator[str]:
        start, matched = 0, 1
        asked = {"typenames": "csw:Record", "resulttype": "results", "outputschema": GMD}
        asked |= {"elementsetname": "brief", "maxrecords": 10, "sortby": "dc:identifier:A"}
        while start < matched:
            root = _of(csw.get(startposition=start, **asked))
            results = root.find("csw:SearchResults", NAMES)
            matched = int(results.get("numberOfRecordsMatched"))
            yield from results.xpath("gmd:MD_Metadata/gmd:fileIdentifier/*/text()", namespaces=NAMES)
            start = int(results.get("nextRecord")) or matched


@dataclass
class Inspire:
    """Counts first; then page by page, and breaks off where a page has fewer records than it asked for."""

    copy: dict[str, str] = field(default_factory=dict)

    def run(self, csw: Csw) -> None:
        asked = {"typeNames": "gmd:MD_Metadata", "outputSchema": GMD, "ElementSetName": "full"}
        results = _of(csw.get(**asked, resultType="hits")).find("csw:SearchResults", NAMES)
        matched, found = int(results.get("numberOfRecordsMatched")), {}
        for start in range(1, matched + 1, 10):
            wanted = min(10, matched + 1 - start)
            root = _of(csw.get(**asked, resultType="results", startPosition=start, maxRecords=wanted))
            page = root.findall("csw:SearchResults/gmd:MD_Metadata", NAMES)
            if len(page) < wanted:
                raise BrokenOff
            found |= {each.findtext("gmd:fileIdentifier/*", namespaces=NAMES): _title(each) for each in page}
        self.copy = found


@dataclass
class Source:
    """The catalogue, as it should be copied."""

    stock: Stock
    titles: dict[str, str] = field(default_factory=dict)
    second: int = 0

    def put(self, name: str, title: str) -> None:
        self.second += 10
        self.stock.put(record(name, title=title), at(self.second))
        self.stock.publish(at(self.second))
        self.titles[str(record(name).id)] = title

    def remove(self, name: str) -> None:
        self.second += 10
        self.stock.remove(record(name).id, at(self.second))
        self.stock.publish(at(self.second))
        del self.titles[str(record(name).id)]


class Failing:
    """The service, which answers so many requests more and is away then."""

    def __init__(self, csw: Csw, stock: Stock, after: int) -> None:
        self._csw, self._stock, self._left = csw, stock, after

    def _asked(self) -> None:
        self._left -= 1
        if self._left < 0:
            self._stock.unpublish()

    def get(self, *given: Any, **parameters: Any) -> Any:
        self._asked()
        return self._csw.get(*given, **parameters)

    def post(self, body: str) -> Any:
        self._asked()
        return self._csw.post(body)


@pytest.mark.parametrize("harvester", [GeoNetwork, Ckan, Inspire])
def test_the_copy_is_the_source_through_one_life(csw: Csw, stock: Stock, harvester: Callable[[], Harvester]) -> None:
    source, copy = Source(stock), harvester()
    for n in range(45):
        source.put(str(n), f"Tập {n}")

    copy.run(csw)
    assert copy.copy == source.titles  # the first time

    copy.run(csw)
    assert copy.copy == source.titles  # nothing changed

    source.put("7", "Đổi tên")
    copy.run(csw)
    assert copy.copy == source.titles  # changed

    source.remove("8")
    source.remove("44")
    copy.run(csw)
    assert copy.copy == source.titles  # taken away

    source.put("8", "Trở lại")
    copy.run(csw)
    assert copy.copy == source.titles  # come again

    before = dict(copy.copy)
    source.put("9", "Trong lúc hỏng")
    with pytest.raises(BrokenOff):
        copy.run(Failing(csw, stock, 2))  # type: ignore[arg-type]
    assert set(copy.copy) == set(before)  # an outage takes nothing away

    stock.publish(at(source.second))
    copy.run(csw)
    assert copy.copy == source.titles  # and the next harvest catches up


@pytest.mark.parametrize("harvester", [GeoNetwork, Ckan, Inspire])
def test_what_goes_in_the_middle_of_a_harvest_takes_nothing_else_with_it(
    csw: Csw, stock: Stock, harvester: Callable[[], Harvester]
) -> None:
    source, copy = Source(stock), harvester()
    for n in range(45):
        source.put(str(n), f"Tập {n}")
    copy.run(csw)
    first = min(source.titles)
    name = next(str(n) for n in range(45) if str(record(str(n)).id) == first)

    class Between:
        """Takes the first record away once the first page was given."""

        pages = 0

        def _turn(self, answer: Any) -> Any:
            self.pages += b"SearchResults" in answer.data and b'numberOfRecordsReturned="0"' not in answer.data
            if self.pages == 1 and first in source.titles:
                source.remove(name)
            return answer

        def get(self, *given: Any, **parameters: Any) -> Any:
            return self._turn(csw.get(*given, **parameters))

        def post(self, body: str) -> Any:
            return self._turn(csw.post(body))

    copy.run(Between())  # type: ignore[arg-type]

    assert set(copy.copy) | {first} == set(source.titles) | {first}


def test_an_outage_is_never_an_empty_list(csw: Csw, stock: Stock) -> None:
    stock.put(record("1"))
    stock.unpublish()

    answer = csw.post(SUMMARY.format(schema=GMD, start=1))

    assert csw.fault(answer, 503) == ("NoApplicableCode", None)
    assert answer.headers["Retry-After"]
