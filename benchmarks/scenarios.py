"""The requests of each scenario, and the statement of ours that goes to pgbench for the same work. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contestants import LONLAT, METRIC, OURS, QUIET, SERVERS, TIPG, WIDE, Server
from benchmarks.material import Material, encoded

SQL, FLOOR = "sql", "health"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something asked at random, again and again.

    Attributes:
        paths: of the requests, for one server.
        who: the contestants; ``sql`` is the bare statement.
        many: also measured at 64 connections for everybody; ours always is.
        counted: the answers of all have to tell how many match.
    """

    key: str
    title: str
    asked: str
    paths: Callable[[Server, Material], list[str]]
    who: tuple[str, ...] = (*SERVERS, SQL)
    many: bool = False
    counted: bool = False


def _item(server: Server, material: Material) -> list[str]:
    return [f"{server.items}/{id_}?f={server.format}" for id_ in material.ids]


def _page(limit: int) -> Callable[[Server, Material], list[str]]:
    def paths(server: Server, material: Material) -> list[str]:
        first = f"{server.items}?f={server.format}&limit={limit}"
        if server.key not in (OURS, QUIET):
            return [first]
        return [first, *(f"{first}&cursor={cursor}" for cursor in material.cursors.values())]

    return paths


def _bbox(server: Server, material: Material) -> list[str]:
    boxes = (",".join(map(str, box)) for box in material.boxes)
    return [f"{server.items}?f={server.format}&limit=1000&bbox={box}" for box in boxes]


def _cql2(*, counted: bool) -> Callable[[Server, Material], list[str]]:
    def paths(server: Server, material: Material) -> list[str]:
        items = server.counted_items if counted else server.items
        return [f"{items}?f={server.format}&limit=100&filter={encoded(each.cql2)}" for each in material.filters]

    return paths


def deep_path(server: Server, material: Material) -> str:
    """Return the path of ten features after nine tenths of the table."""
    first = f"{server.items}?f={server.format}&limit=10"
    if server.key == WIDE:
        return f"{first}&cursor={material.wide[material.deep]}"
    return f"{first}&offset={material.deep}"


RATED = (
    Scenario("item", "Item by id", "one item, its id at random", _item, many=True),
    Scenario(
        "page-10", "Items, limit 10",
        "ours: a page at a random place of the order by cursor, with the exact count of what the unit may see; "
        "pygeoapi: the first page, its count switched off; tipg: the first page, it always counts",
        _page(10),
    ),
    Scenario("page-1000", "Items, limit 1,000", "as limit 10", _page(1000)),
    Scenario(
        "bbox", "Box of about 200",
        "a box at random, all of its features (limit 1,000); ours and tipg count, pygeoapi's count is switched off",
        _bbox,
    ),
    Scenario(
        "cql2", "CQL2, limit 100",
        "`xa_id=… AND nhom_dat_chinh='…'` at random, 1,000 to 9,000 rows match; "
        "ours counts (it always does, up to 10,000), but each of these filters once at each version of the table: "
        "nearly all of its answers tell a remembered count, bare SQL counts each time; "
        "pygeoapi's count is switched off",
        _cql2(counted=False), who=(OURS, QUIET, METRIC, LONLAT, SQL),
    ),
    Scenario(
        "cql2-count", "CQL2, limit 100, with count",
        "the same, everybody tells the exact count: the peers count each time, ours remembers as above",
        _cql2(counted=True), who=(OURS, QUIET, METRIC, LONLAT, TIPG), counted=True,
    ),
)  # fmt: skip
