"""No request reads more than what it returns takes, whatever rows its caller may see.

What is read is told by pages of tables and indexes, from memory or from disk. The sample is multiplied until PostgreSQL
plans as it does in a province; ``python -m benchmarks.plans`` shows the plans and times of a larger one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
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
from query.view import APART_MAX

COPIES = 9
REACH = 0.01
COUNTED = 500
"""Counts end here: the province is smaller than one in which they end at 10,000."""
LAYERS: dict[str, Layer] = {each.id: each for each in read_layers() if each.id in scopes.LAYERS}
TABLES = ("dc.thua_dat", "dc.quyen_su_dung_dat", "tk.khoanh_dat", "gd.gia_thua")
_ANYWHERE = "search, everywhere"
"""A word of two letters is in no index: rows are looked at until so many are found as are counted."""
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


@pytest.fixture(autouse=True)
def _counts_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (items, plans):
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, count_max=COUNTED))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_no_request_reads_more_than_what_it_returns_takes(province: Connection[Any], layer: Layer) -> None:
    large = plans.large_tables(province, 5_000)
    seen: Counter[str] = Counter()
    faults = list[str]()
    for _, scope, profile in plans.published(province, [layer], scopes.places_in(province)):
        for case in plans.cases(province, layer, scope, profile, reach=REACH):
            seen[scope] += 1
            faults += _faults(case, plans.run(province, case, large), large)

    assert layer.table in large
    assert len(seen) == 9
    assert min(seen.values()) >= 20
    assert not faults, "\n".join(faults)


def _faults(case: plans.Case, plan: plans.Plan, large: Mapping[str, int]) -> Iterator[str]:
    if plan.whole and not _is_ordered_by_term(case) and case.family != _ANYWHERE:
        yield f"{case.name}: reads {plan.whole} for nothing: {plan.nodes}, {plan.thrown} rows thrown away"
    if any(node.startswith("Seq Scan") for node in plan.nodes) and not _may_scan(case):
        yield f"{case.name}: scans a table: {plan.nodes}"
    if plan.pages > (allowed := _allowed(case, plan, large)):
        yield f"{case.name}: {plan.pages} pages for {plan.rows} rows; {allowed} are enough: {plan.nodes}"


def _allowed(case: plans.Case, plan: plans.Plan, large: Mapping[str, int]) -> int:
    """Return how many pages may be read: so many for each row that is returned or counted, and to enter each unit.

    A search may look at all rows of its units, since nobody knows how frequent a word is there. Under terms other than
    the territory an order leads through hidden rows, and other requests read up to twice as much: that time tells of
    what is hidden there is documented and shown before such an agreement is published.
    """
    searched = case.own if case.family in (_ANYWHERE, "search, frequent") else 0
    entered = 60 if case.family.startswith("search") else 12
    pages = 60 + entered * min(case.units, APART_MAX) + (8 if case.box else 3) * (plan.rows + searched)
    if case.scope in scopes.TERRITORIAL:
        return pages
    return 2 * max(large.values()) if _is_ordered_by_term(case) else 2 * pages


def _is_ordered_by_term(case: plans.Case) -> bool:
    return case.scope not in scopes.TERRITORIAL and case.family.startswith("sorted by")


def _may_scan(case: plans.Case) -> bool:
    """Tell whether nearly all rows are the caller's, so that what is counted is found soon wherever it is begun."""
    return case.scope not in (scopes.COMMUNE, scopes.FIVE, scopes.DISTRICT)


@pytest.mark.parametrize(
    ("index", "family"),
    [
        ("thua_dat_dien_tich_trong_xa", "sorted by dien_tich"),
        ("thua_dat_ma_xa_trong_xa", "sorted by ma_xa"),
        ("thua_dat_tim", "search, none found"),
        ("thua_dat_xa", "first page"),
        ("thua_dat_tu_trong_xa", "sorted by hieu_luc_tu, falling"),
    ],
)
def test_an_index_that_is_missing_would_be_seen(province: Connection[Any], index: str, family: str) -> None:
    layer, large, kinds = LAYERS["thua-dat"], plans.large_tables(province, 5_000), [scopes.FIVE, scopes.WHOLE]
    with province.transaction(force_rollback=True):
        province.execute(f"DROP INDEX dc.{index}".encode())
        faults = [
            fault
            for _, scope, profile in plans.published(province, [layer], scopes.places_in(province), kinds)
            for case in plans.cases(province, layer, scope, profile, reach=REACH, wanted=family)
            for fault in _faults(case, plans.run(province, case, large), large)
            if case.family == family
        ]

    assert faults


def test_a_scan_of_a_whole_table_would_be_seen(province: Connection[Any]) -> None:
    large = plans.large_tables(province, 5_000)
    statement = ("SELECT count(*) FROM dc.thua_dat WHERE dia_chi || '' = ''", ())
    case = plans.Case("thua-dat", scopes.COMMUNE, plans.HITS, statement, "")

    plan = plans.run(province, case, large, walls=1)

    assert plan.whole == ["Seq Scan thua_dat"]
    assert len(list(_faults(case, plan, large))) == 3
