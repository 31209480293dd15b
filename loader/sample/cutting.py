"""Cut a block into parcels that share their vertices exactly.

Rings are open, counter-clockwise, and in whole millimetres, so that a point that is computed once is the same point
for both of its neighbours. Where a cut ends on an edge that another parcel shares, the new point is written down;
``Sheet.full`` puts it into every ring that has this edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

type Point = tuple[int, int]
type Ring = tuple[Point, ...]

_NEAR_MM: Final = 400.0
"""A cut that passes a corner by less goes through the corner."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight cut: a point on it and its unit normal."""

    x: float
    y: float
    nx: float
    ny: float

    def offset(self, point: Point) -> float:
        """Return the signed distance of a point in mm, 0 for one that is near."""
        distance = (point[0] - self.x) * self.nx + (point[1] - self.y) * self.ny
        return 0.0 if abs(distance) < _NEAR_MM else distance


@dataclass(frozen=True, slots=True)
class Sheet:
    """The points that cuts have put on edges, for all rings of one block."""

    points: dict[tuple[Point, Point], Point] = field(default_factory=dict)

    def full(self, ring: Ring) -> Ring:
        """Return a ring with every point that lies on its edges by now."""
        return tuple(point for i, start in enumerate(ring) for point in self._walk(start, ring[(i + 1) % len(ring)]))

    def _walk(self, start: Point, end: Point) -> Iterator[Point]:
        between = self.points.get((start, end)) or self.points.get((end, start))
        if between is None:
            yield start
        else:
            yield from self._walk(start, between)
            yield from self._walk(between, end)

    def cut(self, ring: Ring, line: Line, bend_mm: float = 0.0) -> tuple[Ring, Ring] | None:
        """Return the part behind the line and the part before it, or None where the cut would not make two.

        Args:
            ring: a ring of this block.
            line: where to cut.
            bend_mm: how far the middle of the cut moves to the side.
        """
        ring = self.full(ring)
        offsets = [line.offset(point) for point in ring]
        ends = _ends(offsets)
        if ends is None:
            return None
        marked, first, second = _with_ends(ring, offsets, ends)
        if second - first < 2 or len(marked) - (second - first) < 2:
            return None
        self._remember(ring, marked)
        middle = _middle(marked[first], marked[second], bend_mm)
        one = marked[first : second + 1] + middle
        other = marked[second:] + marked[: first + 1] + middle
        behind_first = line.offset(marked[first + 1]) < 0
        return (one, other) if behind_first else (other, one)

    def _remember(self, ring: Ring, marked: Ring) -> None:
        known = set(ring)
        for i, point in enumerate(marked):
            if point not in known:
                self.points[marked[i - 1], marked[(i + 1) % len(marked)]] = point


def _ends(offsets: list[float]) -> tuple[int, int] | None:
    """Return the two places where a ring crosses: 2 i for the corner i, 2 i + 1 for the edge after it."""
    places: list[int] = []
    count = len(offsets)
    for i, here in enumerate(offsets):
        after = offsets[(i + 1) % count]
        if here == 0.0:
            before = offsets[i - 1]
            if before == 0.0 or after == 0.0:
                return None
            if before * after < 0:
                places.append(2 * i)
        elif here * after < 0:
            places.append(2 * i + 1)
    return (places[0], places[1]) if len(places) == 2 else None


def _with_ends(ring: Ring, offsets: list[float], ends: tuple[int, int]) -> tuple[Ring, int, int]:
    """Return the ring with the ends of the cut as corners, and where they are in it."""
    marked: list[Point] = []
    at: list[int] = []
    for i, point in enumerate(ring):
        if 2 * i in ends:
            at.append(len(marked))
        marked.append(point)
        if 2 * i + 1 in ends:
            at.append(len(marked))
            marked.append(_between(point, ring[(i + 1) % len(ring)], offsets[i], offsets[(i + 1) % len(ring)]))
    return tuple(marked), at[0], at[1]


def _between(a: Point, b: Point, before: float, after: float) -> Point:
    share = before / (before - after)
    return round(a[0] + share * (b[0] - a[0])), round(a[1] + share * (b[1] - a[1]))


def _middle(a: Point, b: Point, bend_mm: float) -> Ring:
    """Return the bent middle of the cut from ``b`` back to ``a``, or nothing."""
    length = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5
    if bend_mm == 0.0 or length < 20 * abs(bend_mm):
        return ()
    x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    return ((round(x - (b[1] - a[1]) / length * bend_mm), round(y + (b[0] - a[0]) / length * bend_mm)),)


def area_mm2(ring: Ring) -> int:
    """Return twice the area of a ring, exactly; positive when it runs counter-clockwise."""
    total = 0
    x0, y0 = ring[-1]
    for x, y in ring:
        total += x0 * y - x * y0
        x0, y0 = x, y
    return total
