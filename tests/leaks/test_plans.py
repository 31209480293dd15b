"""No request reads a large table from one end to the other, whatever rows its caller may see.

The sample is multiplied until PostgreSQL plans as it does in a province; ``python -m benchmarks.plans`` shows the
plans and times of a larger one.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from benchmarks import plans, scopes
from catalogue.files import read_layers
from catalogue.layer import Layer

COPIES = 12
REACH = 0.01
LAYERS: dict[str, Layer] = {each.id: each for each in read_layers() if each.id in scopes.LAYERS}
TABLES = ("dc.thua_dat", "dc.quyen_su_dung_dat", "tk.khoanh_dat", "gd.gia_thua")
_NEW = {
    "id": "gen_random_uuid()",
    "thua_id": "gen_random_uuid()",
    "so_to": "so_to + 1000 * n",
    "stt": "stt + 100000 * n",
    "ma_dinh_danh": "NULL",
    "geom": "ST_Translate(geom, 0, 0.0001 * n)",
}
"""Columns in which a copy differs."""
_COLUMNS = (
    "SELECT attname FROM pg_attribute "
    "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)


@pytest.fixture(scope="module")
def province(sample_db: str) -> Iterator[Connection[Any]]:
    """A province of some size, whose tables the planner knows."""
    with psycopg.connect(sample_db, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in TABLES:
                _multiply(connection, table)
        connection.execute("VACUUM ANALYZE")
        yield connection


def _multiply(connection: Connection[Any], table: str) -> None:
    columns = [name for (name,) in connection.execute(_COLUMNS, [table])]
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}, generate_series(1, {}) AS n").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.SQL(_NEW[each]) if each in _NEW else sql.Identifier(each) for each in columns),
            sql.Identifier(*table.split(".")),
            sql.Literal(COPIES),
        )
    )


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_no_request_reads_a_large_table_from_end_to_end(province: Connection[Any], layer: Layer) -> None:
    large = plans.large_tables(province, 5_000)
    faults = [
        f"{case.name}: {plan.whole} {plan.nodes}, {plan.pages} pages, {plan.thrown} rows thrown away"
        for _, scope, profile in plans.published(province, [layer], scopes.places_in(province))
        for case in plans.cases(province, layer, scope, profile, reach=REACH)
        if (plan := plans.run(province, case, large)).whole
    ]

    assert layer.table in large
    assert not faults, "\n".join(faults)
