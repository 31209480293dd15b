"""The reference of layer files says every key and every value."""

from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from catalogue import files
from catalogue.layer import Component, GeometryKind, Rows
from catalogue.types import ColumnType

REFERENCE = (Path(__file__).parents[2] / "docs/reference/layers.md").read_text(encoding="utf-8")
MODELS = (files._LayerFile, files._Column, files._Geometry)


@pytest.mark.parametrize("key", sorted({key for model in MODELS for key in model.model_fields}))
def test_every_key_is_described(key: str) -> None:
    assert f"`{key}`" in REFERENCE


@pytest.mark.parametrize("values", [Component, GeometryKind, Rows, ColumnType])
def test_every_value_is_described(values: type[StrEnum]) -> None:
    told = [each for each in values if each is not ColumnType.GEOMETRY]

    assert [each for each in told if f"`{each}`" not in REFERENCE] == []


def test_every_role_is_described() -> None:
    assert [each for each in get_args(files.Role) if f"`{each}`" not in REFERENCE] == []
