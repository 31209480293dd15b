"""The parcels of one commune: where they lie, what they are used for, whose kind they are, what they were before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from shapely import Polygon

from loader.sample.cutting import Ring, area_mm2
from loader.sample.dividing import Divider, Division, Node
from loader.sample.lattice import Block, Plan, Wish, draw_plan
from loader.sample.model import FIRST_DAY, LAST_DAY, Task
from loader.sample.points import deepest_points, geohashes
from loader.sample.randomness import Draw

_LOTS_PER_BLOCK: Final = 14
_PARCELS_PER_SHEET: Final = 120
_VILLAGE_SHARE: Final = 0.6
_URBAN_VILLAGE_SHARE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Use:
    """How a piece of land is used and by what kind of holder. The chief code comes first."""

    codes: tuple[str, ...]
    holder: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel in one state. ``until`` is None while it is in force; ``point`` is x, y, radius in metres."""

    id: str
    ring: Ring
    block: int
    sheet: int
    number: int
    use: Use
    area_m2: float
    legal_m2: float
    since: date
    until: date | None
    state: str
    point: tuple[float, float, float]
    geohash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A split or merger: which parcels it ended and which it made, with the area that went from one to the other."""

    day: date
    before: tuple[Parcel, ...]
    after: tuple[Parcel, ...]
    flows: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies in a commune: its plan, the division and the use of each block, parcels now and before."""

    plan: Plan
    divisions: tuple[Division, ...]
    uses: tuple[Use, ...]
    parcels: tuple[Parcel, ...]
    closed: tuple[Parcel, ...]
    changes: tuple[Change, ...]


def lay_out(task: Task) -> Ground:
    """Return the ground of a commune."""
    draw = Draw(task.seed, task.unit.id, 1)
    share = _URBAN_VILLAGE_SHARE if task.unit.is_urban else _VILLAGE_SHARE
    lots = max(1, round(task.parcels * share))
    plan = draw_plan(task.shape, _wish(task, lots), draw.rng)
    uses = tuple(_block_use(task, block, draw) for block in plan.blocks)
    counts = _counts(plan.blocks, uses, lots, task.parcels - lots)
    divisions = tuple(
        Divider(block.angle, draw.numbers, 0.03 if block.kind == "field" else 0.0).divide(block.ring, max(1, count))
        for block, count in zip(plan.blocks, counts, strict=True)
    )
    parcels = _parcels(task, uses, divisions, counts, draw)
    parcels, closed, changes = _history(parcels, divisions, counts, draw)
    return Ground(plan, divisions, uses, parcels, closed, changes)


def polygon(ring: Ring) -> Polygon:
    """Return a ring of millimetres as a polygon in metres."""
    return Polygon(np.array(ring) / 1000.0)


def _wish(task: Task, lots: int) -> Wish:
    fields = max(1, task.parcels - lots)
    spacing = (task.shape.area / max(fields / 4, 8)) ** 0.5
    return Wish(
        lot_blocks=max(1, round(lots / _LOTS_PER_BLOCK)),
        villages=1 + min(3, lots // 250),
        spacing_m=max(300.0, spacing),
    )


def _counts(blocks: Sequence[Block], uses: Sequence[Use], lots: int, fields: int) -> list[int]:
    """Return how many parcels each block gets; streams get none."""
    village = [block.area_m2 if block.kind == "village" else 0.0 for block in blocks]
    field = [
        block.area_m2**0.75 if block.kind == "field" and use.codes[0] != "SON" else 0.0
        for block, use in zip(blocks, uses, strict=True)
    ]
    if sum(village) == 0.0:
        lots, fields = 0, lots + fields
    return [a + b for a, b in zip(_shares(village, lots), _shares(field, fields), strict=True)]


def _shares(weights: Sequence[float], total: int) -> list[int]:
    """Divide a number by weights, largest remainders first."""
    whole = sum(weights)
    if whole == 0.0:
        return [0] * len(weights)
    exact = [weight / whole * total for weight in weights]
    shares = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


# Uses

_PUBLIC: Final = (
    Use(("DGD",), "TSN"), Use(("DGD",), "TSN"), Use(("DYT",), "TSN"), Use(("TSC",), "TCN"), Use(("DKV",), "TCQ"),
    Use(("DVH",), "TSN"), Use(("DCH",), "TSQ"), Use(("TON",), "TTG"), Use(("TIN",), "CDS"), Use(("DTT",), "TCQ"),
    Use(("NTD",), "TCQ"),
)  # fmt: skip


def _block_use(task: Task, block: Block, draw: Draw) -> Use:
    """Return what a whole block is mostly used for; forests lie in the north-east, rice by chance, rubber elsewhere."""
    x, y = block.ring[0][0] / 1e6, block.ring[0][1] / 1e6
    north_east = (x - 575.0) / 40.0 + (y - 1315.0) / 30.0
    by_chance = draw.number()
    if block.kind == "stream":
        return Use(("SON",), "TCQ")
    if block.kind == "village":
        return Use(("ODT" if task.unit.is_urban else "ONT",), "CNV")
    if by_chance < 0.04 + 0.22 * max(0.0, min(1.0, north_east)) * 2:
        return Use(("RDD" if north_east > 1.0 else "RPH" if draw.chance(0.4) else "RSX",), "TSN")
    return _farm_use(y < 1275.0, draw)


def _farm_use(is_south: bool, draw: Draw) -> Use:
    at = draw.number()
    if is_south and at < 0.05:
        return Use(("SKK",), "TVN" if draw.chance(0.4) else "TKT")
    if at < 0.14:
        return Use(("LUC" if draw.chance(0.5) else "LUK",), "CNV")
    if at < 0.17:
        return Use(("MNC",), "TCQ")
    if at < 0.19:
        return Use(("BCS",), "TCQ")
    return Use(("CLN",), "TKT" if at > 0.82 else "CNV")


def _parcel_use(block_use: Use, home: str, area_m2: float, draw: Draw) -> Use:
    chief = block_use.codes[0]
    at = draw.number()
    if chief in ("ONT", "ODT"):
        return _lot_use(home, area_m2, at, draw)
    if chief == "CLN" and block_use.holder == "CNV":
        return _orchard_use(home, area_m2, at)
    if chief in ("LUC", "LUK") and at > 0.85:
        return Use(("HNK" if at < 0.96 else "NTS",), "CNV")
    if chief == "SKK" and at > 0.7:
        return Use(("SKK",), "TKT" if at < 0.85 else "TVN")
    return block_use


def _lot_use(home: str, area_m2: float, at: float, draw: Draw) -> Use:
    if at < 0.03 and area_m2 > 300:
        return draw.pick(_PUBLIC)
    if at < 0.05:
        return Use(("TMD",), "TKT" if draw.chance(0.5) else "CNV")
    if at < 0.06:
        return Use(("SKC",), "TKT")
    if at < 0.14:
        return Use(("CLN",), "CNV")
    if at < 0.17:
        return Use(("HNK",), "CNV")
    if at < 0.175:
        return Use(("BCS",), "TCQ")
    return Use((home,) if area_m2 < 220 or at > 0.8 else (home, "CLN"), "CNV" if at < 0.995 else "CNN")


def _orchard_use(home: str, area_m2: float, at: float) -> Use:
    if at < 0.06 and area_m2 < 30_000:
        return Use((home, "CLN"), "CNV")
    if at < 0.12:
        return Use(("HNK",), "CNV")
    if at < 0.14:
        return Use(("NTS",), "CNV")
    if at < 0.15:
        return Use(("CNT",), "TKT")
    return Use(("CLN",), "CNV")


# Parcels as they are now


def _parcels(
    task: Task, uses: Sequence[Use], divisions: Sequence[Division], counts: Sequence[int], draw: Draw
) -> list[Parcel]:
    rings = [
        (block, ring)
        for block, (division, count) in enumerate(zip(divisions, counts, strict=True))
        if count
        for ring in division.parcels
    ]
    points = deepest_points([ring for _, ring in rings])
    codes = geohashes(points)
    home = "ODT" if task.unit.is_urban else "ONT"
    places = _places(divisions, counts)
    return [
        _parcel(block, ring, uses[block], home, place, (point[0], point[1], point[2]), code, draw)
        for (block, ring), place, point, code in zip(rings, places, points.tolist(), codes, strict=True)
    ]


def _places(divisions: Sequence[Division], counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return sheet and number of each parcel: sheets are filled block by block."""
    sheet, number = 1, 0
    for i, division in enumerate(divisions):
        if not counts[i]:
            continue
        if number and number + len(division.parcels) > _PARCELS_PER_SHEET:
            sheet, number = sheet + 1, 0
        for _ in division.parcels:
            number += 1
            yield sheet, number


def _parcel(
    block: int,
    ring: Ring,
    block_use: Use,
    home: str,
    place: tuple[int, int],
    point: tuple[float, float, float],
    geohash: str,
    draw: Draw,
) -> Parcel:
    exact = area_mm2(ring) / 2e6
    area = round(exact, 1)
    legal = area if draw.chance(0.9) else round(exact * (0.985 + 0.03 * draw.number()), 1)
    return Parcel(
        id=draw.uuid(),
        ring=ring,
        block=block,
        sheet=place[0],
        number=place[1],
        use=_parcel_use(block_use, home, exact, draw),
        area_m2=area,
        legal_m2=legal,
        since=draw.working_day(FIRST_DAY, LAST_DAY),
        until=None,
        state="hien_trang",
        point=point,
        geohash=geohash,
    )


# What parcels were before


@dataclass(slots=True)
class _Past:
    """Parcels now, parcels that ended, and the changes between them; ``numbers`` is the last number of each sheet."""

    now: list[Parcel]
    closed: list[Parcel]
    changes: list[Change]
    numbers: dict[int, int]
    draw: Draw


def _history(
    parcels: list[Parcel], divisions: Sequence[Division], counts: Sequence[int], draw: Draw
) -> tuple[tuple[Parcel, ...], tuple[Parcel, ...], tuple[Change, ...]]:
    numbers: dict[int, int] = {}
    for parcel in parcels:
        numbers[parcel.sheet] = max(parcel.number, numbers.get(parcel.sheet, 0))
    past = _Past(parcels, [], [], numbers, draw)
    first = 0
    for division, count in zip(divisions, counts, strict=True):
        if count:
            _past_of_block(past, division, first)
            first += len(division.parcels)
    return tuple(past.now), _with_points(past.closed), tuple(past.changes)


def _with_points(parcels: list[Parcel]) -> tuple[Parcel, ...]:
    points = deepest_points([parcel.ring for parcel in parcels])
    codes = geohashes(points)
    return tuple(
        replace(parcel, point=(x, y, radius), geohash=code)
        for parcel, (x, y, radius), code in zip(parcels, points.tolist(), codes, strict=True)
    )


def _past_of_block(past: _Past, division: Division, first: int) -> None:
    touched: set[int] = set()
    split: dict[tuple[int, int], int] = {}
    for node in division.nodes:
        if node.last - node.first == 2 and _may_split(past, node, first, 0.05):
            split[node.first, node.last] = len(past.closed)
            _split(past, node.ring, first + node.first)
            touched.update((node.first, node.first + 1))
        elif node.last - node.first == 3:
            _split_before(past, node, split, touched, first)
    for member in range(len(division.parcels)):
        if member not in touched and past.draw.chance(0.012):
            _merge(past, first + member)


def _may_split(past: _Past, node: Node, first: int, share: float) -> bool:
    one, other = past.now[first + node.first : first + node.last]
    return one.use == other.use and past.draw.chance(share)


def _split(past: _Past, ring: Ring, at: int) -> None:
    """Let two parcels have been one until some day."""
    day = past.draw.working_day(date(2014, 3, 3), LAST_DAY)
    pair = [replace(_renumbered(past, parcel), since=day) for parcel in past.now[at : at + 2]]
    parent = _ended(past, ring, past.now[at], day, "da_tach")
    past.now[at : at + 2] = pair
    past.closed.append(parent)
    _remember_split(past, day, parent, pair)


def _split_before(past: _Past, node: Node, split: Mapping[tuple[int, int], int], touched: set[int], first: int) -> None:
    """Where one half of three parcels was one parcel, let that one and the third have been one still earlier."""
    halves = ((node.first, node.cut), (node.cut, node.last))
    pair = next((half for half in halves if half in split), None)
    if pair is None:
        return
    third = next(low for low, high in halves if high - low == 1)
    heir = past.closed[split[pair]]
    day = past.draw.working_day(date(2009, 3, 2), max(heir.since, date(2009, 3, 31)))
    parent = _ended(past, node.ring, heir, day, "da_tach")
    past.closed[split[pair]] = heir = replace(heir, since=day)
    past.now[first + third] = replace(_renumbered(past, past.now[first + third]), since=day)
    touched.add(third)
    past.closed.append(parent)
    _remember_split(past, day, parent, [heir, past.now[first + third]])


def _remember_split(past: _Past, day: date, parent: Parcel, children: Sequence[Parcel]) -> None:
    flows = tuple((parent.id, child.id, child.area_m2) for child in children)
    past.changes.append(Change(day, (parent,), tuple(children), flows))


def _merge(past: _Past, at: int) -> None:
    """Let one parcel have been two until some day."""
    heir = past.now[at]
    halves = Divider(past.draw.number() * 3.0, past.draw.numbers).divide(heir.ring, 2)
    if len(halves.parcels) < 2:
        return
    day = past.draw.working_day(date(2014, 3, 3), LAST_DAY)
    heir = replace(_renumbered(past, heir), since=day)
    parents = tuple(_ended(past, ring, heir, day, "da_gop") for ring in halves.parcels)
    past.now[at] = heir
    past.closed.extend(parents)
    past.changes.append(Change(day, parents, (heir,), tuple((p.id, heir.id, p.area_m2) for p in parents)))


def _renumbered(past: _Past, parcel: Parcel) -> Parcel:
    past.numbers[parcel.sheet] += 1
    return replace(parcel, number=past.numbers[parcel.sheet])


def _ended(past: _Past, ring: Ring, like: Parcel, day: date, state: str) -> Parcel:
    area = round(area_mm2(ring) / 2e6, 1)
    past.numbers[like.sheet] += 1
    return replace(
        like,
        id=past.draw.uuid(),
        ring=ring,
        number=past.numbers[like.sheet],
        area_m2=area,
        legal_m2=area,
        since=past.draw.working_day(FIRST_DAY, day - timedelta(days=200)),
        until=day,
        state=state,
    )
