"""What the accounts of the demo see through a running server."""

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.auth.test_demo_profiles import COLUMNS
from tests.conftest import Live


@pytest.mark.parametrize("account", COLUMNS)
def test_the_collections_are_those_of_the_table(demo_live: Live, demo_tokens: dict[str, str], account: str) -> None:
    listed = _get(f"{demo_live.url}/collections?f=json", demo_tokens.get(account))

    assert sorted(each["id"] for each in listed["collections"]) == sorted(COLUMNS[account])


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
