"""OAI-PMH 2.0 from outside, clause by clause."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from catalogue.files import read_layers
from catalogue.profile import compile_profile, whole
from formats.records.offered import BY_PREFIX
from harvest.faces import oai as face
from tests.harvest.stock import CADASTRE, PLANS, Stock, at, record, records_only

OAI = "{http://www.openarchives.org/OAI/2.0/}"
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("oai_pmh.xsd")))
PREFIX = "iso19139"
RECORDS = sorted((record(f"so-{n}") for n in range(9)), key=lambda each: each.id)
PLAN = record("quy-hoach", "quy-hoach")
LIST = {"verb": "ListRecords", "metadataPrefix": PREFIX}
HEADERS = {"verb": "ListIdentifiers", "metadataPrefix": PREFIX}


@pytest.fixture(scope="module", autouse=True)
def short_pages() -> Iterator[None]:
    """Cut lists after four entries: the catalogue has ten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face, "PAGE_SIZE", 4)
        patch.setattr(face, "LONG_PAGE_SIZE", 4)
        yield


@pytest.fixture(scope="module")
def full(kept_stock: Stock, kept_client: Client) -> Client:
    """The application over a catalogue in which one record was taken away."""
    for n, each in enumerate(RECORDS):
        kept_stock.put(each, at(n))
    kept_stock.put(PLAN, at(3), PLANS)
    kept_stock.remove(RECORDS[2].id, at(20), by=RECORDS[3].id)
    return kept_client


def oai_id(id_: UUID) -> str:
    return f"oai:land.example.vn:{id_}"


def ask(client: Client, parameters: Any = None, **more: str) -> etree._Element:
    """Return the root of an answer that is OAI-PMH."""
    answer = client.get("/oai", query_string=dict(parameters or {}, **more))
    return read(answer)


def read(answer: TestResponse) -> etree._Element:
    assert answer.status_code == 200, answer.text[:500]
    assert answer.content_type == "text/xml; charset=utf-8"
    root = etree.fromstring(answer.data)
    SCHEMA.assertValid(root)
    return root


def error(root: etree._Element) -> str | None:
    found = root.find(f"{OAI}error")
    return None if found is None else found.get("code")


def texts(root: etree._Element, name: str) -> list[str]:
    return [each.text or "" for each in root.iter(OAI + name)]


def identifiers(root: etree._Element) -> list[str]:
    return [each.findtext(f"{OAI}identifier") or "" for each in root.iter(f"{OAI}header")]


def token(root: etree._Element) -> str | None:
    return root.findtext(f".//{OAI}resumptionToken")


def harvest(client: Client, parameters: dict[str, str]) -> list[str]:
    """Return the identifiers of all pages."""
    page = ask(client, parameters)
    found = identifiers(page)
    while following := token(page):
        page = ask(client, verb=parameters["verb"], resumptionToken=following)
        found += identifiers(page)
    return found


def test_identify_says_what_harvesters_rely_on(full: Client) -> None:
    root = ask(full, verb="Identify")

    told = {each.tag.removeprefix(OAI): each.text for each in root.iterfind(f"{OAI}Identify/*")}
    assert told["baseURL"] == "http://land.example.vn/oai"
    assert told["protocolVersion"] == "2.0"
    assert told["deletedRecord"] == "persistent"
    assert told["granularity"] == "YYYY-MM-DDThh:mm:ssZ"
    assert told["earliestDatestamp"] == "2026-01-01T00:00:00Z"
    assert "@" in str(told["adminEmail"])
    assert "oai:land.example.vn:" in etree.tostring(root).decode()


def test_formats_are_listed_with_schema_and_namespace_for_all_and_for_one_record(full: Client) -> None:
    for more in ({}, {"identifier": oai_id(PLAN.id)}, {"identifier": oai_id(RECORDS[2].id)}):
        root = ask(full, {"verb": "ListMetadataFormats"}, **more)

        assert PREFIX in texts(root, "metadataPrefix")
        assert all(texts(root, "schema"))
        assert all(texts(root, "metadataNamespace"))


def test_sets_are_the_components_of_which_there_are_records(full: Client) -> None:
    root = ask(full, verb="ListSets")

    assert texts(root, "setSpec") == ["dia-chinh", "quy-hoach"]
    assert all(texts(root, "setName"))


def test_a_record_has_header_and_metadata(full: Client) -> None:
    root = ask(full, verb="GetRecord", metadataPrefix=PREFIX, identifier=oai_id(PLAN.id))

    assert identifiers(root) == [oai_id(PLAN.id)]
    assert texts(root, "datestamp") == ["2026-01-01T00:00:03Z"]
    assert texts(root, "setSpec") == ["quy-hoach"]
    (metadata,) = root.iter(f"{OAI}metadata")
    assert etree.QName(metadata[0]).localname == "MD_Metadata"
    assert str(PLAN.id) in etree.tostring(metadata).decode()


def test_a_record_that_was_taken_away_is_a_header_with_the_instant_of_the_loss(full: Client) -> None:
    root = ask(full, verb="GetRecord", metadataPrefix=PREFIX, identifier=oai_id(RECORDS[2].id))

    (header,) = root.iter(f"{OAI}header")
    assert header.get("status") == "deleted"
    assert header.findtext(f"{OAI}datestamp") == "2026-01-01T00:00:20Z"
    assert not list(root.iter(f"{OAI}metadata"))


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_a_list_gives_each_record_once_also_what_was_taken_away(full: Client, verb: str) -> None:
    found = harvest(full, {"verb": verb, "metadataPrefix": PREFIX})

    assert found == [oai_id(each) for each in sorted([*(each.id for each in RECORDS), PLAN.id])]


@pytest.mark.parametrize("prefix", ["oai_dc", "iso19139", "iso19115-3", "dcat"])
def test_every_format_of_every_record_stands_in_an_answer_as_the_protocol_has_it(full: Client, prefix: str) -> None:
    root = ask(full, LIST, metadataPrefix=prefix)

    namespaces = {etree.QName(each[0]).namespace for each in root.iter(f"{OAI}metadata")}
    (told,) = {each.namespace for each in BY_PREFIX.values() if each.prefix == prefix}
    assert namespaces == {told}


def test_pages_are_full_and_count_what_was_given(full: Client) -> None:
    page, cursors, sizes = ask(full, LIST), [], []
    while True:
        (told,) = page.iter(f"{OAI}resumptionToken")
        cursors.append((told.get("cursor"), told.get("completeListSize"), told.get("expirationDate") is not None))
        sizes.append(len(identifiers(page)))
        if not told.text:
            break
        page = ask(full, verb="ListRecords", resumptionToken=told.text)

    assert sizes == [4, 4, 2]
    assert cursors == [("0", "10", True), ("4", "10", True), ("8", "10", False)]


def test_a_list_of_one_page_has_no_token(full: Client) -> None:
    assert not list(ask(full, LIST, set="quy-hoach").iter(f"{OAI}resumptionToken"))


def test_a_token_gives_the_same_page_as_often_as_it_is_shown(full: Client) -> None:
    following = token(ask(full, LIST)) or ""

    pages = [full.get("/oai", query_string={"verb": "ListRecords", "resumptionToken": following}) for _ in range(3)]

    assert len({page.data for page in pages}) == 1


def test_the_same_prefix_beside_a_token_is_tolerated_and_another_one_refused(full: Client) -> None:
    following = token(ask(full, LIST)) or ""

    same = ask(full, LIST, resumptionToken=following)
    other = ask(full, verb="ListRecords", metadataPrefix="oai_dc", resumptionToken=following)

    assert len(identifiers(same)) == 4
    assert error(other) == "badArgument"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({"from": "2026-01-01T00:00:08Z"}, 2),
        ({"from": "2026-01-01T00:00:08Z", "until": "2026-01-01T00:00:08Z"}, 1),
        ({"until": "2026-01-01T00:00:01Z"}, 2),
        ({"from": "2026-01-01", "until": "2026-01-01"}, 10),
        ({"from": "2026-01-01T00:00:20Z"}, 1),
        ({"set": "quy-hoach"}, 1),
        ({"set": "quy-hoach", "from": "2026-01-01T00:00:03Z"}, 1),
    ],
)
def test_lists_are_narrowed_by_instants_of_records_and_of_losses_and_by_sets(
    full: Client, span: dict[str, str], expected: int
) -> None:
    assert len(harvest(full, HEADERS | span)) == expected


def test_a_form_is_answered_as_a_query(full: Client) -> None:
    answer = full.post("/oai", data=HEADERS)

    assert identifiers(read(answer)) == identifiers(ask(full, HEADERS))


def test_the_request_is_repeated_as_it_came(full: Client) -> None:
    told = ask(full, LIST, set="quy-hoach").find(f"{OAI}request")

    assert told is not None
    assert dict(told.attrib) == LIST | {"set": "quy-hoach"}
    assert told.text == "http://land.example.vn/oai"


GONE = "2030-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=", "badVerb"),
        ("verb=Listrecords", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&metadataPrefix=oai_dc", "badArgument"),
        ("verb=Identify&lang=vi", "badArgument"),
        ("verb=ListSets&set=x", "badArgument"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=", "badArgument"),
        ("verb=ListRecords&metadataPrefix=a%20b", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&metadataPrefix={PREFIX}", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&identifier=x", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&set=", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&set=a:", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=yesterday", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=2026-02-30", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=2026-01-01T00:00:00", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=2026-01-01T00:00:00.5Z", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=2026-01-01&until=2026-01-02T00:00:00Z", "badArgument"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from=2026-01-02&until=2026-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&from={GONE}", "noRecordsMatch"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&until=2000-01-01", "noRecordsMatch"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&set=gia-dat", "noRecordsMatch"),
        (f"verb=ListRecords&metadataPrefix={PREFIX}&set=nothing", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=nonsense", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=%00%FF", None),
        ("verb=ListRecords&resumptionToken=nonsense&set=x", "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"),
        (f"verb=GetRecord&identifier={oai_id(PLAN.id)}", "badArgument"),
        (f"verb=GetRecord&metadataPrefix=marc21&identifier={oai_id(PLAN.id)}", "cannotDisseminateFormat"),
        (f"verb=GetRecord&metadataPrefix={PREFIX}&identifier=oai:land.example.vn:{UUID(int=7)}", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix={PREFIX}&identifier=oai:other.example:{PLAN.id}", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix={PREFIX}&identifier={PLAN.id}", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix={PREFIX}&identifier={str(oai_id(PLAN.id)).upper()}", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix={PREFIX}&identifier=%01%0B%3C", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=nothing", "idDoesNotExist"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_protocol(full: Client, query: str, code: str | None) -> None:
    answer = full.get("/oai", query_string=query)

    if code is None:
        assert answer.status_code == 400  # no UTF-8: nothing that XML could repeat
        return
    root = read(answer)
    assert error(root) == code
    told = root.find(f"{OAI}request")
    assert told is not None
    assert (not told.attrib) is (code in ("badVerb", "badArgument"))


def test_a_token_that_was_changed_or_belongs_to_another_verb_is_refused(full: Client) -> None:
    following = token(ask(full, LIST)) or ""

    for wrong in (following[:-1], following + "A", following[1:], "A" + following[1:], following + "=", following * 20):
        assert error(ask(full, verb="ListRecords", resumptionToken=wrong)) == "badResumptionToken", wrong
    assert error(ask(full, verb="ListIdentifiers", resumptionToken=following)) == "badResumptionToken"


def test_other_methods_are_refused_and_the_head_is_that_of_a_get(full: Client) -> None:
    assert full.put("/oai").status_code == 405
    assert full.post("/oai", data="{}", content_type="application/json").status_code == 415
    head = full.head("/oai", query_string=LIST)
    assert (head.status_code, head.data) == (200, b"")


def test_control_characters_of_records_and_requests_do_not_break_the_document(stock: Stock, client: Client) -> None:
    stock.put(record("x", title="a\x0bb\x1f<&>\ufffe"))

    root = ask(client, LIST)

    assert len(identifiers(root)) == 1


def test_an_empty_catalogue_has_no_records_and_no_sets_and_says_since_when(stock: Stock, client: Client) -> None:
    stock.publish(at(100))

    assert error(ask(client, LIST)) == "noRecordsMatch"
    assert error(ask(client, verb="ListSets")) == "noSetHierarchy"
    assert texts(ask(client, verb="Identify"), "earliestDatestamp") == ["1970-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    "query",
    [
        {"verb": "Identify"},
        {"verb": "ListSets"},
        {"verb": "nothing"},
        LIST,
        LIST | {"set": "gia-dat"},
        {"verb": "GetRecord", "metadataPrefix": PREFIX, "identifier": oai_id(PLAN.id)},
    ],
)
def test_a_catalogue_that_was_never_published_is_unavailable_and_not_empty(
    full: Client, kept_stock: Stock, query: dict[str, str]
) -> None:
    kept_stock.unpublish()
    try:
        answer = full.get("/oai", query_string=query)
    finally:
        kept_stock.publish()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_caller_without_the_catalogue_finds_nothing_there(
    stock: Stock, client: Client, publish: Callable[..., None], empty_db: str
) -> None:
    stock.put(RECORDS[0])
    communes = next(each for each in read_layers() if each.id != "sieu-du-lieu")

    publish(empty_db, compile_profile([whole(communes)]))
    assert client.get("/oai", query_string=LIST).status_code == 404

    publish(empty_db, compile_profile([]))
    assert client.get("/oai", query_string=LIST).status_code == 401


def test_a_list_stays_whole_when_the_catalogue_changes_between_its_pages(stock: Stock, client: Client) -> None:
    for each in RECORDS:
        stock.put(each)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    first = ask(client, LIST, until="2026-06-01")
    begun = first.findtext(f"{OAI}responseDate")
    stock.retitle(RECORDS[0], "Given already", later)
    stock.retitle(RECORDS[8], "Not given yet", later)
    stock.remove(RECORDS[7].id, later)
    new = record(str(uuid4()))
    stock.put(new, later)

    page, found = first, identifiers(first)
    while following := token(page):
        page = ask(client, verb="ListRecords", resumptionToken=following)
        found += identifiers(page)
        assert page.findtext(f"{OAI}responseDate") == begun

    assert {oai_id(each.id) for each in RECORDS} <= set(found)
    assert len(found) == len(set(found))
    again = set(harvest(client, HEADERS | {"from": begun or ""}))
    assert again == {oai_id(each) for each in (RECORDS[0].id, RECORDS[7].id, RECORDS[8].id, new.id)}


def test_a_list_whose_rest_went_out_of_sight_is_begun_again(
    stock: Stock, client: Client, publish: Callable[..., None], empty_db: str
) -> None:
    for each in RECORDS[:4]:
        stock.put(each)
    last = record("z", "quy-hoach")
    while last.id < RECORDS[3].id:
        last = record(str(uuid4()), "quy-hoach")
    stock.put(last, key=PLANS)
    following = token(ask(client, LIST)) or ""

    publish(empty_db, records_only(CADASTRE))

    assert error(ask(client, verb="ListRecords", resumptionToken=following)) == "badResumptionToken"


def test_a_token_ends_by_the_clock(full: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    following = token(ask(full, LIST)) or ""
    monkeypatch.setattr("harvest.faces.oai_tokens.GOOD_FOR", timedelta(seconds=-10))

    assert error(ask(full, verb="ListRecords", resumptionToken=following)) == "badResumptionToken"
