"""GetRecords and GetRecordById: pages of records, and records by identifier."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lxml import etree

from catalogue.record import Published
from formats.records import dublin_core, iso19139
from formats.records.about import About
from formats.records.markup import Element, clean
from harvest.faces.csw.faults import Fault
from harvest.faces.csw.filters import condition_of
from harvest.faces.csw.names import CSW, DISCOVERY, GMD, VERSION, XSI, csw, local
from harvest.faces.csw.positions import Place, Places, is_one_way, keys_of, search_of
from harvest.faces.csw.request import ElementSet, GetRecordById, GetRecords
from harvest.reading import Catalogue
from query.condition import EVERYTHING, Condition, all_of, any_of
from query.paging import Order, beyond, read_sortby
from query.request import largest_page

OFFSET_MAX = 100_000
"""Records that are skipped where the place of a page is not remembered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A document.

    Attributes:
        records: how many are in it.
        is_last: no page comes behind it.
    """

    body: bytes
    records: int = 0
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class _Page:
    """``next`` is the number of the first record behind the page, 0 where there is none."""

    records: tuple[Published, ...]
    matched: int
    next: int


class Searching:
    """The answering of one search of one caller."""

    def __init__(self, request: GetRecords, catalogue: Catalogue, places: Places, sees: str) -> None:
        """Compile what is asked.

        Args:
            sees: changes with what the caller may see.

        Raises:
            Fault: the constraint is not understood.
        """
        self._request = request
        self._catalogue = catalogue
        self._places = places
        view = catalogue.view
        self._where = condition_of(request.predicate, view) if request.predicate else EVERYTHING
        self._order = _order(request, catalogue)
        self._search = search_of(request)
        self._most = min(request.most, largest_page(view))
        self._version = f"{catalogue.clock().published.isoformat()} {sees}"

    def page(self) -> _Page:
        """Return the page that is asked for, and remember where the next one begins."""
        request = self._request
        place = self._place()
        if request.hits or not self._most:
            matched = self._matched(place)
            return _Page((), matched, request.start if request.start <= matched else 0)
        found = self._read(place)
        records, more = found[: self._most], len(found) > self._most
        following = request.start + len(records)
        if not more:
            self._note(None, place)
            is_known = bool(records) or request.start == 1 or place is not None
            return _Page(records, following - 1 if is_known else self._matched(None), 0)
        matched = max(self._matched(place), following)
        self._note(Place(following, keys_of(records[-1], self._order), matched, self._version), place)
        return _Page(records, matched, following)

    def _place(self) -> Place | None:
        """Return where the page begins, if the one before it was given lately."""
        if self._request.start == 1 or not is_one_way(self._order):
            return None
        return self._places.at(self._search, self._request.start, falls=self._order[0].descending)

    def _read(self, place: Place | None) -> tuple[Published, ...]:
        """Read the page and one record more."""
        limit, where = self._most + 1, all_of([self._where, self._behind(place)])
        offset = 0 if place else self._request.start - 1
        if offset > OFFSET_MAX:
            raise Fault(f"A harvest begins at 1 and goes on; up to {OFFSET_MAX} are skipped.", locator="startPosition")
        return self._catalogue.offset_page(offset=offset, limit=limit, order=self._order, where=where)

    def _matched(self, place: Place | None) -> int:
        """Return how many records match, by the numbers of this harvest: those before the page count as they were."""
        if place and place.version == self._version:
            return place.matched
        behind = self._catalogue.count(where=all_of([self._where, self._behind(place)]))
        return behind + (place.number - 1 if place else 0)

    def _behind(self, place: Place | None) -> Condition:
        return any_of(beyond(place.position, self._order, self._catalogue.view)) if place else EVERYTHING

    def _note(self, following: Place | None, came_by: Place | None) -> None:
        if is_one_way(self._order) and (following or came_by):
            number = came_by.number if came_by else None
            self._places.keep(self._search, following, falls=self._order[0].descending, came_by=number)


def records(request: GetRecords, catalogue: Catalogue, places: Places, about: About, sees: str) -> Answer:
    """Answer GetRecords.

    Raises:
        Fault: the constraint is not understood.
        Unavailable: the catalogue was never published.
    """
    _check_elements(request)
    page = Searching(request, catalogue, places, sees).page()
    results = csw.SearchResults(
        *(_element(each, request, about) for each in page.records),
        numberOfRecordsMatched=str(page.matched),
        numberOfRecordsReturned=str(len(page.records)),
        nextRecord=str(page.next),
        recordSchema=request.schema,
        elementSet=request.element_set.value,
    )
    root = csw.GetRecordsResponse(version=VERSION)
    if request.request_id is not None:
        root.append(csw.RequestId(clean(request.request_id)))
    root.append(csw.SearchStatus(timestamp=_instant(catalogue.clock().now)))
    root.append(results)
    return Answer(_document(root), len(page.records), is_last=not page.next)


def record_by_id(request: GetRecordById, catalogue: Catalogue, about: About) -> Answer:
    """Answer GetRecordById: the records that there are of those asked for, in the order of the identifiers.

    Raises:
        Unavailable: the catalogue was never published.
    """
    catalogue.clock()
    wanted = {known for each in request.ids if (known := _uuid(each))}
    found = _by_id(catalogue, wanted)
    root = csw.GetRecordByIdResponse(*(_whole(each, request.schema, request.element_set, about) for each in found))
    return Answer(_document(root), len(found))


def _by_id(catalogue: Catalogue, wanted: set[UUID]) -> tuple[Published, ...]:
    if not wanted:
        return ()
    where = Condition('(t."id" = ANY (%s::uuid[]))', (sorted(wanted),))
    return catalogue.page(after=None, limit=len(wanted), where=where)


def _uuid(text: str) -> UUID | None:
    """Return an identifier as it is written here; what is none finds nothing."""
    try:
        known = UUID(text)
    except ValueError:
        return None
    return known if str(known) == text.lower() else None


def _order(request: GetRecords, catalogue: Catalogue) -> Order:
    """Return the order asked for, by identifier where none is; a column counts where it comes first."""
    columns = dict(reversed(request.order))
    named = dict.fromkeys(column for column, _ in request.order)
    written = ",".join(f"{'-' if columns[each] else '+'}{each}" for each in named)
    return read_sortby(written or None, catalogue.view.collection)


def _check_elements(request: GetRecords) -> None:
    if request.elements and request.schema != CSW:
        raise Fault("ElementName goes with csw:Record alone.", locator="ElementName")


def _element(published: Published, request: GetRecords, about: About) -> Element:
    if not request.elements:
        return _whole(published, request.schema, request.element_set, about)
    element = dublin_core.csw_record(published, about, ElementSet.FULL.value)
    wanted = {local(each) for each in request.elements}
    for child in list(element):
        if etree.QName(child).localname.lower() not in wanted:
            element.remove(child)
    return element


def _whole(published: Published, schema: str, element_set: ElementSet, about: About) -> Element:
    """Return a record; ISO metadata are told in full, whatever the element set."""
    if schema == GMD:
        return iso19139.element(published, about)
    return dublin_core.csw_record(published, about, element_set.value)


def _document(root: Element) -> bytes:
    root.set(f"{{{XSI}}}schemaLocation", DISCOVERY)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
