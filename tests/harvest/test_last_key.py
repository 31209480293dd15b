"""Who lost the last record is told that it was taken away, and nobody else is told anything."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from catalogue.profile import compile_profile
from tests.harvest.stock import BASE, CADASTRE, PLANS, Stock, at, record, records_only

ACCOUNT = """
    WITH unit AS (
        INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%(code)s, 'U', 'khac', '2020-01-01') RETURNING id)
    INSERT INTO acl.account (code, unit_id, kind, state) SELECT %(code)s, id, 'machine', 'active' FROM unit RETURNING id
"""
TOKEN = """
    INSERT INTO oauth.token (hash, kind, account_id, scopes, family, expires_at, networks)
    VALUES (%s, 'personal', %s, %s, gen_random_uuid(), now() + interval '1 hour', '{}')
"""
LOST, CATALOGUE = record("mat"), "/collections/sieu-du-lieu"
ADDRESS = f"{CATALOGUE}/items/{LOST.id}"
OAI_LIST = "/oai?verb=ListRecords&metadataPrefix=oai_dc"
CSW = "/csw?service=CSW&version=2.0.2&request="
CSW_LIST = f"{CSW}GetRecords&typeNames=csw:Record&resultType=results"
FACES = (
    OAI_LIST,
    "/oai?verb=Identify",
    f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:land.example.vn:{LOST.id}",
    "/oai?verb=nonsense",
    "/changes",
    "/changes?since=nonsense",
    f"{CSW}GetCapabilities",
    CSW_LIST,
    "/sitemap.xml",
    ADDRESS,
    f"{ADDRESS}?f=nonsense",
)
NAMES = {"o": "http://www.openarchives.org/OAI/2.0/"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody who asks, by token or, without one, as the public does."""

    client: Client
    name: str = "public"
    token: str = ""

    def get(self, path: str, method: str = "GET") -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(path, method=method, base_url=BASE, headers=headers)


@dataclass(frozen=True, slots=True)
class World:
    """A catalogue and its subjects."""

    dsn: str
    client: Client
    stock: Stock
    publish: Callable[..., None]

    def account(self, code: str, *scopes: str) -> Subject:
        """Make an account with a token, to which nothing is given yet."""
        execute = self.stock.connection.execute
        (number,) = execute(ACCOUNT.encode(), {"code": code}).fetchone() or (0,)
        token = f"token of {code}".replace(" ", "-")
        execute(TOKEN.encode(), [sha256(token.encode()).hexdigest(), number, list(scopes or ("records:read",))])
        return Subject(self.client, f"account:{number}", token)

    def give(self, subject: Subject, *keys: str) -> None:
        """Give keys to a subject, as an agreement does."""
        self.publish(self.dsn, records_only(*keys), subject.name)
        self.stock.hold(*keys, subject=subject.name)

    def take(self, subject: Subject, *keys: str) -> None:
        """Take all that a subject has, which are these keys."""
        self.publish(self.dsn, compile_profile([]), subject.name)
        for key in keys:
            self.stock.lose(key, at(30), subject.name)


@pytest.fixture
def world(empty_db: str, client: Client, stock: Stock, publish: Callable[..., None]) -> World:
    """A catalogue with one record, in which the public has nothing and never had."""
    stock.put(LOST)
    stock.connection.execute("DELETE FROM cb.khoa_cua")
    publish(empty_db, compile_profile([]))
    return World(empty_db, client, stock, publish)


def _given(world: World, who: str) -> Subject:
    return Subject(world.client) if who == "public" else world.account(who)


def _said(answer: TestResponse) -> tuple[object, ...]:
    return answer.status_code, sorted(answer.headers.items()), answer.data


@pytest.fixture(params=["public", "may"])
def loser(request: pytest.FixtureRequest, world: World) -> Subject:
    """Who had the key of the cadastre and has nothing any more."""
    subject = _given(world, request.param)
    world.give(subject, CADASTRE)
    assert subject.get(ADDRESS).status_code == 200
    world.take(subject, CADASTRE)
    return subject


def test_the_harvester_of_who_lost_the_last_key_learns_of_the_deletions(loser: Subject) -> None:
    listed = etree.fromstring(loser.get(OAI_LIST).data)
    changes = loser.get("/changes").get_json()["changes"]

    assert listed.xpath("//o:header[@status='deleted']/o:identifier/text()", namespaces=NAMES) == [
        f"oai:land.example.vn:{LOST.id}"
    ]
    assert listed.xpath("//o:datestamp/text()", namespaces=NAMES) == ["2026-01-01T00:00:30Z"]
    assert [(each["id"], each["op"], each["at"]) for each in changes] == [
        (str(LOST.id), "delete", "2026-01-01T00:00:30Z")
    ]


def test_the_other_faces_have_no_record_for_it_and_say_so_without_a_fault(loser: Subject) -> None:
    asked = ("Identify", "ListSets", "ListMetadataFormats", "ListIdentifiers&metadataPrefix=iso19139")
    constraint = "&CONSTRAINTLANGUAGE=CQL_TEXT&CONSTRAINT=AnyText%20like%20'%25a%25'"
    bbox = "%20and%20BBOX(ows:BoundingBox,106,11,108,13)"
    sorted_ = "&startPosition=3&SortBy=dct:modified:D"
    answers = [
        *(loser.get(f"/oai?verb={each}") for each in asked),
        loser.get("/oai?verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01T00:00:01Z&until=2026-05-01T00:00:00Z"),
        loser.get("/changes?since=2026-01-01T00:00:00Z"),
        loser.get(f"{CSW}GetCapabilities"),
        *(loser.get(CSW_LIST + each) for each in ("", constraint, constraint + bbox, sorted_)),
        loser.get(f"{CSW}GetRecordById&id={LOST.id}"),
        loser.get("/sitemap.xml"),
    ]

    assert [each.status_code for each in answers] == [200] * len(answers)
    assert not any(LOST.description.title.vi in each.text for each in answers)
    assert 'numberOfRecordsMatched="0"' in answers[-6].text
    assert b"error" not in answers[4].data


def test_the_address_of_a_record_that_it_lost_is_gone_and_any_other_is_not_found(loser: Subject) -> None:
    gone, absent = loser.get(ADDRESS), loser.get(f"{CATALOGUE}/items/{UUID(int=7)}")

    assert (gone.status_code, gone.get_json()["deletedAt"]) == (410, "2026-01-01T00:00:30Z")
    assert absent.status_code == 404


def test_the_collection_itself_is_there_for_it_no_more(loser: Subject) -> None:
    refused = 404 if loser.token else 401

    for path in (CATALOGUE, f"{CATALOGUE}/items", f"{CATALOGUE}/schema", "/collections/thua-dat", "/nothing"):
        assert loser.get(path).status_code == refused


def test_a_record_that_comes_later_is_nothing_to_it(world: World, loser: Subject) -> None:
    later = record("sau")
    world.stock.put(later, at(60))
    world.stock.remove(later.id, at(70))

    assert [each["id"] for each in loser.get("/changes").get_json()["changes"]] == [str(LOST.id)]
    assert loser.get(f"{CATALOGUE}/items/{later.id}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("who", ["public", "may"])
def test_who_never_saw_it_is_told_nothing_byte_for_byte(world: World, who: str, method: str) -> None:
    stranger, loser = _given(world, who), world.account("khac")
    before = [_said(stranger.get(path, method)) for path in FACES]
    world.give(loser, CADASTRE, PLANS)
    world.take(loser, CADASTRE, PLANS)

    assert [_said(stranger.get(path, method)) for path in FACES] == before
    assert {each[0] for each in before} == {(401 if who == "public" else 405 if method == "DELETE" else 404)}
    if who == "public":
        assert len({repr(each) for each in before}) == 1


def test_a_token_for_something_else_does_not_read_what_its_account_lost(world: World) -> None:
    other = world.account("may", "reports:write")
    world.give(other, CADASTRE)
    world.take(other, CADASTRE)

    answers = [other.get(path) for path in FACES]

    assert {each.status_code for each in answers} == {403}
    assert "mat" not in {each.text for each in answers}


def test_a_token_of_features_reads_what_its_account_lost(world: World) -> None:
    other = world.account("may", "features:read")
    world.give(other, CADASTRE)
    world.take(other, CADASTRE)

    assert [each["op"] for each in other.get("/changes").get_json()["changes"]] == ["delete"]


def test_who_gets_a_key_back_sees_the_record_again(world: World, loser: Subject) -> None:
    world.publish(world.dsn, records_only(CADASTRE), loser.name)
    world.stock.hold(CADASTRE, subject=loser.name, since=at(90), first=False)

    assert [each["op"] for each in loser.get("/changes").get_json()["changes"]] == ["put"]


def test_the_profile_may_be_away_as_a_whole(world: World, loser: Subject) -> None:
    with psycopg.connect(world.dsn) as connection:
        connection.execute("DELETE FROM acl.profile_in_force WHERE subject = %s", [loser.name])

    assert loser.get(ADDRESS).status_code == 410
