"""Tokens of the demo that can be shown again."""

import psycopg

from core.clocks import RealClock
from loader import demo

FILES = demo.read_demo()
KEY = bytes(range(32))


def test_tokens_stay_the_same_until_one_is_revoked(demo_db: str) -> None:
    logins = demo.Logins(demo_db, "datdai_mau_identity", "datdai_mau_publisher")
    first = demo.tokens(logins, FILES, key=KEY, clock=RealClock())
    with psycopg.connect(demo_db) as connection:
        connection.execute(
            "UPDATE oauth.token SET revoked_at = now() FROM acl.account"
            " WHERE account.id = account_id AND account.code = 'thue.canbo'"
        )

    again = demo.tokens(logins, FILES, key=KEY, clock=RealClock())

    assert {code for code, token in again.items() if token != first[code]} == {"thue.canbo"}
