"""The lock of exchange structures: what counts as a change, and what it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.exchange import digest, exchange_faults, read_lock
from catalogue.files import read_layers
from catalogue.layer import Column, ExchangeVersion, Layer, Text
from catalogue.types import ColumnType

MOC = next(each for each in read_layers() if each.id == "moc")
WORDS = Text("Cột mới", "New column")


def _with_column(**changes: object) -> Layer:
    columns = (*MOC.columns[:-1], replace(MOC.columns[-1], **changes))  # pyright: ignore[reportArgumentType]
    return replace(MOC, columns=columns)


@pytest.mark.parametrize(
    "layer",
    [
        replace(MOC, columns=MOC.columns[:-1]),
        replace(MOC, columns=(*MOC.columns, Column("moi", ColumnType.TEXT, WORDS))),
        replace(MOC, columns=(MOC.columns[1], MOC.columns[0], *MOC.columns[2:])),
        replace(MOC, geometry=None),
        _with_column(name="tu"),
        _with_column(type=ColumnType.TIMESTAMP),
        _with_column(unit="a"),
        _with_column(codelist="nam"),
        _with_column(required=False),
        _with_column(refers_to="ho-so"),
    ],
    ids=["gone", "new", "order", "geometry", "name", "type", "unit", "codelist", "required", "reference"],
)
def test_a_change_of_what_is_exchanged_changes_the_digest(layer: Layer) -> None:
    assert digest(layer) != digest(MOC)


@pytest.mark.parametrize(
    "layer",
    [_with_column(title=WORDS), _with_column(queryable=False), replace(MOC, title=WORDS), replace(MOC, tiles=None)],
    ids=["title of a column", "queryable", "title of the layer", "tiles"],
)
def test_words_filters_and_tiles_are_no_part_of_the_structure(layer: Layer) -> None:
    assert digest(layer) == digest(MOC)


def test_a_locked_layer_has_no_fault() -> None:
    faults = list(exchange_faults([MOC], {("moc", "1.0.0"): digest(MOC)}))

    assert faults == []


def test_a_change_under_an_old_version_says_what_to_write() -> None:
    changed = _with_column(unit="a")

    faults = list(exchange_faults([changed], {("moc", "1.0.0"): digest(MOC)}))

    assert faults == [
        "moc: what is exchanged differs from version 1.0.0. Write a new version into the layer's file, "
        f"and this line into the lock: moc VERSION {digest(changed)}"
    ]


def test_a_new_version_is_to_be_locked_and_the_old_one_stays() -> None:
    newer = replace(MOC, exchange=(ExchangeVersion("1.1.0", "2026-01-01", WORDS), *MOC.exchange))

    faults = list(exchange_faults([newer], {}))

    assert faults == [
        f"moc: add this line to the lock: moc 1.1.0 {digest(MOC)}",
        "moc: version 1.0.0 is not in the lock; a version that was published stays there",
    ]


def test_the_lock_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "exchange.lock"
    path.write_text("# why\n\nmoc 1.0.0 ab\nmoc 1.1.0 cd\n", encoding="utf-8")

    assert read_lock(path) == {("moc", "1.0.0"): "ab", ("moc", "1.1.0"): "cd"}
