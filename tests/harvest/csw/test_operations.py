"""Each operation by parameters and by document, and what is refused of it."""

from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from harvest.faces.csw.names import CSW, GMD
from tests.harvest.csw.conftest import BASE, NAMES, Csw, page_of
from tests.harvest.stock import PLANS, Stock, at, record

RECORDS = """<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc"
 service="CSW" version="2.0.2" {attributes}><csw:Query typeNames="{types}">{query}</csw:Query></csw:GetRecords>"""


def document(
    query: str = "<csw:ElementSetName>brief</csw:ElementSetName>", types: str = "csw:Record", **attributes: str
):
    given = {"resultType": "results"} | attributes
    written = " ".join(f'{name}="{value}"' for name, value in given.items())
    return RECORDS.format(attributes=written, types=types, query=query)


@pytest.fixture
def filled(stock: Stock) -> Stock:
    """25 records."""
    for n in range(25):
        stock.put(record(str(n)))
    return stock


def _found(root: Any, path: str) -> list[Any]:
    return root.xpath(path, namespaces=NAMES)


def test_capabilities_name_the_operations_with_addresses_for_get_and_post(csw: Csw) -> None:
    root = etree.fromstring(csw.get("GetCapabilities").data)

    operations = {each.get("name"): each for each in _found(root, "//ows:Operation")}
    assert list(operations) == ["GetCapabilities", "DescribeRecord", "GetRecords", "GetRecordById"]
    for each in operations.values():
        assert _found(each, ".//ows:Get/@xlink:href") == [f"{BASE}/csw?"]
        assert _found(each, ".//ows:Post/@xlink:href") == [f"{BASE}/csw"]
    schemas = _found(operations["GetRecords"], "ows:Parameter[@name='outputSchema']/ows:Value/text()")
    assert schemas == [CSW, GMD]


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, 4),
        ({"sections": "All"}, 4),
        ({"sections": "ServiceIdentification"}, 2),
        ({"acceptversions": "3.0.0,2.0.2", "version": None}, 4),
        ({"version": None}, 4),
        ({"REQUEST": "getcapabilities", "request": None}, 4),
    ],
)
def test_capabilities_have_the_sections_asked_for_and_always_the_filters(
    csw: Csw, parameters: dict[str, Any], found: int
) -> None:
    given = {"request": "GetCapabilities"} | parameters

    root = etree.fromstring(csw.get(**given).data)

    assert len(root) == found
    assert root[-1].tag == f"{{{NAMES['ogc']}}}Filter_Capabilities"


def test_capabilities_are_asked_by_a_document_too(csw: Csw) -> None:
    body = (
        f'<GetCapabilities xmlns="{CSW}" xmlns:ows="{NAMES["ows"]}" service="CSW">'
        "<ows:AcceptVersions><ows:Version>2.0.2</ows:Version></ows:AcceptVersions>"
        "<ows:Sections><ows:Section>ServiceProvider</ows:Section></ows:Sections></GetCapabilities>"
    )

    root = etree.fromstring(csw.post(body).data)

    assert [etree.QName(each).localname for each in root] == ["ServiceProvider", "Filter_Capabilities"]


def test_records_are_described(csw: Csw) -> None:
    both = etree.fromstring(csw.get("DescribeRecord").data)
    one = etree.fromstring(csw.get("DescribeRecord", typeName="gmd:MD_Metadata").data)

    assert [each.get("targetNamespace") for each in both] == [CSW, GMD]
    assert [each.get("targetNamespace") for each in one] == [GMD]


@pytest.mark.usefixtures("filled")
def test_pages_are_full_but_for_the_last_and_say_where_the_next_begins(csw: Csw) -> None:
    pages = [csw.page(startPosition=start) for start in (1, 11, 21)]

    assert [(each.matched, each.returned, each.next) for each in pages] == [(25, 10, 11), (25, 10, 21), (25, 5, 0)]
    ids = [id_ for each in pages for id_ in each.ids]
    assert ids == sorted(str(record(str(n)).id) for n in range(25))


@pytest.mark.usefixtures("filled")
def test_a_document_asks_what_parameters_ask(csw: Csw) -> None:
    by_document = page_of(csw.post(document(startPosition="6", maxRecords="7")))

    by_parameters = csw.page(startPosition=6, maxRecords=7)

    assert by_document.ids == by_parameters.ids
    assert by_document.next == by_parameters.next == 13


@pytest.mark.usefixtures("filled")
def test_0_is_the_first_position_too(csw: Csw) -> None:
    assert csw.page(startPosition=0).ids == csw.page(startPosition=1).ids


@pytest.mark.usefixtures("filled")
def test_behind_the_last_record_there_is_nothing_and_the_count_stays(csw: Csw) -> None:
    page = csw.page(startPosition=26)

    assert (page.ids, page.matched, page.returned, page.next) == ([], 25, 0, 0)


@pytest.mark.usefixtures("filled")
def test_an_exact_last_page_has_no_next(csw: Csw) -> None:
    page = csw.page(maxRecords=25)

    assert (page.returned, page.next) == (25, 0)


@pytest.mark.parametrize("parameters", [{"resultType": "hits"}, {"resultType": None}, {"maxRecords": 0}])
@pytest.mark.usefixtures("filled")
def test_hits_are_a_count_without_records(csw: Csw, parameters: dict[str, Any]) -> None:
    page = csw.page(**parameters)

    assert (page.ids, page.matched, page.returned) == ([], 25, 0)


def test_a_page_never_holds_more_than_the_ceiling(csw: Csw, stock: Stock) -> None:
    for n in range(501):
        stock.put(record(str(n)))

    page = csw.page(maxRecords=100_000)

    assert (page.returned, page.matched, page.next) == (500, 501, 501)


def test_an_empty_catalogue_that_is_published_is_an_empty_list(csw: Csw) -> None:
    page = csw.page()

    assert (page.ids, page.matched, page.next) == ([], 0, 0)


@pytest.mark.parametrize("set_", ["brief", "summary", "full"])
@pytest.mark.usefixtures("filled")
def test_element_sets_are_told_and_given(csw: Csw, set_: str) -> None:
    page = csw.page(ElementSetName=set_)

    results = page.root.find("csw:SearchResults", NAMES)
    assert results.get("elementSet") == set_
    names = {"brief": "BriefRecord", "summary": "SummaryRecord", "full": "Record"}
    assert {each.tag for each in results} == {f"{{{CSW}}}{names[set_]}"}


@pytest.mark.parametrize("types", ["csw:Record", "gmd:MD_Metadata", "gmd:MD_Metadata,csw:Record"])
@pytest.mark.usefixtures("filled")
def test_iso_metadata_come_for_either_type(csw: Csw, types: str) -> None:
    page = csw.page(typeNames=types, outputSchema=GMD)

    assert page.root.find("csw:SearchResults", NAMES).get("recordSchema") == GMD
    assert page.ids == csw.page().ids


@pytest.mark.usefixtures("filled")
def test_single_elements_are_given(csw: Csw) -> None:
    page = csw.page(ElementSetName=None, ElementName="dc:identifier,dc:title")

    first = page.root.find("csw:SearchResults", NAMES)[0]
    assert [etree.QName(each).localname for each in first] == ["identifier", "title"]


def test_records_sort(csw: Csw, stock: Stock) -> None:
    for n, title in enumerate("BACD"):
        stock.put(record(title, title=title), at(n))

    by_title = csw.page(SortBy="dc:title:D", ElementSetName="full").root
    by_instant = page_of(csw.post(document(_SORTED))).ids

    assert _found(by_title, "//dc:title/text()") == ["D", "C", "B", "A"]
    assert by_instant == [str(record(each).id) for each in "DCAB"]


_SORTED = """<csw:ElementSetName>brief</csw:ElementSetName><ogc:SortBy><ogc:SortProperty>
<ogc:PropertyName>dct:modified</ogc:PropertyName><ogc:SortOrder>DESC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>"""


@pytest.mark.usefixtures("filled")
def test_the_request_id_comes_back(csw: Csw) -> None:
    root = csw.page(requestId="urn:uuid:7").root

    assert root.findtext("csw:RequestId", namespaces=NAMES) == "urn:uuid:7"


@pytest.mark.usefixtures("filled")
def test_records_come_by_identifier_and_unknown_ones_are_left_out(csw: Csw) -> None:
    ids = [str(record(str(n)).id) for n in (3, 7)]

    root = etree.fromstring(csw.get("GetRecordById", id=",".join([*ids, str(uuid4()), "x"])).data)

    assert sorted(_found(root, "//dc:identifier/text()")) == sorted(ids)


@pytest.mark.usefixtures("filled")
def test_iso_metadata_are_a_direct_child_of_the_answer_by_identifier(csw: Csw) -> None:
    wanted = str(record("3").id)
    head = f'<GetRecordById xmlns="{CSW}" service="CSW" version="2.0.2" outputSchema="{GMD}">'
    by_document = f"{head}<Id>{wanted}</Id></GetRecordById>"

    answers = [csw.get("GetRecordById", id=wanted, outputSchema=GMD, ElementSetName="full"), csw.post(by_document)]

    for each in answers:
        root = etree.fromstring(each.data)
        assert root.xpath("gmd:MD_Metadata/gmd:fileIdentifier/*/text()", namespaces=NAMES) == [wanted]


@pytest.mark.parametrize(
    ("parameters", "code", "locator"),
    [
        ({"service": None}, "MissingParameterValue", "service"),
        ({"service": "WFS"}, "InvalidParameterValue", "service"),
        ({"request": None}, "MissingParameterValue", "request"),
        ({"request": "GetMap"}, "InvalidParameterValue", "request"),
        ({"request": "GetDomain"}, "OperationNotSupported", "GetDomain"),
        ({"request": "Transaction"}, "OperationNotSupported", "Transaction"),
        ({"request": "Harvest"}, "OperationNotSupported", "Harvest"),
        ({"version": None}, "MissingParameterValue", "version"),
        ({"version": "3.0.0"}, "InvalidParameterValue", "version"),
        ({"request": "GetCapabilities", "acceptversions": "3.0.0"}, "VersionNegotiationFailed", "acceptversions"),
        ({"request": "GetCapabilities", "sections": "Contents"}, "InvalidParameterValue", "sections"),
        ({"request": "DescribeRecord", "typeName": "gmi:MI_Metadata"}, "InvalidParameterValue", "TypeName"),
        ({"request": "DescribeRecord", "schemaLanguage": "RELAX"}, "InvalidParameterValue", "schemaLanguage"),
        ({"request": "GetRecordById"}, "MissingParameterValue", "Id"),
        ({"request": "GetRecordById", "id": "1", "startPosition": 1}, "InvalidParameterValue", "startPosition"),
        ({"typeNames": None}, "MissingParameterValue", "typeNames"),
        ({"typeNames": "gmi:MI_Metadata"}, "InvalidParameterValue", "typeNames"),
        ({"outputSchema": "http://www.isotc211.org/2005/gmi"}, "InvalidParameterValue", "outputSchema"),
        ({"outputFormat": "application/json"}, "InvalidParameterValue", "outputFormat"),
        ({"resultType": "validate"}, "InvalidParameterValue", "resultType"),
        ({"ElementSetName": "whole"}, "InvalidParameterValue", "ElementSetName"),
        ({"ElementName": "dc:title", "ElementSetName": "full"}, "InvalidParameterValue", "ElementName"),
        ({"startPosition": "-1"}, "InvalidParameterValue", "startPosition"),
        ({"startPosition": "a"}, "InvalidParameterValue", "startPosition"),
        ({"maxRecords": "1.5"}, "InvalidParameterValue", "maxRecords"),
        ({"SortBy": "dct:abstract:A"}, "InvalidParameterValue", "SortBy"),
        ({"CONSTRAINT": "dc:title = 'a'"}, "MissingParameterValue", "CONSTRAINTLANGUAGE"),
        ({"CONSTRAINT": "a", "CONSTRAINTLANGUAGE": "SQL"}, "InvalidParameterValue", "CONSTRAINTLANGUAGE"),
        ({"CONSTRAINT": "a =", "CONSTRAINTLANGUAGE": "CQL_TEXT"}, "InvalidParameterValue", "Constraint"),
        ({"CONSTRAINT": "<a", "CONSTRAINTLANGUAGE": "FILTER"}, "InvalidParameterValue", "Constraint"),
        ({"CONSTRAINT": "x:no = 'a'", "CONSTRAINTLANGUAGE": "CQL_TEXT"}, "InvalidParameterValue", "x:no"),
        ({"distributedSearch": "TRUE"}, "InvalidParameterValue", "DistributedSearch"),
        ({"bbox": "1,2,3,4"}, "InvalidParameterValue", "bbox"),
        ({"startPosition": 200_000}, "InvalidParameterValue", "startPosition"),
    ],
)
def test_what_is_wrong_is_an_exception_report_that_says_where(
    csw: Csw, parameters: dict[str, Any], code: str, locator: str
) -> None:
    given: dict[str, Any] = {"request": "GetRecords"}
    if parameters.get("request", "GetRecords") == "GetRecords":
        given |= {"typeNames": "csw:Record", "resultType": "results"}

    assert csw.fault(csw.get(**(given | parameters))) == (code, locator)


def test_a_parameter_that_comes_twice_is_refused(csw: Csw) -> None:
    answer = csw.client.get("/csw?service=CSW&SERVICE=CSW&request=GetCapabilities", base_url=BASE)

    assert csw.fault(answer) == ("InvalidParameterValue", "SERVICE")


@pytest.mark.parametrize(
    ("body", "code", "locator"),
    [
        ("<a/>", "InvalidParameterValue", "request"),
        ("", "InvalidParameterValue", None),
        ("<!DOCTYPE a><a/>", "InvalidParameterValue", None),
        (f'<GetDomain xmlns="{CSW}" service="CSW" version="2.0.2"/>', "OperationNotSupported", "GetDomain"),
        (f'<GetRecords xmlns="{CSW}" version="2.0.2"/>', "MissingParameterValue", "service"),
        (f'<GetRecords xmlns="{CSW}" service="CSW" version="2.0.2"/>', "MissingParameterValue", "Query"),
        (document(types=""), "MissingParameterValue", "typeNames"),
        (document(types="gmd:Other"), "InvalidParameterValue", "typeNames"),
        (document("<csw:Other/>"), "InvalidParameterValue", "Other"),
        (document(maxRecords="many"), "InvalidParameterValue", "maxRecords"),
        (document("<csw:Constraint/>"), "InvalidParameterValue", "Constraint"),
        (f'<GetRecordById xmlns="{CSW}" service="CSW" version="2.0.2"/>', "MissingParameterValue", "Id"),
    ],
)
def test_a_document_that_is_wrong_is_told_so(csw: Csw, body: str, code: str, locator: str | None) -> None:
    assert csw.fault(csw.post(body)) == (code, locator)


def test_a_document_type_brings_in_nothing(csw: Csw, tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    body = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]>' + document(
        "<csw:ElementSetName>&x;</csw:ElementSetName>"
    )

    answer = csw.post(body)

    assert csw.fault(answer) == ("InvalidParameterValue", None)
    assert "hidden" not in answer.text


@pytest.mark.parametrize(("media_type", "status"), [("application/json", 415), ("text/plain", 415), ("text/xml", 200)])
def test_a_document_is_xml(csw: Csw, media_type: str, status: int) -> None:
    answer = csw.post(document(), media_type)

    assert answer.status_code == status
    assert answer.mimetype == "application/xml"


def test_a_document_beyond_the_bound_is_refused(csw: Csw) -> None:
    assert csw.fault(csw.post(document(f"<!--{'x' * 1_100_000}-->")), 413) == ("NoApplicableCode", None)


@pytest.mark.usefixtures("filled")
def test_a_form_asks_as_parameters_do(csw: Csw) -> None:
    form = {"service": "CSW", "version": "2.0.2", "request": "GetRecords", "typeNames": "csw:Record"}

    answer = csw.client.post("/csw", data=form | {"resultType": "results", "ElementSetName": "brief"}, base_url=BASE)

    assert page_of(answer).matched == 25


def test_other_methods_are_not_taken(csw: Csw) -> None:
    assert csw.client.put("/csw", base_url=BASE).status_code == 405


@pytest.mark.parametrize("request_", ["GetCapabilities", "DescribeRecord", "GetRecords", "GetRecordById"])
def test_a_catalogue_that_was_never_published_cannot_answer(csw: Csw, stock: Stock, request_: str) -> None:
    stock.unpublish()
    more = {"GetRecords": {"typeNames": "csw:Record"}, "GetRecordById": {"id": str(uuid4())}}.get(request_, {})

    answer = csw.get(request_, **more)

    assert csw.fault(answer, 503) == ("NoApplicableCode", None)
    assert int(answer.headers["Retry-After"]) > 0


def test_who_sees_nothing_public_is_asked_for_a_token(csw: Csw, stock: Stock) -> None:
    stock.connection.execute("DELETE FROM acl.profile_in_force")

    assert csw.get("GetCapabilities").status_code == 401


def test_a_record_of_a_key_that_the_caller_does_not_hold_does_not_exist(csw: Csw, stock: Stock) -> None:
    seen, hidden = record("seen"), record("hidden", "gia-dat")
    stock.put(seen)
    stock.put(hidden, key="don-vi:gia-dat")

    assert (csw.page().ids, csw.page().matched) == ([str(seen.id)], 1)
    assert str(hidden.id) not in csw.get("GetRecordById", id=str(hidden.id)).text
    assert csw.page(CONSTRAINTLANGUAGE="CQL_TEXT", CONSTRAINT=f"dc:identifier = '{hidden.id}'").matched == 0


def test_modified_is_the_instant_at_which_the_caller_got_the_key(csw: Csw, stock: Stock) -> None:
    late = record("plans", "quy-hoach")
    stock.put(late, key=PLANS)
    stock.connection.execute("UPDATE cb.khoa_cua SET tu = %s, dau_tien = false WHERE khoa = %s", [at(100), PLANS])

    since = csw.page(CONSTRAINTLANGUAGE="CQL_TEXT", CONSTRAINT=f"dct:modified >= '{at(50):%Y-%m-%dT%H:%M:%SZ}'")

    assert since.ids == [str(late.id)]


def test_capabilities_tell_when_what_the_caller_sees_changed_and_no_other_publication(csw: Csw, stock: Stock) -> None:
    stock.put(record("a"), at(5))
    stock.put(record("b", "gia-dat"), at(90), "don-vi:gia-dat")
    stock.publish(at(90))

    root = etree.fromstring(csw.get("GetCapabilities").data)

    assert root.get("updateSequence") == "2026-01-01T00:00:05Z"
