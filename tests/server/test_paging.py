"""Keyset paging over the sample province: every order, both directions, under writers."""

import random
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from werkzeug.test import Client

from catalogue.files import read_layers
from catalogue.record_keys import RECORDS

LAYERS = {each.id: each for each in read_layers(Path(__file__).parents[2] / "config/layers")}
ORDERS = [
    (layer.id, sign + column.name)
    for layer in LAYERS.values()
    for column in layer.columns
    for sign in ("", "-")
    if column.sortable and layer.id != RECORDS
]
"""Records are paged by a lane of their own, and of the rows of their table a caller sees one for each record."""


def _get(client: Client, address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 200, answer.get_data()
    return answer.get_json(force=True)


def _link(page: dict[str, Any], rel: str) -> str | None:
    return next((each["href"] for each in page["links"] if each["rel"] == rel), None)


def _walk(client: Client, address: str | None, rel: str) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    while address:
        pages.append(_get(client, address))
        address = _link(pages[-1], rel)
    return pages


def _ids(pages: list[dict[str, Any]]) -> list[Any]:
    return [feature["id"] for page in pages for feature in page["features"]]


def _row_count(dsn: str, layer_id: str) -> int:
    layer = LAYERS[layer_id]
    in_force = f" WHERE {layer.time.end} IS NULL" if layer.rows == "in-force" and layer.time else ""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(f"SELECT count(*) FROM {layer.qualified_table}{in_force}").fetchone()
    return found[0] if found else 0


@pytest.mark.parametrize(("layer", "order"), ORDERS)
def test_pages_forward_and_backward_show_each_row_once(client: Client, sample_db: str, layer: str, order: str):
    size = _row_count(sample_db, layer) // 3 + 1
    first = f"/collections/{layer}/items?limit={size}&sortby={order}&properties=id"

    forward = _walk(client, first, "next")
    backward = _walk(client, _link(forward[-1], "prev"), "prev") if len(forward) > 1 else []

    ids = _ids(forward)
    assert len(ids) == len(set(ids)) == _row_count(sample_db, layer)
    assert _ids(backward[::-1]) == _ids(forward[:-1])


@pytest.mark.parametrize("order", ["dien_tich", "-dien_tich,so_to", "loai_dat_chinh,-so_thua", "-ma_dinh_danh"])
def test_pages_come_in_the_order_asked_for(client: Client, sample_db: str, order: str):
    keys = [(each.lstrip("-"), each.startswith("-")) for each in order.split(",")]
    sql = ", ".join(f"{name} {'DESC' if down else 'ASC'}" for name, down in (*keys, ("id", keys[-1][1])))
    with psycopg.connect(sample_db) as connection:
        rows = connection.execute(f"SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL ORDER BY {sql}")
        expected = [row[0] for row in rows]

    pages = _walk(client, f"/collections/thua-dat/items?limit=333&sortby={order}&properties=id", "next")

    assert _ids(pages) == expected


def test_an_exact_last_page_has_no_next(client: Client, sample_db: str):
    count = _row_count(sample_db, "don-vi-hanh-chinh")

    page = _get(client, f"/collections/don-vi-hanh-chinh/items?limit={count}&skipGeometry=true")

    assert page["numberReturned"] == count
    assert _link(page, "next") is None


def test_rows_that_stay_are_shown_once_whatever_others_write(client: Client, sample_db: str):
    chance = random.Random(7)
    with psycopg.connect(sample_db, autocommit=True) as writer:
        before = {row[0] for row in writer.execute("SELECT id::text FROM dc.han_che WHERE hieu_luc_den IS NULL")}
        address: str | None = "/collections/han-che/items?limit=10&sortby=loai&properties=id"
        seen: list[str] = []
        gone: set[str] = set()
        while address:
            page = _get(client, address)
            seen += [feature["id"] for feature in page["features"]]
            victim = chance.choice(sorted(before - gone))
            gone.add(victim)
            writer.execute("DELETE FROM dc.han_che WHERE id = %s", (victim,))
            writer.execute(
                "INSERT INTO dc.han_che (thua_id, xa_id, ma_xa, loai, hieu_luc_tu) "
                "SELECT id, xa_id, ma_xa, 'han_che', '2025-01-01' FROM dc.thua_dat LIMIT 1"
            )
            address = _link(page, "next")

    assert len(seen) == len(set(seen))
    assert before - gone <= set(seen)


def test_a_cursor_belongs_to_its_query(client: Client):
    page = _get(client, "/collections/thua-dat/items?limit=5")
    cursor = (_link(page, "next") or "").partition("cursor=")[2]

    other = client.get(f"/collections/thua-dat/items?limit=5&nhom_dat_chinh=PNN&cursor={cursor}")
    first = "B" if cursor.startswith("A") else "A"
    changed = client.get(f"/collections/thua-dat/items?limit=5&cursor={first}{cursor[1:]}")
    larger = client.get(f"/collections/thua-dat/items?limit=50&cursor={cursor}")

    assert (other.status_code, changed.status_code, larger.status_code) == (400, 400, 200)


def test_offset_leads_to_the_same_rows_as_next(client: Client):
    pages = _walk(client, "/collections/thua-dat/items?limit=300&properties=id", "next")

    page = _get(client, "/collections/thua-dat/items?limit=300&properties=id&offset=600")

    assert _ids([page]) == _ids(pages)[600:900]


@pytest.mark.parametrize("asked", ["offset=-1", "offset=100001", "offset=1&cursor=x", "cursor=", "cursor=%00"])
def test_a_place_that_cannot_be_is_refused(client: Client, asked: str):
    assert client.get(f"/collections/thua-dat/items?{asked}").status_code == 400
