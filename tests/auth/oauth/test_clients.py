"""Registration of clients: who may, what holds together, what ends."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from joserfc import jwk

from auth.credentials import endings
from auth.model import Caller
from auth.oauth import clients
from auth.oauth.clients import Draft
from auth.oauth.keys import checked_keys
from auth.oauth.redirects import checked_origin, checked_redirect
from core.errors import BadRequest, Conflict, Forbidden, NotFound
from database.writer import Writer
from tests.auth.oauth.conftest import NOW, Service, World, basic

BROWSER = Draft(
    id="xa-an-phu_ban-do",
    name="Bản đồ xã",
    unit="xa-an-phu",
    grant_types=["authorization_code", "refresh_token"],
    scopes=["features:read", "tiles:read"],
    redirect_uris=["https://ban-do.example/cb"],
    origins=["https://ban-do.example"],
)
MACHINE = Draft(
    id="ioc_ioc",
    name="Trung tâm điều hành",
    unit="ioc",
    grant_types=["client_credentials"],
    scopes=["features:read"],
    auth_method="client_secret_basic",
    account="may.ioc",
)
KEY = jwk.ECKey.generate_key("P-256", {"kid": "1"})
PUBLIC = KEY.as_dict(private=False)


@pytest.fixture
def register(identity: Writer) -> Callable[..., Any]:
    def run(actor: Caller, draft: Draft, **changes: Any):
        with identity.transaction() as connection:
            return clients.register(connection, actor, replace(draft, **changes), now=NOW)

    return run


def test_no_unit_learns_of_ids_or_names_of_clients_of_another_one_nor_takes_them(world: World, register) -> None:
    theirs, _ = register(world.ioc_head, MACHINE, id="ban-do", name="Bản đồ")

    mine, _ = register(world.head, BROWSER, id="ban-do", name="Bản đồ")

    assert (theirs.id, mine.id) == ("ioc_ban-do", "xa-an-phu_ban-do")
    with pytest.raises(Conflict):
        register(world.head, BROWSER, id="ban-do", name="Khác")
    again, _ = register(world.head, BROWSER, id="ioc_ban-do", name="Khác")
    assert again.id == "xa-an-phu_ioc_ban-do"


def test_names_that_everybody_sees_are_nobodys_else(world: World, register, empty_db: str) -> None:
    register(world.head, BROWSER, name="Bản đồ")

    with psycopg.connect(empty_db) as operator:
        with pytest.raises(Conflict, match="looks like"):
            clients.register(
                operator, world.admin, replace(BROWSER, id="khac", name="Ban do", for_everybody=True), now=NOW
            )
        clients.register(operator, world.admin, clients.qgis("so-tnmt"), now=NOW)
    with pytest.raises(Conflict, match="looks like"):
        register(world.ioc_head, MACHINE, name="QG1S")


def test_with_other_networks_tokens_that_are_out_end_at_once(service: Service, register, identity: Writer) -> None:
    _, secret = register(service.world.ioc_head, MACHINE)
    service.post("/oauth/token", basic("ioc_ioc", secret), grant_type="client_credentials")

    def living() -> int:
        return service.world.ask("SELECT count(*) FROM oauth.token WHERE revoked_at IS NULL")[0][0]

    def change(**changes: Any) -> None:
        with identity.transaction() as connection:
            clients.change(connection, service.world.ioc_head, "ioc_ioc", changes)

    change(name="Khác")
    assert living() == 1
    change(networks=["10.0.0.0/8"])
    assert living() == 0


def test_a_unit_head_registers_a_client_of_the_own_unit(world: World, register) -> None:
    client, secret = register(world.head, BROWSER)

    assert secret is None
    assert client.unit == "xa-an-phu"
    assert client.made_by == "thu.truong"
    assert not client.for_everybody


def test_the_secret_is_told_once_and_kept_as_a_hash(world: World, register) -> None:
    _, secret = register(world.ioc_head, MACHINE)

    assert secret.startswith("lds_")
    assert secret not in str(world.ask("SELECT * FROM oauth.client"))
    assert secret not in str(world.ask("SELECT * FROM audit.act"))


def test_an_admin_never_holds_what_proves_to_be_a_machine_but_may_revoke_it(
    world: World, register, identity: Writer
) -> None:
    with pytest.raises(Forbidden, match="its head's"):
        register(world.admin, MACHINE)
    register(world.ioc_head, MACHINE)

    with identity.transaction() as connection:
        for change in (
            lambda: clients.renew_secret(connection, world.admin, "ioc_ioc"),
            lambda: clients.change(connection, world.admin, "ioc_ioc", {"networks": []}),
        ):
            with pytest.raises(Forbidden, match="its head's"):
                change()
        clients.revoke(connection, world.admin, "ioc_ioc", now=NOW)


@pytest.mark.parametrize("act", ["renews its secret", "gives it keys"])
def test_a_client_ends_with_the_account_that_can_prove_to_be_it(world: World, register, identity: Writer, act) -> None:
    world.ask("UPDATE acl.account SET unit_id = %s WHERE code = 'may.ioc'", world.xa)
    keys = {"auth_method": "private_key_jwt", "jwks": {"keys": [PUBLIC]}}
    register(
        replace(world.ioc_head, unit_id=world.xa),
        MACHINE,
        id="xa-an-phu_ioc",
        unit="xa-an-phu",
        **({} if "secret" in act else keys),
    )
    with identity.transaction() as connection:
        if "secret" in act:
            clients.renew_secret(connection, world.head, "xa-an-phu_ioc")
        else:
            other = jwk.ECKey.generate_key("P-256", {"kid": "2"}).as_dict(private=False)
            clients.change(connection, world.head, "xa-an-phu_ioc", {"jwks": {"keys": [other]}})

        assert world.head.account_id
        endings.end_all(connection, world.head.account_id, now=NOW)

    assert world.ask("SELECT made_by = %s, revoked_at IS NOT NULL FROM oauth.client", world.ioc_head.account_id) == [
        (True, True)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": ["https://xau.example/cb"]},
        {"redirect_uris": ["https://ban-do.example/cb", "https://xau.example/cb"], "name": "Khác"},
        {"origins": ["https://xau.example"]},
        {"networks": ["10.0.0.0/8"]},
    ],
)
def test_a_client_ends_with_each_account_that_gave_it_an_address(
    world: World, register, identity: Writer, changes: dict[str, Any]
) -> None:
    register(world.admin, BROWSER)
    with identity.transaction() as connection:
        clients.change(connection, world.head, "xa-an-phu_ban-do", changes)
        clients.change(connection, world.admin, "xa-an-phu_ban-do", {"origins": [], "networks": ["10.9.0.0/16"]})
    world.ask(
        "INSERT INTO oauth.family (id, account_id, client_id, begun_at, ends_at) VALUES "
        "(gen_random_uuid(), %s, 'xa-an-phu_ban-do', %s, %s)",
        world.person.account_id,
        NOW,
        NOW + timedelta(hours=1),
    )

    with identity.transaction() as connection:
        endings.end_all(connection, world.head.account_id or 0, now=NOW)

    assert world.ask("SELECT revoked_at FROM oauth.client") == [(NOW,)]
    assert world.ask("SELECT ended_at FROM oauth.family") == [(NOW,)]


def test_who_was_shown_the_secret_is_not_forgotten_for_who_gave_an_address(
    world: World, register, identity: Writer
) -> None:
    world.ask("UPDATE acl.account SET unit_id = %s WHERE code = 'may.ioc'", world.xa)
    register(replace(world.ioc_head, unit_id=world.xa), MACHINE, id="xa-an-phu_ioc", unit="xa-an-phu")
    second = replace(world.head, account_id=world.person.account_id)
    with identity.transaction() as connection:
        clients.renew_secret(connection, world.head, "xa-an-phu_ioc")
        clients.change(connection, second, "xa-an-phu_ioc", {"networks": ["10.0.0.0/8"]})

        endings.end_all(connection, world.head.account_id or 0, now=NOW)

    assert world.ask("SELECT revoked_at FROM oauth.client") == [(NOW,)]


def test_a_client_outlives_who_changed_its_name(world: World, register, identity: Writer) -> None:
    register(world.admin, BROWSER)
    with identity.transaction() as connection:
        clients.change(connection, world.head, "xa-an-phu_ban-do", {"name": "Khác"})

        assert world.head.account_id
        endings.end_all(connection, world.head.account_id, now=NOW)

    assert world.ask("SELECT revoked_at FROM oauth.client") == [(None,)]


def test_a_registered_machine_gets_a_token_until_it_is_revoked(service: Service, register, identity: Writer) -> None:
    _, secret = register(service.world.ioc_head, MACHINE)

    def ask(secret: str):
        return service.post("/oauth/token", basic("ioc_ioc", secret), grant_type="client_credentials")

    first = ask(secret).get_json()["access_token"]
    with identity.transaction() as connection:
        newer = clients.renew_secret(connection, service.world.ioc_head, "ioc_ioc")
    assert ask(secret).status_code == 401
    assert ask(newer).status_code == 200
    assert service.is_good(first)

    with identity.transaction() as connection:
        clients.revoke(connection, service.world.admin, "ioc_ioc", now=service.clock.now())
    assert ask(newer).status_code == 401
    assert not service.is_good(first)


def test_qgis_is_registered_for_everybody_with_the_loopback(service: Service, empty_db: str) -> None:
    service.world.ask("DELETE FROM oauth.client WHERE id = 'qgis'")

    with psycopg.connect(empty_db) as operator:
        client, secret = clients.register(operator, service.world.admin, clients.qgis("so-tnmt"), now=NOW)

    assert (client.id, secret, client.auth_method) == ("qgis", None, "none")
    assert service.tokens()["refresh_token"]


def test_revocation_of_a_client_ends_its_consents(service: Service, identity: Writer) -> None:
    told = service.tokens()
    with identity.transaction() as connection:
        clients.revoke(connection, service.world.admin, "qgis", now=service.clock.now())

    assert not service.is_good(told["access_token"])
    assert service.world.ask("SELECT count(*) FROM oauth.family WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.parametrize("who", ["person", "machine"])
def test_others_register_nothing_and_see_nothing(world: World, register, identity: Writer, who: str) -> None:
    actor = getattr(world, who)

    with pytest.raises(Forbidden):
        register(actor, BROWSER)
    with identity.transaction() as connection:
        with pytest.raises(Forbidden):
            clients.list_of(connection, actor, limit=10)
        with pytest.raises(Forbidden):
            clients.find(connection, actor, "xa-an-phu_ban-do")


def test_a_head_knows_nothing_of_the_clients_of_other_units(world: World, register, identity: Writer) -> None:
    register(world.ioc_head, MACHINE)
    register(world.head, BROWSER)

    with pytest.raises(NotFound):
        register(world.head, BROWSER, id="khac", unit="ioc")
    with identity.transaction() as connection:
        assert [each.id for each in clients.list_of(connection, world.head, limit=10)] == ["xa-an-phu_ban-do"]
        assert [each.id for each in clients.list_of(connection, world.admin, limit=10)] == [
            "ioc_ioc",
            "xa-an-phu_ban-do",
        ]
        for act in (
            lambda: clients.find(connection, world.head, "ioc_ioc"),
            lambda: clients.change(connection, world.head, "ioc_ioc", {"name": "x"}),
            lambda: clients.renew_secret(connection, world.head, "ioc_ioc"),
            lambda: clients.revoke(connection, world.head, "ioc_ioc", now=NOW),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": ["features:read", "admin"]},
        {"scopes": ["features:read", "admin"], "for_everybody": True},
        {"for_everybody": True},
        {"may_introspect": True, "auth_method": "client_secret_basic"},
    ],
)
def test_what_asks_for_administration_looks_into_tokens_or_is_for_everybody_is_registered_at_the_machine_alone(
    world: World, register, empty_db: str, changes: dict[str, Any]
) -> None:
    for actor in (world.head, world.admin):
        with pytest.raises(Forbidden):
            register(actor, BROWSER, **changes)
    assert world.ask("SELECT count(*) FROM oauth.client") == [(0,)]

    with psycopg.connect(empty_db) as operator:
        client, _ = clients.register(operator, world.admin, replace(BROWSER, **changes), now=NOW)

    assert client.id == "xa-an-phu_ban-do"


def test_no_admin_changes_what_reaches_so_far_nor_lets_another_client_do_so(
    world: World, register, identity: Writer, empty_db: str
) -> None:
    far = replace(BROWSER, auth_method="client_secret_basic", may_introspect=True, origins=())
    with psycopg.connect(empty_db) as operator:
        clients.register(operator, world.admin, far, now=NOW)
        clients.register(operator, world.admin, clients.qgis("so-tnmt"), now=NOW)
    register(world.admin, BROWSER, id="khac", name="Khác")

    with identity.transaction() as connection:
        for act in (
            lambda: clients.change(connection, world.admin, "qgis", {"redirect_uris": ["https://khac.example/"]}),
            lambda: clients.change(connection, world.admin, "qgis", {"for_everybody": False}),
            lambda: clients.change(connection, world.admin, "khac", {"for_everybody": True}),
            lambda: clients.change(
                connection, world.admin, "xa-an-phu_ban-do", {"redirect_uris": ["https://khac.example/"]}
            ),
            lambda: clients.change(connection, world.admin, "xa-an-phu_ban-do", {"may_introspect": False}),
            lambda: clients.renew_secret(connection, world.admin, "xa-an-phu_ban-do"),
            lambda: clients.change(connection, world.admin, "khac", {"scopes": ["admin"]}),
        ):
            with pytest.raises(Forbidden, match="at the machine alone"):
                act()
        clients.revoke(connection, world.admin, "xa-an-phu_ban-do", now=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO oauth.client (id, unit_id, name, scopes) SELECT 'xau', id, 'x', '{admin}' FROM acl.unit LIMIT 1",
        "UPDATE oauth.client SET scopes = '{admin}' WHERE id = 'xa-an-phu_ban-do'",
        "INSERT INTO oauth.client (id, unit_id, name, for_everybody) SELECT 'xau', id, 'x', true FROM acl.unit LIMIT 1",
        "UPDATE oauth.client SET for_everybody = true WHERE id = 'xa-an-phu_ban-do'",
        "UPDATE oauth.client SET redirect_uris = '{https://xau.example/}' WHERE id = 'moi'",
        "UPDATE oauth.client SET redirect_uris = '{https://xau.example/}', for_everybody = false WHERE id = 'moi'",
        "UPDATE oauth.client SET revoked_at = now(), name = 'Khác' WHERE id = 'moi'",
        "UPDATE oauth.client SET redirect_uris = '{https://xau.example/}' WHERE id = 'soi'",
        "UPDATE oauth.client SET secret_hash = repeat('0', 64) WHERE id = 'soi'",
        "UPDATE oauth.client SET revoked_at = NULL WHERE id = 'het'",
    ],
)
def test_postgresql_refuses_the_server_what_the_operator_alone_does(
    world: World, register, identity: Writer, statement: str
) -> None:
    register(world.head, BROWSER)
    far = {"auth_method": "client_secret_basic", "secret_hash": "f" * 64, "may_introspect": True}
    far["for_everybody"] = False
    world.client("moi", scopes=["features:read"])
    world.client("soi", **far)
    world.client("het", **far, revoked_at=NOW)

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="owns the database"), identity.transaction() as one:
        one.execute(statement.encode())
    with identity.transaction() as other:
        other.execute("UPDATE oauth.client SET revoked_at = now() WHERE id IN ('soi', 'moi')")


def test_only_a_system_admin_registers_a_client_for_everybody(world: World, register, empty_db: str) -> None:
    register(world.head, BROWSER)
    everybodys = replace(BROWSER, id="khac", name="Khác", for_everybody=True)

    with psycopg.connect(empty_db) as operator:
        with pytest.raises(Forbidden):
            clients.register(operator, world.head, everybodys, now=NOW)
        with pytest.raises(Forbidden):
            clients.change(operator, world.head, "xa-an-phu_ban-do", {"for_everybody": True})
        client, _ = clients.register(operator, world.admin, everybodys, now=NOW)

    assert client.for_everybody


@pytest.mark.parametrize(
    "name",
    [
        "QGIS",
        "qgis",
        "Q GIS",
        "Q.G-I.S!",
        "ＱＧＩＳ",
        "QGÍS",
        "Q G Ì S",
        "QG1S",
        "QGlS",
        "QGIŚ",
        "(QGIS)",
        "Ⓠgis",
        "QG|S",
        "QGI5",
        "QGI$",
    ],
)
def test_no_living_client_has_a_name_that_looks_like_another_ones(
    world: World, register, identity: Writer, name: str
) -> None:
    register(world.admin, BROWSER, id="that", name="QGIS")
    register(world.head, BROWSER, name="Bản đồ")

    with pytest.raises(Conflict, match="looks like"):
        register(world.head, BROWSER, id="gia", name=name)
    with identity.transaction() as connection, pytest.raises(Conflict, match="looks like"):
        clients.change(connection, world.head, "xa-an-phu_ban-do", {"name": name})
    with identity.transaction() as connection:
        clients.revoke(connection, world.admin, "that", now=NOW)
    assert register(world.head, BROWSER, id="gia", name=name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bản đồ đất", "BAN DO DAT"),
        ("Địa chính", "Dia-chinh"),
        ("Sở 01", "So Oi"),
        ("Sở 5", "SO S"),
        ("Trạm 8", "Trarn B"),
        ("Web", "VVeb"),
        ("Zalo 2", "2ALO Z"),
        ("Map", "rnap"),
    ],
)
def test_names_that_look_alike_are_one_to_postgresql(world: World, one: str, other: str) -> None:
    world.client("mot", name=one)

    with pytest.raises(psycopg.errors.UniqueViolation, match="client_alike"):
        world.client("hai", name=other)


@pytest.mark.parametrize("name", ["Bản đồ xã", "Bản đồ xá 3", "Bản đồ 3", "Trạm quan trắc"])
def test_names_that_differ_in_a_letter_do_not_look_alike(world: World, name: str) -> None:
    world.client("mot", name="Bản đồ")
    world.client("hai", name=name)

    assert world.ask("SELECT count(DISTINCT folded) FROM oauth.client") == [(2,)]


def test_postgresql_computes_what_a_name_looks_like_and_takes_nobodys_word_for_it(
    world: World, identity: Writer
) -> None:
    world.client("mot", name="QGIS")

    for value in ("NULL", "'khac'"):
        statement = (
            "INSERT INTO oauth.client (id, unit_id, name, folded) SELECT 'hai', id, 'QGIS', {} FROM acl.unit LIMIT 1"
        )
        with pytest.raises(psycopg.errors.GeneratedAlways), identity.transaction() as connection:
            connection.execute(statement.format(value).encode())
    with pytest.raises(psycopg.errors.CheckViolation):
        world.client("ba", name="...")


def test_postgresql_keeps_two_registrations_at_once_from_looking_alike(world: World) -> None:
    world.client("mot", name="QGIS")

    with pytest.raises(psycopg.errors.UniqueViolation):
        world.client("hai", name="qgis")
    world.client("bai", name="Qgis", revoked_at=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "QG\u0406S"},
        {"name": "ԚGIS"},
        {"name": "..."},
        {"id": "a"},
        {"id": "có dấu"},
        {"id": "a b c"},
        {"id": "x" * 65},
        {"grant_types": []},
        {"grant_types": ["password"]},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"auth_method": "client_secret_post"},
        {"auth_method": "private_key_jwt"},
        {"jwks": {"keys": [PUBLIC]}},
        {"redirect_uris": []},
        {"redirect_uris": ["http://ban-do.example/"]},
        {"redirect_uris": ["https://ban-do.example/#x"]},
        {"redirect_uris": ["https://ban-do.example/"] * 11},
        {"origins": ["https://ban-do.example/"]},
        {"networks": ["somewhere"]},
        {"grant_types": ["client_credentials"], "account": "may.ioc", "redirect_uris": []},
        {"account": "may.ioc"},
        {"may_introspect": True},
    ],
)
def test_a_draft_that_does_not_hold_together_is_refused(world: World, register, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        register(world.admin, BROWSER, **changes)

    assert world.ask("SELECT count(*) FROM oauth.client") == [(0,)]


def test_a_machine_does_not_get_the_scope_of_administration(world: World, register) -> None:
    with pytest.raises(BadRequest, match="does not administer"):
        register(world.admin, MACHINE, scopes=["admin"])


@pytest.mark.parametrize("account", ["can.bo", "nobody", "may\0"])
def test_the_machine_account_is_one_of_the_unit(world: World, register, account: str) -> None:
    with pytest.raises(Conflict):
        register(world.ioc_head, MACHINE, account=account)


def test_the_machine_account_may_act(world: World, register) -> None:
    world.suspend(world.machine)

    with pytest.raises(Conflict):
        register(world.ioc_head, MACHINE)


def test_a_name_is_taken_once_even_after_its_client_is_revoked(world: World, register, identity: Writer) -> None:
    register(world.head, BROWSER)
    with identity.transaction() as connection:
        clients.revoke(connection, world.head, "xa-an-phu_ban-do", now=NOW)

    with pytest.raises(Conflict, match="of this name"):
        register(world.head, BROWSER)
    with identity.transaction() as connection:
        for act in (
            lambda: clients.change(connection, world.head, "xa-an-phu_ban-do", {"name": "x"}),
            lambda: clients.revoke(connection, world.head, "xa-an-phu_ban-do", now=NOW),
        ):
            with pytest.raises(Conflict, match="revoked"):
                act()


def test_a_unit_has_so_many_clients(world: World, register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "OF_UNIT_MAX", 1)
    register(world.head, BROWSER)

    with pytest.raises(Conflict, match="revoke one first"):
        register(world.head, BROWSER, id=None, name="Khác")


def test_what_is_changed_is_changed_and_the_rest_stays(world: World, register, identity: Writer) -> None:
    before, _ = register(world.head, BROWSER)

    with identity.transaction() as connection:
        after = clients.change(
            connection, world.head, "xa-an-phu_ban-do", {"scopes": ["tiles:read"], "networks": ["10.0.0.0/8"]}
        )

    assert after == replace(before, scopes=["tiles:read"], networks=after.networks)
    assert [str(each) for each in after.networks] == ["10.0.0.0/8"]


@pytest.mark.parametrize("field", ["id", "unit", "account", "auth_method", "secret_hash", "made_by"])
def test_what_a_client_is_does_not_change(world: World, register, identity: Writer, field: str) -> None:
    register(world.head, BROWSER)

    with identity.transaction() as connection, pytest.raises(BadRequest, match="can be changed"):
        clients.change(connection, world.head, "xa-an-phu_ban-do", {field: "x"})


def test_a_client_without_a_secret_gets_none(world: World, register, identity: Writer) -> None:
    register(world.head, BROWSER)

    with identity.transaction() as connection, pytest.raises(Conflict, match="no secret"):
        clients.renew_secret(connection, world.head, "xa-an-phu_ban-do")


def test_every_act_is_written_down(world: World, register, identity: Writer) -> None:
    register(world.head, BROWSER)
    with identity.transaction() as connection:
        clients.change(connection, world.head, "xa-an-phu_ban-do", {"name": "Khác"})
        clients.revoke(connection, world.head, "xa-an-phu_ban-do", now=NOW)

    acts = world.ask("SELECT act, about, account FROM audit.act ORDER BY id")
    assert acts == [
        (f"client.{act}", "client:xa-an-phu_ban-do", "thu.truong") for act in ("register", "change", "revoke")
    ]


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/cb",
        "https://a.example:8443/cb?x=1",
        "http://127.0.0.1:7070/",
        "http://[::1]/cb",
        "http://localhost:3000/cb",
        "vn.example.app:/cb",
    ],
)
def test_an_address_may_be_registered(address: str) -> None:
    assert checked_redirect(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/cb",
        "//a.example/cb",
        "http://a.example/cb",
        "https:///cb",
        "https://a.example/#",
        "https://a.example/#x",
        "https://u@a.example/",
        "https://u:p@a.example/",
        "https://*.example/",
        "https://a.example:99999/",
        "https://a.example\\@b.example/",
        "https://a.example/ x",
        "https://đất.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app:/cb",
        "vn.example.app://host/cb",
        "http://127.0.0.1.evil.example/",
        "https://a.example/" + "x" * 500,
    ],
)
def test_an_address_may_not_be_registered(address: str) -> None:
    with pytest.raises(BadRequest):
        checked_redirect(address)


@pytest.mark.parametrize("origin", ["https://a.example", "https://a.example:8443", "http://localhost:3000"])
def test_an_origin_may_be_registered(origin: str) -> None:
    assert checked_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "a.example",
        "http://a.example",
        "https://a.example/",
        "https://A.example",
        "https://u@a.example",
    ],
)
def test_an_origin_may_not_be_registered(origin: str) -> None:
    with pytest.raises(BadRequest):
        checked_origin(origin)


def test_public_keys_are_kept_without_what_is_not_asked_for() -> None:
    kept = checked_keys({"keys": [PUBLIC | {"x5u": "https://evil.example"}], "more": 1})

    assert kept == {"keys": [PUBLIC]}


@pytest.mark.parametrize(
    "keys",
    [
        None,
        [],
        {},
        {"keys": []},
        {"keys": [PUBLIC] * 6},
        {"keys": [PUBLIC, PUBLIC]},
        {"keys": ["x"]},
        {"keys": [{"kty": ["EC"]}]},
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [KEY.as_dict(private=True)]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [PUBLIC | {"use": "enc"}]},
        {"keys": [PUBLIC | {"alg": "HS256"}]},
        {"keys": [jwk.ECKey.generate_key("P-521").as_dict(private=False)]},
        {"keys": [jwk.OKPKey.generate_key("X25519").as_dict(private=False)]},
        {"keys": [jwk.RSAKey.generate_key(2048).as_dict(private=False) | {"n": "AQAB"}]},
        {"keys": [PUBLIC | {"x": "AAAA"}]},
    ],
)
def test_what_are_no_good_public_keys_is_refused(keys: object) -> None:
    with pytest.raises(BadRequest):
        checked_keys(json.loads(json.dumps(keys)))
