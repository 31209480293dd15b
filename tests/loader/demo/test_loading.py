"""The demo in a sample province."""

import base64
from datetime import date, timedelta

import psycopg
import pytest
from pyotp.totp import TOTP

from auth.credentials.passwords import expiry
from auth.credentials.tokens import Prefix, find, hash_of, new_secret
from auth.people.sign_in import NeedsTotp, SignedIn, sign_in
from auth.rights.publishing import check_published
from catalogue.files import read_layers
from core.clocks import RealClock
from core.errors import DatabaseError
from loader import demo
from loader.demo.deriving import derived, password_of, second_factor_of, source
from tests.auth.test_demo_profiles import profile

LAYERS = read_layers()
FILES = demo.read_demo()
KEY = bytes(range(32))


@pytest.fixture(scope="module")
def logins(demo_db: str) -> demo.Logins:
    """The logins of the demo, as clones of the template have them."""
    return demo.Logins(demo_db, "datdai_mau_identity", "datdai_mau_publisher")


def test_every_account_of_the_files_has_a_token_that_is_its_own(demo_db: str, demo_tokens: dict[str, str]) -> None:
    with psycopg.connect(demo_db) as connection:
        found = {code: find(connection, token, now=RealClock().now()) for code, token in demo_tokens.items()}
        ids = dict(connection.execute("SELECT code, id FROM acl.account").fetchall())

    assert {code: token and token.account_id for code, token in found.items()} == ids


def test_loading_it_again_changes_nothing(demo_db: str, logins: demo.Logins) -> None:
    before = _state(demo_db)

    assert not demo.load(logins, FILES, LAYERS, key=KEY, clock=RealClock())
    assert _state(demo_db) == before


def test_another_secret_gives_other_tokens(logins: demo.Logins) -> None:
    first, other = (demo.tokens(logins, FILES, LAYERS, key=key, clock=RealClock()) for key in (KEY, bytes(32)))

    assert not set(first.values()) & set(other.values())


def test_only_those_who_administer_may_do_so_by_token(demo_db: str, demo_tokens: dict[str, str]) -> None:
    with psycopg.connect(demo_db) as connection:
        admin, officer = (
            find(connection, demo_tokens[code], now=RealClock().now()) for code in ("so.quantri1", "vpdk.canbo")
        )

    assert admin
    assert officer
    assert "admin" in admin.scopes
    assert "admin" not in officer.scopes


def test_there_are_no_demo_tokens_without_the_demo(sample_db: str) -> None:
    logins = demo.Logins(sample_db, "datdai_mau_identity", "datdai_mau_publisher")

    with pytest.raises(DatabaseError, match="not filled with the demo"):
        demo.tokens(logins, FILES, LAYERS, key=KEY, clock=RealClock())


def test_the_demo_goes_into_a_sample_province_only(empty_db: str) -> None:
    logins = demo.Logins(empty_db, "datdai_mau_identity", "datdai_mau_publisher")

    with pytest.raises(DatabaseError, match="sample province"):
        demo.load(logins, FILES, LAYERS, key=KEY, clock=RealClock())


def test_two_officers_stand_behind_every_agreement_and_the_audit_knows_them(demo_db: str) -> None:
    query = (
        "SELECT about, array_agg(act || ' ' || account ORDER BY id) FROM audit.act"
        " WHERE about LIKE 'agreement:%' GROUP BY about"
    )
    with psycopg.connect(demo_db) as connection:
        acts = dict(connection.execute(query).fetchall())

    assert set(acts) == {f"agreement:{each.agreement}" for each in FILES.agreements} | {
        f"agreement:{each.package}" for each in FILES.packages
    }
    assert acts["agreement:thue-2025-01"] == [
        "agreement.draft so.quantri1",
        "agreement.propose so.quantri1",
        "agreement.accept thue.lanhdao",
        "agreement.accept so.lanhdao",
        "agreement.effect so.quantri2",
        "agreement.publish so.quantri2",
    ]
    assert "agreement.accept quyhoach.lanhdao" in acts["agreement:cong-khai"]


def test_a_unit_joins_a_package_by_an_officer_and_its_head(demo_db: str) -> None:
    query = "SELECT account FROM audit.act WHERE act = 'package.join' AND about = 'unit:ubnd-tan-phu' ORDER BY id"
    with psycopg.connect(demo_db) as connection:
        joined = [account for (account,) in connection.execute(query).fetchall()]

    assert joined == ["so.quantri1", "25195.lanhdao"] * len(FILES.unit("ubnd-tan-phu").joins)


def test_what_is_published_is_what_the_agreements_and_functions_give(demo_db: str) -> None:
    with psycopg.connect(demo_db) as connection:
        assert check_published(connection, LAYERS, date(2025, 6, 30)) == ()
        assert connection.execute("SELECT count(*) FROM acl.stale_profile").fetchone() == (0,)


def test_on_the_first_of_july_the_tax_office_has_another_profile_without_any_act(demo_db: str) -> None:
    query = (
        "SELECT p.valid_from, p.hash FROM acl.profile_in_force p JOIN acl.account a ON p.subject = 'account:' || a.id"
        " WHERE a.code = 'thue.canbo' AND p.valid_until IS NULL"
    )
    with psycopg.connect(demo_db) as connection:
        row = connection.execute(query).fetchone()

    assert row == (date(2025, 7, 1), profile("thue.canbo", date(2025, 7, 1)).hash)


def test_clients_of_machines_prove_themselves_by_a_secret_or_a_key(demo_db: str) -> None:
    query = (
        "SELECT id, auth_method, secret_hash, jwks -> 'keys' -> 0 ->> 'kty' FROM oauth.client"
        " WHERE account_id IS NOT NULL"
    )
    with psycopg.connect(demo_db) as connection:
        found = {each[0]: each[1:] for each in connection.execute(query).fetchall()}

    ids = ("ioc_dieu-hanh", "bo_danh-muc")
    secrets = (new_secret(Prefix.CLIENT_SECRET, random=source(derived(KEY, "client", each))) for each in ids)
    by_secret = {id_: ("client_secret_basic", hash_of(each), None) for id_, each in zip(ids, secrets, strict=True)}
    assert found == by_secret | {
        "bo_thong-ke": ("private_key_jwt", None, "OKP"),
    }


def test_admins_and_heads_sign_in_with_a_second_factor(demo_db: str) -> None:
    clock = RealClock()
    code, until = "thue.lanhdao", expiry(clock.now())
    totp = TOTP(base64.b32encode(second_factor_of(code, key=KEY)).decode()).at(clock.now() + timedelta(seconds=30))
    given = {"code": code, "password": password_of(code, until, key=KEY), "ip": "127.0.0.1"}

    with psycopg.connect(demo_db) as connection:
        without = sign_in(connection, **given, clock=clock, key=KEY)
        result = sign_in(connection, **given, totp_code=totp, clock=clock, key=KEY)

    assert isinstance(without, NeedsTotp)
    assert isinstance(result, SignedIn)


def _state(dsn: str) -> list[tuple[object, ...]]:
    query = (
        "SELECT 'unit', count(*) FROM acl.unit UNION ALL SELECT 'account', count(*) FROM acl.account"
        " UNION ALL SELECT 'version', count(*) FROM acl.agreement_version"
        " UNION ALL SELECT 'act', count(*) FROM audit.act ORDER BY 1"
    )
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("account", [each.code for each in FILES.accounts])
def test_the_database_lets_an_account_in_with_the_profile_of_the_table(
    demo_db: str, demo_tokens: dict[str, str], account: str
) -> None:
    with psycopg.connect(demo_db) as connection:
        row = connection.execute(
            "SELECT account, profile_hash FROM acl.caller_of('token', %s)", [hash_of(demo_tokens[account])]
        ).fetchone()

    assert row == (account, profile(account).hash)
