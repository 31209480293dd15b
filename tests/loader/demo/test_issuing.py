"""Tokens of the demo that can be shown again."""

from datetime import date, timedelta

import psycopg

from auth.credentials.tokens import find
from auth.people import daily
from auth.rights.publishing import check_published
from catalogue.files import read_layers
from core.clocks import RealClock, StoppedClock
from loader import demo

FILES = demo.read_demo()
LAYERS = read_layers()
KEY = bytes(range(32))


def test_tokens_stay_the_same_until_one_is_revoked(demo_db: str) -> None:
    logins = demo.Logins(demo_db, "datdai_mau_identity", "datdai_mau_publisher")
    first = demo.tokens(logins, FILES, LAYERS, key=KEY, clock=RealClock())
    with psycopg.connect(demo_db) as connection:
        connection.execute(
            "UPDATE oauth.token SET revoked_at = now() FROM acl.account"
            " WHERE account.id = account_id AND account.code = 'thue.canbo'"
        )

    again = demo.tokens(logins, FILES, LAYERS, key=KEY, clock=RealClock())

    assert {code for code, token in again.items() if token != first[code]} == {"thue.canbo"}


def test_after_months_every_account_has_a_token_again(demo_db: str) -> None:
    logins = demo.Logins(demo_db, "datdai_mau_identity", "datdai_mau_publisher")
    later = StoppedClock(RealClock().now() + timedelta(days=200))
    with psycopg.connect(demo_db) as connection:
        done = daily.run(connection, day=date(2025, 6, 30), clock=later)

    tokens = demo.tokens(logins, FILES, LAYERS, key=KEY, clock=later)

    assert done.suspended
    with psycopg.connect(demo_db) as connection:
        good = [code for code, token in tokens.items() if find(connection, token, now=later.now())]
        assert check_published(connection, LAYERS, date(2025, 6, 30)) == ()
    assert len(good) == len(FILES.accounts)
