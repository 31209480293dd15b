"""Before anything is timed: every contestant has to answer with the right features."""

from urllib.error import HTTPError

import psycopg

from benchmarks.client import get_json
from benchmarks.contestants import LONLAT, METRIC, OURS, QUIET, TIPG, WIDE, Server
from benchmarks.material import Box, Material
from benchmarks.scenarios import RATED, Scenario, deep_path
from benchmarks.scopes import Places
from benchmarks.world import World

_CHECKED = 3
"""Requests of each kind that are looked at."""
_REPROJECTED = 0.97
"""A box that a peer turns into the metric CRS is no box there any more: so much of the features has to agree."""
_BOXED = (
    "SELECT t.id::text FROM bench.thua_dat_4326 AS t WHERE ST_Intersects(t.geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))"
)
_FILTERED = "SELECT t.id::text FROM bench.thua_dat_4326 AS t WHERE t.xa_id = %s AND t.nhom_dat_chinh = %s ORDER BY t.id"
_PAGE = """
SELECT t.id::text FROM bench.thua_dat_4326 AS t
WHERE %s::int[] IS NULL OR t.xa_id = ANY (%s) ORDER BY t.id OFFSET %s LIMIT %s
"""


def verify(world: World, servers: dict[str, Server], material: Material) -> dict[str, float]:
    """Compare ids and counts with SQL; return the worst agreement of each contestant (1 is all).

    Raises:
        SystemExit: somebody answers something else.
    """
    agreement: dict[str, float] = {}
    with psycopg.connect(world.dsn) as connection:
        for scenario in RATED:
            for key in scenario.who:
                if key in servers:
                    found = _check(connection, servers[key], scenario, material, world.places)
                    agreement[key] = min(agreement.get(key, 1.0), found)
        expected = _ids(connection, _PAGE, (None, None, material.deep, 10))
        for server in (servers[WIDE], *(servers[key] for key in (METRIC, LONLAT, TIPG))):
            _require(_features(server, deep_path(server, material))[0] == expected, server, "deep")
    return agreement


def overlap(found: list[str], expected: list[str]) -> float:
    """Return the part of all ids that both lists have."""
    both, either = set(found) & set(expected), set(found) | set(expected)
    return len(both) / len(either) if either else 1.0


def _check(
    connection: psycopg.Connection, server: Server, scenario: Scenario, material: Material, places: Places
) -> float:
    worst = 1.0
    for number, path in enumerate(scenario.paths(server, material)[:_CHECKED]):
        found, matched = _features(server, path)
        expected, count = _expected(connection, server, scenario, material, places, number)
        agreement = overlap(found, expected)
        boxed = scenario.key == "bbox" and server.key == METRIC
        _require(agreement >= (_REPROJECTED if boxed else 1.0), server, scenario.key, f"{path}: {agreement:.3f} agree")
        if scenario.counted:
            _require(matched == count, server, scenario.key, f"{path}: {matched} matched, not {count}")
        worst = min(worst, agreement)
    return worst


def _expected(
    connection: psycopg.Connection,
    server: Server,
    scenario: Scenario,
    material: Material,
    places: Places,
    number: int,
) -> tuple[list[str], int]:
    """Return the ids of an answer, and how many match."""
    match scenario.key:
        case "item":
            return [material.ids[number]], 1
        case "bbox":
            ids = _ids(connection, _BOXED, material.boxes[number])
            return ids, len(ids)
        case "cql2" | "cql2-count":
            chosen = material.filters[number]
            ids = _ids(connection, _FILTERED, (chosen.xa_id, chosen.group))
            return ids[:100], len(ids)
        case _:
            is_ours = server.key in (OURS, QUIET)
            before = [0, *material.cursors][number] if is_ours else 0
            limit = int(scenario.key.removeprefix("page-"))
            own = list(places.five) if is_ours else None
            return _ids(connection, _PAGE, (own, own, before, limit)), 0


def _features(server: Server, path: str) -> tuple[list[str], int | None]:
    try:
        answer = get_json(server.url + path, token=server.token)
    except HTTPError as error:
        raise SystemExit(f"benchmarks: {server.key} answered {error.code} to {path}: {error.read()[:300]!r}") from error
    if answer["type"] == "Feature":
        return [str(answer["id"])], None
    return [str(each["id"]) for each in answer["features"]], answer.get("numberMatched")


def _ids(connection: psycopg.Connection, statement: str, values: Box | tuple[object, ...]) -> list[str]:
    return [str(row[0]) for row in connection.execute(statement.encode(), values)]


def _require(true: bool, server: Server, what: str, detail: str = "other features") -> None:
    if not true:
        raise SystemExit(f"benchmarks: {server.key} does not answer {what} rightly: {detail}")
