"""What the pages call a parcel, and which land-use groups they offer."""

import re

import pytest
from werkzeug.test import Client

ITEMS = "/collections/thua-dat/items"


@pytest.fixture(scope="module")
def parcel(client: Client) -> dict:
    return client.get(f"{ITEMS}?f=json&limit=1").get_json(force=True)["features"][0]


@pytest.mark.parametrize(
    ("language", "words"), [("vi", "Tờ {so_to}, thửa {so_thua}"), ("en", "Sheet {so_to}, parcel {so_thua}")]
)
def test_the_page_of_a_parcel_is_titled_by_sheet_and_number(client: Client, parcel: dict, language: str, words: str):
    shown = client.get(f"{ITEMS}/{parcel['id']}?f=html&lang={language}").text
    title = words.format_map(parcel["properties"])

    assert re.search(rf"<title>[^<]+ · {title} ·", shown)
    assert re.search(rf"<h1>.*</span> {title}</h1>", shown)


def test_a_page_that_does_not_show_the_number_is_titled_by_the_identifier(client: Client, parcel: dict):
    shown = client.get(f"{ITEMS}/{parcel['id']}?f=html&exclude-properties=so_thua").text

    assert f"</span> …{parcel['id'][-12:]}</h1>" in shown


@pytest.mark.parametrize("kind", ["schema", "queryables"])
def test_groups_of_land_are_the_three_that_a_parcel_can_be_in(client: Client, kind: str):
    group = client.get(f"/collections/thua-dat/{kind}?f=json").get_json(force=True)["properties"]["nhom_dat_chinh"]

    assert set(group["enum"]) == {each["const"] for each in group["oneOf"]} == {"NNP", "PNN", "CSD"}
