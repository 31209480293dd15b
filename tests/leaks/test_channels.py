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
