"""Channels through which something once leaked, each closed by what stands here."""

from pathlib import Path

import psycopg
import pytest

from tests.leaks.asking import Asked, send
from tests.leaks.viewpoints import BY_NAME
from tests.leaks.worlds import Worlds, copy_of, served, token_of


@pytest.mark.parametrize("format_", ["json", "gpkg"])
def test_the_order_of_an_export_does_not_tell_which_hidden_cells_were_written(
    worlds: Worlds, tmp_path: Path, format_: str
) -> None:
    viewpoint = BY_NAME["district"]
    asked = Asked(
        "GET", f"/collections/thua-dat/export?f={format_}", {"Authorization": f"Bearer {token_of(viewpoint)}"}
    )

    with copy_of(worlds.cluster, worlds.template) as dsn, served(dsn, tmp_path) as world:
        before = send(world.application, asked)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE dc.thua_dat SET nguon = nguon || ' 2' WHERE hashtext(id::text) % 3 = 0")
        after = send(world.application, asked)

    assert before.status == 200
    assert before == after


@pytest.mark.parametrize("asked", ["items?f=csv&limit=1000", "items?f=csv&resulttype=hits&so_to=1", "export?f=csv"])
def test_a_box_does_not_tell_where_rows_lie_whose_geometry_is_hidden(
    worlds: Worlds, tmp_path: Path, asked: str
) -> None:
    viewpoint = BY_NAME["without-geometry"]
    headers = {"Authorization": f"Bearer {token_of(viewpoint)}"}
    boxes = ("-180,-90,180,90", "0,0,1,1")

    with copy_of(worlds.cluster, worlds.template) as dsn, served(dsn, tmp_path) as world:
        everywhere, nowhere = (
            send(world.application, Asked("GET", f"/collections/thua-dat/{asked}&bbox={box}", headers)) for box in boxes
        )

    assert everywhere.status == 200
    assert everywhere.body == nowhere.body
    assert everywhere.header("OGC-NumberMatched") == nowhere.header("OGC-NumberMatched")
