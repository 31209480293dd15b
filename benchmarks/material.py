"""What is asked for: ids, boxes, filters and places in the order, drawn from the table itself with a fixed seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

import psycopg

from benchmarks.client import get_json
from benchmarks.contestants import Server
from benchmarks.world import World

_SEED = 20250630
_IDS = 5_000
_BOXES = 300
_FILTERS = 100
BOX_FEATURES = 200
"""About so many features lie in a box."""
FILTERED = (1_000, 9_000)
"""A filter selects so many rows, so that our count is exact, as those of the peers are."""
_WALK_PAGE, _FINE_PAGE = 10_000, 1_000
_BOX = """
WITH centre AS (SELECT ST_Centroid(t.geom) AS p FROM bench.thua_dat_4326 AS t WHERE t.id = %s),
near AS (
    SELECT n.geom FROM centre,
    LATERAL (SELECT t.geom FROM bench.thua_dat_4326 AS t ORDER BY t.geom <-> centre.p LIMIT %s) AS n
)
SELECT ST_X(p), ST_Y(p), (SELECT max(ST_Distance(near.geom, p)) FROM near) FROM centre
"""
_OTHERS = """
SELECT FROM bench.thua_dat_4326 AS t
WHERE ST_Intersects(t.geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326)) AND t.xa_id <> ALL (%s) LIMIT 1
"""
_SOME_IDS = (
    "SELECT t.id FROM bench.thua_dat_4326 AS t WHERE hashtext(t.id::text) %% %s = 0 AND t.xa_id = ANY (%s) ORDER BY 1"
)
_GROUPS = """
SELECT t.xa_id, t.nhom_dat_chinh, count(*) FROM bench.thua_dat_4326 AS t
WHERE t.xa_id = ANY (%s)
GROUP BY 1, 2 HAVING count(*) BETWEEN %s AND %s ORDER BY 1, 2
"""

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Filter:
    """A CQL2 filter and the same as SQL (over the view of the peers)."""

    xa_id: int
    group: str

    @property
    def cql2(self) -> str:
        return f"xa_id={self.xa_id} AND nhom_dat_chinh='{self.group}'"


@dataclass(frozen=True, slots=True)
class Material:
    """What the requests are made of.

    Attributes:
        cursors: opaque places in the order of ids of the unit of five communes, by the number of rows before.
        wide: the same of the unit of every commune, in which is the whole table.
    """

    ids: tuple[str, ...]
    boxes: tuple[Box, ...]
    filters: tuple[Filter, ...]
    cursors: dict[int, str]
    wide: dict[int, str]
    rows: int

    @property
    def deep(self) -> int:
        """Nine tenths of the table, where a cursor stands."""
        wanted = self.rows * 9 // 10
        return min(self.wide, key=lambda rows: abs(rows - wanted))


def draw(world: World, ours: Server, wide: Server) -> Material:
    """Draw the material, all of it from what the unit of five communes may see.

    So that each answer holds the same whoever is asked; pages alone do not. The cursors come from following ``next``.
    """
    chance = random.Random(_SEED)
    with psycopg.connect(world.dsn) as connection:
        rows = int(connection.execute("SELECT count(*) FROM bench.thua_dat_4326").fetchone()[0])  # pyright: ignore
        own = list(world.places.five)
        every = max(1, _count(connection, own) // (3 * _IDS))
        ids = [str(row[0]) for row in connection.execute(_SOME_IDS, [every, own])]
        chosen = chance.sample(ids, min(_IDS, len(ids)))
        boxes = tuple(_boxes(connection, chosen, own))
        groups = connection.execute(_GROUPS, [own, *filtered_range(rows)]).fetchall()
    filters = tuple(Filter(int(xa_id), str(group)) for xa_id, group, _ in groups)
    filters = tuple(chance.sample(filters, min(_FILTERS, len(filters))))
    own_places, wide_places = walk(ours, _FINE_PAGE), walk(wide, _WALK_PAGE)
    return Material(tuple(chosen), boxes, filters, own_places, wide_places, rows)


def filtered_range(rows: int) -> tuple[int, int]:
    """Return how many rows a filter may select; in a small table fewer."""
    low, high = FILTERED
    return min(low, max(101, rows // 1000)), high


def box_around(x: float, y: float, radius: float, decimals: int = 7) -> Box:
    """Return the square whose area is that of the circle in which so many features were found."""
    half = radius * 0.75
    west, south, east, north = (round(value, decimals) for value in (x - half, y - half, x + half, y + half))
    return west, south, east, north


def _boxes(connection: psycopg.Connection, ids: list[str], own: list[int]) -> Iterator[Box]:
    """Yield boxes around parcels in which nothing of other communes lies."""
    boxes = (_box(connection, id_) for id_ in ids)
    return islice((box for box in boxes if not connection.execute(_OTHERS, [*box, own]).fetchone()), _BOXES)


def _count(connection: psycopg.Connection, own: list[int]) -> int:
    row = connection.execute("SELECT count(*) FROM bench.thua_dat_4326 AS t WHERE t.xa_id = ANY (%s)", [own]).fetchone()
    return int(row[0]) if row else 0


def _box(connection: psycopg.Connection, id_: str) -> Box:
    x, y, radius = connection.execute(_BOX, [id_, BOX_FEATURES]).fetchone()  # pyright: ignore
    return box_around(x, y, radius)


def walk(server: Server, size: int) -> dict[int, str]:
    """Follow ``next`` through the whole collection, ids only; return the cursor after each page.

    The cursor belongs to the selection and the order, so that it serves pages of any size and columns.
    """
    cursors: dict[int, str] = {}
    query = f"?f=json&limit={size}&properties=id&skipGeometry=true"
    seen, url = 0, server.url + server.items + query
    while url:
        page = get_json(url, token=server.token)
        seen += page["numberReturned"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        if url:
            cursors[seen] = url.split("cursor=")[1].split("&")[0]
    return cursors


def encoded(text: str) -> str:
    """Return a value as it stands in a query string."""
    return quote(text, safe="=,")
