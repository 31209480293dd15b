"""What the accounts of the demo see through a running server."""

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.auth.test_demo_profiles import COLUMNS, RECORDS
from tests.conftest import Live


@pytest.mark.parametrize("account", COLUMNS)
def test_the_collections_are_those_of_the_table(demo_live: Live, demo_tokens: dict[str, str], account: str) -> None:
    listed = _get(f"{demo_live.url}/collections?f=json", demo_tokens.get(account))

    records = ["sieu-du-lieu"] if COLUMNS[account] else []
    assert sorted(each["id"] for each in listed["collections"]) == sorted([*COLUMNS[account], *records])


@pytest.mark.parametrize("account", [each for each, columns in COLUMNS.items() if columns])
def test_the_records_are_those_of_the_keys_of_the_table(
    demo_live: Live, demo_tokens: dict[str, str], account: str
) -> None:
    page = _get(f"{demo_live.url}/collections/sieu-du-lieu/items?f=json&limit=1000", demo_tokens.get(account))

    ids = [each["id"] for each in page["features"]]
    kinds = {kind: named.split() for kind, named in RECORDS.get(account, {"khung": " ".join(COLUMNS[account])}).items()}
    of_layers = sum(len(named) for kind, named in kinds.items() if kind != "don-vi")
    assert len(set(ids)) == len(ids)
    assert len(ids) > of_layers if "don-vi" in kinds else len(ids) == of_layers


@pytest.mark.parametrize(
    ("account", "collection"), [(account, each) for account, columns in COLUMNS.items() for each in columns]
)
def test_an_item_has_the_columns_of_the_table(
    demo_live: Live, demo_tokens: dict[str, str], account: str, collection: str
) -> None:
    page = _get(f"{demo_live.url}/collections/{collection}/items?f=json&limit=1", demo_tokens.get(account))

    (item,) = page["features"]
    assert set(item["properties"]) | {"id"} <= set(COLUMNS[account][collection].split())


def _get(url: str, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=30) as answer:
        return json.load(answer)
