"""The tutorial on adding a layer, followed word for word on a fresh database."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from catalogue.files import LAYERS, read_layers
from catalogue.layer import Layer
from core.errors import CatalogueError
from database.check import check_catalogue

TUTORIAL = (Path(__file__).parents[2] / "docs/tutorials/add-a-layer.md").read_text(encoding="utf-8")
UNIT = """
INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc)
VALUES (3, '99999', 'Xã Thử', 'Xã', '2020-01-01', 'thử',
        ST_Multi(ST_MakeEnvelope(560000, 1280000, 570000, 1290000, 9212)))
"""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)


@pytest.fixture
def connection(empty_db: str) -> Iterator[Connection[Any]]:
    """The database after the tutorial's SQL; a clone keeps the roles of the template, so only their name differs."""
    with psycopg.connect(empty_db) as connection:
        connection.execute(UNIT)
        for block in _blocks("sql"):
            connection.execute(block.replace("datdai_p_all", "datdai_mau_p_all").encode())
        yield connection


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Layer, ...]:
    """The shipped layers and that of the tutorial."""
    folder = tmp_path / "layers"
    shutil.copytree(LAYERS, folder)
    (block,) = _blocks("yaml")
    (folder / "tram-quan-trac.yml").write_text(block, encoding="utf-8")
    return read_layers(folder)


def test_the_layer_of_the_tutorial_fits_its_table(connection: Connection[Any], layers: tuple[Layer, ...]) -> None:
    check_catalogue(connection, layers)

    assert "tram-quan-trac" in {each.id for each in layers}
    assert f"`{len(layers)} layers fit the database.`" in TUTORIAL


def test_what_the_tutorial_says_is_derived_is_derived(connection: Connection[Any]) -> None:
    query = "SELECT ten, ma_xa, ST_SRID(geom_goc), ST_SRID(geom), lg.so_dong('qt.tram_quan_trac', false)"

    rows = connection.execute(f"{query} FROM qt.tram_quan_trac".encode()).fetchall()

    assert rows == [("Trạm Xã Thử", "99999", 9212, 4326, 1)]


def test_without_the_index_the_check_says_what_the_tutorial_promises(
    connection: Connection[Any], layers: tuple[Layer, ...]
) -> None:
    connection.execute("DROP INDEX qt.tram_quan_trac_do_ph_id_idx")

    with pytest.raises(CatalogueError) as error:
        check_catalogue(connection, layers)

    (promised,) = _blocks("text")
    assert str(error.value).splitlines()[1:] == promised.splitlines()


def test_every_key_of_a_layer_file_is_in_the_reference() -> None:
    from catalogue import files

    reference = (Path(__file__).parents[2] / "docs/reference/layers.md").read_text(encoding="utf-8")
    models = (files._LayerFile, files._Column, files._Geometry)

    keys = {key for model in models for key in model.model_fields}

    assert {key for key in keys if f"`{key}`" not in reference and f"`{key}`," not in reference} == set()
