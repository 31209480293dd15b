"""What takes reading to count is counted once at each version of the table."""

import psycopg
import pytest
from werkzeug.test import Client

from server.app import Application

FOREST = "/collections/thua-dat/items?limit=1&filter=nhom_dat_chinh%3D%27NNP%27%20AND%20so_to%3C4"


@pytest.fixture
def asked(application: Application, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that are sent, as they are."""
    sent: list[str] = []
    reader = type(application._parts.reader)
    read = reader.read
    monkeypatch.setattr(
        reader,
        "read",
        lambda self, entry, statements, **more: (
            sent.extend(sql for sql, _ in statements) or read(self, entry, statements, **more)
        ),
    )
    return sent


def test_a_count_is_not_made_again_for_the_next_page(client: Client, asked: list[str]):
    first = client.get(FOREST).get_json(force=True)
    following = next(each["href"] for each in first["links"] if each["rel"] == "next")
    second = client.get(following.removeprefix("http://127.0.0.1:8000")).get_json(force=True)

    assert first["numberMatched"] == second["numberMatched"] > 1
    pages = [each for each in asked if "page AS MATERIALIZED" in each]
    assert ["LIMIT 10001" in each for each in pages] == [True, False]


def test_a_write_by_sql_makes_the_count_anew(client: Client, sample_db: str):
    before = client.get(FOREST).get_json(force=True)
    id_ = before["features"][0]["id"]

    with psycopg.connect(sample_db) as writer:
        writer.execute("UPDATE dc.thua_dat SET so_to = so_to + 90000 WHERE id = %s", (id_,))
    after = client.get(FOREST).get_json(force=True)

    assert after["numberMatched"] == before["numberMatched"] - 1
    assert after["numberMatched"] == client.get(FOREST + "&resulttype=hits").get_json(force=True)["numberMatched"]
