"""The commands ``datdai client`` and ``datdai token``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk

from auth.credentials import tokens
from server.cli import main
from tests.auth.oauth.conftest import World

type Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(empty_db: str, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def command(*arguments: str, dba: str | None = None) -> tuple[int, Any]:
        environ = {"DATDAI_DATABASE_URL": as_app(empty_db), "DATDAI_HOME": str(tmp_path)}
        environ |= {"DATDAI_ADMIN_DATABASE_URL": dba} if dba else {}
        code = main(list(arguments), environ)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return command


def test_qgis_is_added_by_the_operator_shown_and_revoked(world: World, run: Run, empty_db: str) -> None:
    asked = ["client", "add-qgis", "--unit", "so-tnmt", "--as", "quan.tri"]
    assert run(*asked)[1] == ("datdai: This is done at the machine alone, by the login that owns the database.\n")
    code, made = run(*asked, "--operator", dba=empty_db)

    assert (code, made["id"], made["for_everybody"]) == (0, "qgis", True)
    assert run("client", "show", "qgis", "--as", "quan.tri") == (0, made)
    assert run("client", "revoke", "qgis", "--as", "quan.tri")[0] == 0
    assert run("client", "list", "--as", "quan.tri")[1][0]["revoked_at"]
    assert world.ask("SELECT account FROM audit.act") == [("quan.tri",)] * 2


@pytest.mark.usefixtures("world")
def test_a_machine_is_added_with_a_secret_or_a_key(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    public = jwk.ECKey.generate_key("P-256").as_dict(private=False)
    keys.write_text(json.dumps({"keys": [public]}))
    same = ["--unit", "ioc", "--account", "may.ioc", "--grant", "client_credentials"]
    same += ["--scope", "features:read", "--as", "truong.ioc"]

    _, by_secret = run("client", "add", "ioc-1", "--proof", "client_secret_basic", "--name", "IOC 1", *same)
    _, by_key = run(
        "client", "add", "ioc-2", "--proof", "private_key_jwt", "--jwks", str(keys), "--name", "IOC 2", *same
    )
    _, renewed = run("client", "secret", "ioc_ioc-1", "--as", "truong.ioc")

    assert by_secret["client_secret"] != renewed["client_secret"]
    assert "client_secret" not in by_key
    assert by_key["jwks"] == {"keys": [public]}


@pytest.mark.usefixtures("world")
def test_a_client_is_changed_in_what_is_given(run: Run, empty_db: str) -> None:
    run("client", "add-qgis", "--unit", "so-tnmt", "--as", "quan.tri", "--operator", dba=empty_db)

    changes = ["--scope", "tiles:read", "--no-for-everybody", "--as", "quan.tri", "--operator"]
    _, changed = run("client", "change", "qgis", *changes, dba=empty_db)

    assert (changed["name"], changed["scopes"], changed["for_everybody"]) == ("QGIS", ["tiles:read"], False)


def test_what_looks_into_tokens_is_registered_by_the_operator(world: World, run: Run, empty_db: str) -> None:
    asked = [
        "client",
        "add",
        "soi",
        "--unit",
        "so-tnmt",
        "--name",
        "Soi",
        "--grant",
        "authorization_code",
        "--introspect",
    ]
    asked += ["--scope", "features:read", "--redirect", "https://soi.example/", "--proof", "client_secret_basic"]
    asked += ["--as", "quan.tri"]

    assert run(*asked)[1] == ("datdai: This is done at the machine alone, by the login that owns the database.\n")
    assert run(*asked, "--operator")[0] == 2
    code, made = run(*asked, "--operator", dba=empty_db)
    _, renewed = run("client", "secret", "soi", "--as", "quan.tri", "--operator", dba=empty_db)

    assert (code, made["may_introspect"]) == (0, True)
    assert renewed["client_secret"] != made["client_secret"]
    assert world.ask("SELECT account, act FROM audit.act ORDER BY at") == [
        ("quan.tri", "client.register"),
        ("quan.tri", "client.renew_secret"),
    ]


@pytest.mark.usefixtures("world")
def test_what_is_refused_is_said_in_a_sentence(run: Run) -> None:
    assert run("client", "list", "--as", "can.bo") == (
        2,
        "datdai: Clients are registered by system admins and unit heads.\n",
    )
    assert run("client", "list", "--as", "nobody")[0] == 2
    assert run("client", "show", "qgis", "--as", "quan.tri")[0] == 2
    assert run("token", "issue", "--purpose", "x", "--scope", "admin", "--days", "91", "--as", "can.bo")[0] == 2


@pytest.mark.usefixtures("world")
def test_a_personal_token_is_issued_listed_and_revoked(run: Run) -> None:
    _, made = run("token", "issue", "--purpose", "GDAL", "--scope", "features:read", "--as", "can.bo")
    token = made.pop("token")
    assert tokens.is_wellformed(token)

    assert run("token", "list", "--as", "can.bo") == (0, [made])
    assert run("token", "list", "--as", "thu.truong") == (0, [])
    assert run("token", "revoke", made["id"], "--as", "thu.truong")[0] == 2
    assert run("token", "revoke", made["id"], "--as", "can.bo")[0] == 0
    assert run("token", "list", "--as", "can.bo") == (0, [])


def test_a_consent_is_listed_and_ended_by_its_owner(world: World, run: Run) -> None:
    world.client("qgis", name="QGIS")
    (family,) = world.ask(
        "INSERT INTO oauth.family (id, account_id, client_id, begun_at, ends_at) VALUES "
        "(gen_random_uuid(), %s, 'qgis', now(), now() + interval '1 hour') RETURNING id::text",
        world.person.account_id,
    )[0]

    _, (given,) = run("token", "consents", "--as", "can.bo")
    assert (given["id"], given["client"]) == (family, "QGIS")
    assert run("token", "consents", "--as", "thu.truong") == (0, [])
    assert run("token", "end-consent", family, "--as", "thu.truong")[0] == 2
    assert run("token", "end-consent", family, "--as", "can.bo")[0] == 0
    assert run("token", "consents", "--as", "can.bo") == (0, [])


def test_what_is_over_is_forgotten(world: World, run: Run) -> None:
    run("token", "issue", "--purpose", "GDAL", "--scope", "features:read", "--as", "can.bo")
    world.ask("UPDATE oauth.token SET issued_at = now() - interval '60 days', expires_at = now() - interval '8 days'")

    assert run("token", "forget", "--as", "quan.tri") == (0, {"rows": 1})
    assert world.ask("SELECT count(*) FROM oauth.token") == [(0,)]
