"""What the harness computes without a clock: figures read, ratios printed, requests composed."""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import load, results, units
from benchmarks.client import number_returned
from benchmarks.contestants import METRIC, OURS, QUIET, WIDE, Server
from benchmarks.material import Filter, Material, box_around, encoded, filtered_range
from benchmarks.results import Results
from benchmarks.scenarios import RATED, SQL, deep_path
from benchmarks.statements import as_text
from benchmarks.verify import overlap

TARGETS = Path(results.__file__).parent / "targets.yml"
MATERIAL = Material(
    ("a", "b"),
    ((106.0, 11.0, 106.1, 11.1),),
    (Filter(7, "NNP"),),
    {1_000: "own"},
    {10_000: "eins", 90_000: "neun"},
    100_000,
)


def server(key: str) -> Server:
    return Server(key, "http://127.0.0.1:1", "/plain/items", "/counted/items", "json", 1)


def test_the_figures_of_wrk_are_rates() -> None:
    printed = {"requests": 300, "seconds": 3, "bytes": 3 * 2**20, "failed": 1, "refused": 2, "p50_ms": 1.5, "p99_ms": 9}

    figures = load.read_wrk(f"Running\nFIGURES {json.dumps(printed)}\nrest")

    assert figures == load.Figures(100, 1.5, 9, 1, failed=1, refused=2)


def test_the_figures_of_pgbench_are_its_rate_and_its_failures() -> None:
    text = "number of failed transactions: 3 (0.1%)\nlatency average = 0.271 ms\ntps = 29521.25 (without initial)\n"

    assert load.read_pgbench(text) == load.Figures(29521.25, p50_ms=0.271, failed=3)


def test_a_summary_of_pgbench_without_a_rate_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no rate"):
        load.read_pgbench("connection refused")


@pytest.mark.parametrize(("rate", "seconds"), [(10_000, 3), (20, 4), (1, 6), (0, 6)])
def test_slow_contestants_are_measured_longer_up_to_a_limit(rate: float, seconds: float) -> None:
    assert load.seconds_for(rate, 8, 3) == seconds


@pytest.mark.parametrize(
    ("ratio", "target", "part", "cell"),
    [
        (28.4, 33, False, "28.4× ✗ / 33×"),
        (33.0, 33, False, "**33.0×** / 33×"),
        (0.146, 0.15, True, "15 % ✗ / 15 %"),
        (1.5, None, False, "1.50×"),
        (None, 4, False, "–"),
    ],
)
def test_a_ratio_stands_beside_its_target(ratio: float | None, target: float | None, part: bool, cell: str) -> None:
    assert results.ratio_cell(ratio, target, part=part) == cell


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert results.spread([1200.4, 900, 1000]) == "1,000 (900–1,200)"


def test_ratios_are_of_medians_and_marked_by_target() -> None:
    found = Results()
    for ours, theirs in ((100, 10), (300, 9), (200, 20)):
        found.add_rate("item", 8, OURS, ours, 1)
        found.add_rate("item", 8, METRIC, theirs, 1)

    lines = results.rate_table(found, {"item": "Item"}, {"item": {METRIC: 33}}, 8)

    assert "| Item | 20.0× ✗ / 33× | – | – | – |" in lines


def test_a_contestant_that_answered_nothing_has_no_ratio() -> None:
    found = Results()
    found.add_rate("item", 8, OURS, 100, 1)
    found.add_rate("item", 8, METRIC, 0, 1)

    assert "| Item | – | – | – | – |" in results.rate_table(found, {"item": "Item"}, {}, 8)


def test_what_is_kept_is_the_rate_at_many_of_that_at_few_connections() -> None:
    found = Results()
    found.add_rate("item", 8, OURS, 200, 1)
    found.add_rate("item", 64, OURS, 150, 1)

    assert results.kept(found, "item") == 0.75
    assert results.kept(found, "item", METRIC) is None


def test_single_answers_are_compared_by_the_time_that_they_take() -> None:
    found = Results()
    found.add_seconds("deep", OURS, [0.002])
    found.add_seconds("deep", METRIC, [1.0])

    lines = results.single_table(found, {"deep": "Deep"}, {"deep": {METRIC: 400}})

    assert lines[2] == "| Deep | 2.00 | 1,000 | – | – |"
    assert lines[3] == "| … ÷ datdai (reached / wanted) |  | **500×** / 400× | – | – |"


def test_every_target_belongs_to_something_measured() -> None:
    targets = yaml.safe_load(TARGETS.read_text())
    measured = {each.key for each in RATED} | {f"{each.key}-quiet" for each in RATED} | {"deep", "export"}

    assert set(targets["ratios"]) <= measured
    assert {who for each in targets["ratios"].values() for who in each} <= {*results.PEERS}


def test_ours_is_asked_by_cursor_and_a_peer_by_offset() -> None:
    assert deep_path(server(WIDE), MATERIAL) == "/plain/items?f=json&limit=10&cursor=neun"
    assert deep_path(server(METRIC), MATERIAL) == "/plain/items?f=json&limit=10&offset=90000"


def test_without_audit_ours_has_targets_of_its_own() -> None:
    found = Results()
    for who, rate in ((OURS, 100), (QUIET, 200), (METRIC, 10)):
        found.add_rate("item", 8, who, rate, 1)

    lines = results.rate_table(found, {"item": "Item"}, {"item": {METRIC: 18}, "item-quiet": {METRIC: 15}}, 8)

    assert "| Item | 10.0× ✗ / 18× | – | – | – |" in lines
    assert "| Item, no audit | **20.0×** / 15× | – | – | – |" in lines


def test_a_request_carries_a_tag_and_a_token_where_it_has_them() -> None:
    assert load.request_line("/p") == "/p"
    assert load.request_line("/p", tag='"t"') == '/p\t"t"'
    assert load.request_line("/p", token="lda") == "/p\t\tlda"


def test_no_two_units_of_the_rotation_have_the_same_communes() -> None:
    terms = list(units.different(range(111)))

    assert len(terms) == len(set(terms)) == units.MANY
    assert {len(each.values) for each in terms} == {5}


def test_only_counted_scenarios_ask_for_a_count() -> None:
    paths = {each.key: each.paths(server(METRIC), MATERIAL)[0] for each in RATED}

    assert {key for key, path in paths.items() if path.startswith("/counted")} == {"cql2-count"}
    assert paths["cql2"] == "/plain/items?f=json&limit=100&filter=xa_id=7%20AND%20nhom_dat_chinh=%27NNP%27"
    assert paths["bbox"].endswith("limit=1000&bbox=106.0,11.0,106.1,11.1")


def test_a_peer_has_the_first_page_and_ours_every_place_of_the_walk() -> None:
    page = next(each for each in RATED if each.key == "page-10")

    assert len(page.paths(server(METRIC), MATERIAL)) == 1
    assert len(page.paths(server(OURS), MATERIAL)) == 1 + len(MATERIAL.cursors)
    assert SQL in page.who


def test_json_goes_to_pgbench_as_text() -> None:
    assert as_text("SELECT convert_to(string_agg(f, ','), 'UTF8'), 1") == "SELECT (string_agg(f, ',')), 1"


def test_overlap_is_the_part_that_both_have() -> None:
    assert overlap(["a", "b"], ["b", "a"]) == 1
    assert overlap(["a", "b"], ["b", "c"]) == pytest.approx(1 / 3)
    assert overlap([], []) == 1
    assert overlap(["a"], []) == 0


def test_the_number_returned_is_found_at_either_end() -> None:
    assert number_returned(b'{"features":[', b']"numberReturned":1000000}') == 1_000_000
    assert number_returned(b'{"numberReturned": 7, "features":[', b"]}") == 7
    assert number_returned(b"{", b"}") == 0


def test_a_box_has_about_the_area_of_the_circle() -> None:
    west, south, east, north = box_around(106.5, 11.5, 0.01)

    assert (east - west) * (north - south) == pytest.approx(3.14159 * 0.01**2 * 0.716, rel=0.01)


def test_filters_of_a_small_table_select_less() -> None:
    assert filtered_range(1_000_000) == (1_000, 9_000)
    assert filtered_range(50_000) == (101, 9_000)


def test_a_filter_is_encoded_for_a_query_string() -> None:
    assert encoded("a='Ô' AND b=1,2") == "a=%27%C3%94%27%20AND%20b=1,2"
