"""No request reads a large table from one end to the other, whatever rows its caller may see.

The sample is multiplied until PostgreSQL plans as it does in a province; ``python -m benchmarks.plans`` shows the
plans and times of a larger one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from benchmarks import plans, scopes
from catalogue.files import read_layers
from catalogue.layer import Layer
from core.limits import LIMITS
from query import items

COPIES = 9
REACH = 0.01
COUNTED = 500
"""Counts end here: the province is smaller than one in which they end at 10,000."""
LAYERS: dict[str, Layer] = {each.id: each for each in read_layers() if each.id in scopes.LAYERS}
TABLES = ("dc.thua_dat", "dc.quyen_su_dung_dat", "tk.khoanh_dat", "gd.gia_thua")
_NEW = {
    "id": sql.SQL("gen_random_uuid()"),
    "thua_id": sql.SQL("gen_random_uuid()"),
    "so_to": sql.SQL("so_to + 1000 * n"),
    "stt": sql.SQL("stt + 100000 * n"),
    "ma_dinh_danh": sql.SQL("NULL"),
    "geom": sql.SQL("ST_Translate(geom, 0, 0.0001 * n)"),
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
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}".encode())
        yield connection


def _multiply(connection: Connection[Any], table: str) -> None:
    columns = [name for (name,) in connection.execute(_COLUMNS, [table])]
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}, generate_series(1, {}) AS n").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(_NEW[each] if each in _NEW else sql.Identifier(each) for each in columns),
            sql.Identifier(*table.split(".")),
            sql.Literal(COPIES),
        )
    )


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_no_request_reads_a_large_table_from_end_to_end(
    province: Connection[Any], monkeypatch: pytest.MonkeyPatch, layer: Layer
) -> None:
    monkeypatch.setattr(items, "LIMITS", replace(LIMITS, count_max=COUNTED))
    large = plans.large_tables(province, 5_000)
    faults = [
        f"{case.name}: {plan.whole} {plan.nodes}, {plan.pages} pages, {plan.thrown} rows thrown away"
        for _, scope, profile in plans.published(province, [layer], scopes.places_in(province))
        for case in plans.cases(province, layer, scope, profile, reach=REACH)
        if _is_bad(case, plan := plans.run(province, case, large))
    ]

    assert layer.table in large
    assert not faults, "\n".join(faults)


def _is_bad(case: plans.Case, plan: plans.Plan) -> bool:
    """Tell whether much is read for nothing; an index of the order asked for may be walked, as documented."""
    if case.family.startswith("sorted by"):
        return any(each.startswith("Seq Scan") for each in plan.whole)
    return bool(plan.whole)


def test_a_scan_of_a_whole_table_would_be_seen(province: Connection[Any]) -> None:
    large = plans.large_tables(province, 5_000)
    statement = ("SELECT count(*) FROM dc.thua_dat WHERE dia_chi || '' = ''", ())

    plan = plans.run(province, plans.Case("thua-dat", "", "", statement, ""), large, walls=1)

    assert plan.whole == ["Seq Scan thua_dat"]
