"""Who is let in: tokens, sessions and the public; from where; and what is kept of them."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import Client

from auth.credentials.sessions import cookie_name
from catalogue.files import read_layers
from catalogue.profile import Allowance, Collection, OneOf, Operation, RowScope, compile_profile
from catalogue.record_keys import RECORDS, keyed
from core.settings import Settings
from server.access import principal_of
from server.app import Application, create

LAYERS = {each.id: each for each in read_layers()}
ITEMS = "/collections/thua-dat/items"
READ = Allowance(frozenset({Operation.READ, Operation.QUERY}))
MACHINE = """
    WITH unit AS (
        INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%(code)s, 'U', 'khac', '2020-01-01') RETURNING id)
    INSERT INTO acl.account (code, unit_id, kind, state) SELECT %(code)s, id, 'machine', 'active' FROM unit RETURNING id
"""
TOKEN = """
    INSERT INTO oauth.token (hash, kind, account_id, scopes, family, expires_at, networks)
    VALUES (%s, 'personal', %s, %s, gen_random_uuid(), now() + interval '1 hour', %s::cidr[])
"""


class World:
    """A province in which one machine sees the parcels of one commune, and the public nothing."""

    def __init__(self, dsn: str, publish: Callable[..., None], application: Application) -> None:
        self.dsn = dsn
        self.publish = publish
        self.client = Client(application)
        with psycopg.connect(dsn) as connection:
            self.commune, self.parcels = connection.execute(
                "SELECT xa_id, count(*) FROM dc.thua_dat WHERE hieu_luc_den IS NULL GROUP BY 1 ORDER BY 2 DESC"
            ).fetchone() or (0, 0)
            self.account = (connection.execute(MACHINE, {"code": "may"}).fetchone() or (0,))[0]
            connection.execute("DELETE FROM acl.profile_in_force WHERE subject = 'public'")
        parcels = LAYERS["thua-dat"]
        scope = RowScope((OneOf("xa_id", (self.commune,)),))
        seen = Collection("thua-dat", parcels, parcels.columns, scope, allowance=READ)
        publish(dsn, compile_profile([seen, keyed(LAYERS[RECORDS], ["khung:thua-dat"])]), f"account:{self.account}")

    def do(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement.encode(), values)

    def token(self, name: str, *, scopes: tuple[str, ...] = ("features:read",), networks: tuple[str, ...] = ()) -> str:
        self.do(TOKEN, sha256(name.encode()).hexdigest(), self.account, list(scopes), list(networks))
        return name

    def status(self, token: str | None, path: str = ITEMS, *, address: str = "127.0.0.1") -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": address}).status_code


@pytest.fixture
def world(
    sample_db: str, as_app: Callable[[str], str], publish: Callable[..., None], tmp_path: Path
) -> Iterator[World]:
    application = create(Settings(database_url=as_app(sample_db), home=tmp_path))
    with psycopg.connect(sample_db) as connection:
        connection.execute("TRUNCATE oauth.token, acl.profile_in_force CASCADE")
        connection.execute("DELETE FROM acl.account; DELETE FROM acl.unit")
    yield World(sample_db, publish, application)
    application.close()


def test_a_token_shows_its_own_world_and_nobody_sees_anything_without_one(world: World):
    token = world.token("lda_mine")

    page = world.client.get(ITEMS, headers={"Authorization": f"Bearer {token}"}).get_json(force=True)

    assert page["numberMatched"] == world.parcels
    assert {each["properties"]["xa_id"] for each in page["features"]} == {world.commune}
    assert world.status(token, "/collections/quyen-su-dung-dat") == 404


def test_a_token_of_records_shows_the_collection_of_records_and_no_other(world: World):
    token = world.token("lda_records", scopes=("records:read",))

    listed = world.client.get("/collections", headers={"Authorization": f"Bearer {token}"}).get_json(force=True)

    assert [each["id"] for each in listed["collections"]] == [RECORDS]
    assert world.status(token, f"/collections/{RECORDS}") == 200
    assert world.status(token, f"/collections/{RECORDS}/schema") == 200
    assert {world.status(token, each) for each in (ITEMS, "/collections/thua-dat", f"{ITEMS}/1")} == {404}


def test_a_token_of_features_shows_records_too(world: World):
    token = world.token("lda_features")

    listed = world.client.get("/collections", headers={"Authorization": f"Bearer {token}"}).get_json(force=True)

    assert {each["id"] for each in listed["collections"]} == {RECORDS, "thua-dat"}


def test_two_tokens_of_one_account_are_not_taken_for_one_another(world: World):
    """What is made for a token of records is kept apart from what is made for the whole profile."""
    tokens = world.token("lda_records", scopes=("records:read",)), world.token("lda_features")

    seen = [[world.status(each, "/collections/thua-dat") for each in order] for order in (tokens, tokens[::-1])]

    assert seen == [[404, 200], [200, 404]]


@pytest.mark.parametrize("path", [f"/collections/{RECORDS}", f"/collections/{RECORDS}/items", "/oai?verb=Identify"])
def test_a_token_for_other_things_is_told_which_scope_records_take(world: World, path: str):
    token = world.token("lda_tiles", scopes=("tiles:read",))

    answer = world.client.get(path, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="records:read"'
    assert answer.get_json(force=True)["detail"].startswith("This takes a token with the scope records:read")
    assert world.status(token, "/collections/thua-dat") == 404


@pytest.mark.parametrize(
    "path", [ITEMS, "/collections", "/api", "/functions", "/nothing/here", "/collections/x/items/1"]
)
def test_while_nothing_is_public_every_path_is_the_same_refusal(world: World, path: str):
    answers = [world.client.get(each) for each in (path, "/collections/thua-dat")]

    assert [each.status_code for each in answers] == [401, 401]
    assert answers[0].data == answers[1].data
    assert "resource_metadata=" in answers[0].headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/", "/conformance"])
def test_the_landing_page_and_the_classes_are_open_to_everybody(world: World, path: str):
    assert world.status(None, path) == 200


@pytest.mark.parametrize(
    "given", ["Bearer lda_wrong", "Bearer ", "Basic bWF5OngK", "lda_mine", "Bearer lda_mine lda_mine"]
)
def test_what_is_no_good_token_is_one_refusal(world: World, given: str):
    world.token("lda_mine")

    answer = world.client.get(ITEMS, headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer.data == world.client.get("/", headers={"Authorization": "Bearer lda_other"}).data


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE oauth.token SET revoked_at = now()",
        "UPDATE oauth.token SET issued_at = now() - interval '2 hours', expires_at = now() - interval '1 second'",
        "UPDATE acl.account SET state = 'suspended', suspended_for = 'so'",
        "UPDATE acl.account SET ends_on = lg.hom_nay()",
        "UPDATE acl.account SET password_until = now() - interval '1 second'",
        "UPDATE acl.unit SET valid_until = lg.hom_nay()",
    ],
)
@pytest.mark.parametrize("path", [ITEMS, "/collections", "/collections/thua-dat/schema", "/nothing/here"])
def test_who_may_not_act_any_more_is_refused_at_the_next_request(world: World, ending: str, path: str):
    token = world.token("lda_mine")
    before = world.status(token, path)

    world.do(ending)

    assert before in (200, 404)
    assert world.status(token, path) == 401


@pytest.mark.parametrize("what", ["schema", "items/{}"])
def test_one_body_has_another_tag_under_another_profile(world: World, what: str):
    """A tag that fits both would tell who was shown something under one profile what holds under the other."""
    asked = {"Authorization": f"Bearer {world.token('lda_mine')}"}
    shown = world.client.get(f"{ITEMS}?limit=1", headers=asked).get_json(force=True)["features"][0]["id"]
    path = f"/collections/thua-dat/{what.format(shown)}"
    before = world.client.get(path, headers=asked)
    parcels = LAYERS["thua-dat"]
    scope, limited = RowScope((OneOf("xa_id", (world.commune,)),)), Allowance(READ.operations, daily_items=1_000_000)
    profile = compile_profile([Collection("thua-dat", parcels, parcels.columns, scope, allowance=limited)])

    world.publish(world.dsn, profile, f"account:{world.account}")
    after = world.client.get(path, headers=asked)
    held = world.client.get(path, headers=asked | {"If-None-Match": before.headers["ETag"]})

    assert (before.status_code, after.status_code) == (200, 200)
    assert before.data == after.data
    assert before.headers["ETag"] != after.headers["ETag"]
    assert held.status_code == 200


def test_a_right_that_moved_is_seen_at_the_next_request(world: World):
    token = world.token("lda_mine")
    before = world.status(token)
    holders = LAYERS["quyen-su-dung-dat"]
    other = compile_profile([Collection(holders.id, holders, holders.columns, RowScope(), allowance=READ)])

    world.publish(world.dsn, other, f"account:{world.account}")

    assert (before, world.status(token), world.status(token, "/collections/quyen-su-dung-dat/items")) == (200, 404, 200)


def test_who_is_to_be_published_anew_waits(world: World):
    token = world.token("lda_mine")
    before = world.status(token)

    world.do("INSERT INTO acl.stale_profile (account_id) VALUES (%s)", world.account)
    meanwhile = world.status(token)
    world.do("DELETE FROM acl.stale_profile")

    assert (before, meanwhile, world.status(token)) == (200, 503, 200)


def test_a_token_may_be_bound_to_networks(world: World):
    token = world.token("lda_bound", networks=("10.1.0.0/16", "::1/128"))

    statuses = [world.status(token, address=each) for each in ("10.1.2.3", "10.2.2.3", "::1", "", "10.1.2.3")]

    assert statuses == [200, 401, 200, 401, 200]


def test_a_token_without_the_scope_sees_no_collection(world: World):
    token = world.token("lda_tiles", scopes=("tiles:read", "processes:execute"))

    listed = world.client.get("/collections", headers={"Authorization": f"Bearer {token}"}).get_json(force=True)

    assert listed["collections"] == []
    assert world.status(token) == 404


def test_layers_that_changed_since_they_were_published_are_not_served(world: World):
    token = world.token("lda_mine")
    world.do("UPDATE acl.profile SET body = jsonb_set(body, '{collections,0,page_max}', '7')")

    assert world.status(token) == 503


def test_a_session_is_known_by_the_cookie_of_its_address_alone():
    plain, hosted = cookie_name("http://127.0.0.1:8000"), cookie_name("https://land.example")

    assert principal_of("", f"{plain}=secret", hosted) == ("public", "")
    assert principal_of("", f"{hosted}=secret", plain) == ("public", "")
    assert principal_of("", f"a=b; {hosted}=secret", hosted) == ("session", sha256(b"secret").hexdigest())
