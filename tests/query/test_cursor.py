"""A cursor belongs to one query of one profile."""

from pathlib import Path

import pytest

from catalogue.files import read_layers
from catalogue.layer import Layer
from catalogue.profile import Collection, OneOf, RowScope, compile_profile
from core.errors import BadParameter
from query.items import ItemsQuery
from query.paging import CursorSeal, Position
from query.request import read_items_query
from query.view import view_of

PARCELS: Layer = next(
    each for each in read_layers(Path(__file__).parents[2] / "config/layers") if each.id == "thua-dat"
)
SEAL = CursorSeal(b"k" * 32)
HERE = Position(("fa7e1920-9107-422d-a3db-c468cbc5d6df",))


def _collection(*communes: int) -> Collection:
    return Collection("thua-dat", PARCELS, PARCELS.columns, RowScope((OneOf("xa_id", communes),)))


def _read(collection: Collection, *pairs: tuple[str, str]) -> ItemsQuery:
    return read_items_query(pairs, view_of(collection), SEAL, compile_profile([collection]).hash)


def test_a_cursor_opens_in_the_profile_that_it_was_made_for() -> None:
    cursor = SEAL.seal(HERE, context=_read(_collection(101)).fingerprint)

    assert _read(_collection(101), ("cursor", cursor)).position == HERE


def test_a_cursor_of_another_profile_is_refused() -> None:
    cursor = SEAL.seal(HERE, context=_read(_collection(101)).fingerprint)

    with pytest.raises(BadParameter, match="cursor"):
        _read(_collection(102), ("cursor", cursor))


@pytest.mark.parametrize(
    "pair",
    [
        ("bbox", "106,11,107,12"), ("datetime", "2025-01-01"), ("q", "Tân Phú"), ("filter", "so_to = 1"),
        ("filter-lang", "cql2-json"), ("sortby", "so_to"), ("so_to", "1"),
    ],
)  # fmt: skip
def test_a_cursor_of_another_selection_or_order_is_refused(pair: tuple[str, str]) -> None:
    cursor = SEAL.seal(HERE, context=_read(_collection(101)).fingerprint)

    with pytest.raises(BadParameter, match="cursor"):
        _read(_collection(101), pair, ("cursor", cursor))


@pytest.mark.parametrize("pair", [("limit", "500"), ("properties", "so_to"), ("skipGeometry", "true"), ("f", "csv")])
def test_a_cursor_outlives_what_only_shows_rows_otherwise(pair: tuple[str, str]) -> None:
    cursor = SEAL.seal(HERE, context=_read(_collection(101)).fingerprint)

    assert _read(_collection(101), pair, ("cursor", cursor)).position == HERE
