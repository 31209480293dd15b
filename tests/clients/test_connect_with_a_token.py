"""Clients that carry a token see its account's world, as the how-to says; what it shows to copy is run here."""

import json
import re
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from psycopg.conninfo import make_conninfo

from auth.oauth import clients
from auth.oauth.clients import Draft
from auth.oauth.errors import TEXTS
from auth.people import accounts
from core.clocks import RealClock
from database.writer import Writer

pytestmark = [
    pytest.mark.client,
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),  # pyogrio's own, for dates
]
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to/connect-with-a-token.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference/oauth.md").read_text(encoding="utf-8")
SERVED = "https://dat.example"
BLOCKS = [block for _, block in re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL)]
JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ACCOUNT = "25195.diachinh"
"""Cadastral officer of a ward: sees its own parcels, which the public does not."""


def _block(about: str) -> str:
    found = [block for block in BLOCKS if about in block]
    assert found, about
    return found[-1]


def _collections(url: str, token: str | None = None) -> set[str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(f"{url}/collections?f=json", headers=headers), timeout=30) as answer:
        return {each["id"] for each in json.load(answer)["collections"]}


def _run(block: str, url: str, token: str, home: Path) -> str:
    lines = block.replace(SERVED, url)
    environment = {"HOME": str(home), "TOKEN": token, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-euc", lines], cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return done.stdout


def test_a_token_opens_what_nobody_sees_without(demo_live: Any, demo_tokens: dict[str, str]) -> None:
    assert "thua-dat" in _collections(demo_live.url, demo_tokens[ACCOUNT]) - _collections(demo_live.url)


@pytest.mark.parametrize("about", ['curl -sS -H "Authorization', "curl -sS -H @"])
def test_curl_sees_the_world_of_its_token(
    demo_live: Any, demo_tokens: dict[str, str], tmp_path: Path, about: str
) -> None:
    said = _run(_block(about), demo_live.url, demo_tokens[ACCOUNT], tmp_path)

    assert {each["id"] for each in json.loads(said)["collections"]} == _collections(demo_live.url, demo_tokens[ACCOUNT])


def test_ogr2ogr_reads_what_its_token_may(
    demo_live: Any, demo_tokens: dict[str, str], tmp_path: Path, run_gdal: Callable[..., str]
) -> None:
    for about in ("curl -sS -H @", "ogr2ogr --config GDAL_HTTP_HEADER_FILE"):
        _run(_block(about), demo_live.url, demo_tokens[ACCOUNT], tmp_path)

    said = run_gdal("ogrinfo", "-so", "-al", str(tmp_path / "thua-dat.gpkg"))

    url = f"{demo_live.url}/collections/thua-dat/items?limit=1&f=json"
    with urlopen(Request(url, headers={"Authorization": f"Bearer {demo_tokens[ACCOUNT]}"}), timeout=30) as answer:
        matched = json.load(answer)["numberMatched"]
    assert f"Feature Count: {matched}" in said
    assert matched > 0


def test_pyogrio_sees_the_world_of_its_token_and_forgets_it(demo_live: Any, demo_tokens: dict[str, str]) -> None:
    names: dict[str, Any] = {"token": demo_tokens[ACCOUNT]}
    exec(compile(_block("GDAL_HTTP_BEARER").replace(SERVED, demo_live.url), "how-to", "exec"), names)

    listed = {name for name, _ in names["pyogrio"].list_layers(f"OAPIF:{demo_live.url}")}

    assert len(names["geometries"]) > 0
    assert listed == _collections(demo_live.url)


def test_owslib_sees_the_world_of_its_token_and_gives_it_to_no_other_server(
    demo_live: Any, demo_tokens: dict[str, str]
) -> None:
    names: dict[str, Any] = {"token": demo_tokens[ACCOUNT]}
    exec(compile(_block("auth_delegate").replace(SERVED, demo_live.url), "how-to", "exec"), names)

    seen = {each["id"] for each in names["service"].collections()["collections"]}
    other = {each["id"] for each in names["Features"](demo_live.url).collections()["collections"]}

    assert seen == _collections(demo_live.url, demo_tokens[ACCOUNT])
    assert other == _collections(demo_live.url)


def test_a_machine_with_a_key_comes_to_a_token_and_sees_its_world(
    machine: tuple[str, Path], demo_tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = machine
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(_block("client_assertion_type").replace(SERVED, url), "how-to", "exec"), names)

    assert _collections(url, names["token"]) == _collections(url, demo_tokens["ioc.may"])


def test_curl_comes_to_a_token_of_a_machine_by_a_signed_assertion_once(
    machine: tuple[str, Path], demo_tokens: dict[str, str]
) -> None:
    url, folder = machine
    key = ECKey.import_key(json.loads((folder / "ioc-private.jwk.json").read_text()))
    now = int(RealClock().now().timestamp())
    claims = {"iss": "ioc_bang", "sub": "ioc_bang", "aud": url, "iat": now, "exp": now + 60, "jti": str(uuid4())}
    (folder / "assertion").write_text(jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key))
    command = ["curl", "-sS", "-d", "grant_type=client_credentials", "--data-urlencode", f"client_assertion_type={JWT}"]
    command += ["--data-urlencode", "client_assertion@assertion", f"{url}/oauth/token"]

    first, second = (
        json.loads(subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True).stdout)
        for _ in range(2)
    )

    assert _collections(url, first["access_token"]) == _collections(url, demo_tokens["ioc.may"])
    assert first["expires_in"] <= 600
    assert "refresh_token" not in first
    assert second["error"] == "invalid_client"


def test_a_revoked_client_is_refused_at_the_next_request(
    machine: tuple[str, Path], demo_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = machine
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(_block("client_assertion_type").replace(SERVED, url), "how-to", "exec"), names)
    assert _collections(url, names["token"])

    with _identity(demo_db) as (connection, admin):
        clients.revoke(connection, admin, "ioc_bang", now=RealClock().now())

    request = Request(f"{url}/collections", headers={"Authorization": f"Bearer {names['token']}"})
    with pytest.raises(Exception, match="401") as refused:
        urlopen(request, timeout=30)
    assert "/.well-known/oauth-protected-resource" in refused.value.headers["WWW-Authenticate"]
    refused.value.close()


def test_the_configuration_of_qgis_is_json_with_the_addresses_of_the_metadata(demo_live: Any) -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])

    with urlopen(f"{demo_live.url}/.well-known/oauth-authorization-server", timeout=30) as answer:
        metadata = json.load(answer)

    assert shown["requestUrl"] == metadata["authorization_endpoint"].replace(demo_live.url, SERVED)
    assert shown["tokenUrl"] == shown["refreshTokenUrl"] == metadata["token_endpoint"].replace(demo_live.url, SERVED)
    assert set(shown["scope"].split()) <= set(clients.qgis("so").scopes)
    assert f"http://127.0.0.1:{shown['redirectPort']}/" in clients.qgis("so").redirect_uris


def test_the_refusal_that_the_reference_shows_is_the_real_one() -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL)[0])

    assert shown["error_description"] == TEXTS[shown["error"]]


@pytest.fixture
def machine(
    demo_db: str, as_app: Callable[[str], str], serve: Callable[..., Any], tmp_path: Path
) -> Iterator[tuple[str, Path]]:
    """A server over the demo, and a folder with the private key of a client of the operations centre."""
    key = ECKey.generate_key("P-256", {"kid": urlsafe_b64encode(sha256(b"ioc").digest()).decode()[:8]})
    (tmp_path / "ioc-private.jwk.json").write_text(json.dumps(key.as_dict(private=True)))
    draft = Draft(
        id="ioc_bang",
        name="Bảng điều hành",
        unit="ioc",
        grant_types=["client_credentials"],
        scopes=["features:read"],
        auth_method="private_key_jwt",
        account="ioc.may",
        jwks={"keys": [key.as_dict(private=False)]},
    )
    with _identity(demo_db, "ioc.lanhdao") as (connection, head):
        connection.execute("DELETE FROM oauth.token WHERE client_id = 'ioc_bang'")
        connection.execute("DELETE FROM oauth.assertion")
        connection.execute("DELETE FROM oauth.client WHERE id = 'ioc_bang'")
        clients.register(connection, head, draft, now=RealClock().now())
    home = tmp_path / "home"
    home.mkdir()
    with serve(as_app(demo_db), home) as running:
        yield running.url, tmp_path


@contextmanager
def _identity(dsn: str, actor: str = "so.quantri1") -> Iterator[Any]:
    writer = Writer(make_conninfo(dsn, user="datdai_mau_identity"), purpose="identity")
    with closing(writer), writer.transaction() as connection:
        yield connection, accounts.caller_named(connection, actor)
