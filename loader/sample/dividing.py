"""Divide a block into a wanted number of parcels by cutting it in two, again and again."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from loader.sample.cutting import Line, Ring, Sheet

_TRIES: Final = ((1.0, 0), (0.8, 1), (1.2, 0))


@dataclass(frozen=True, slots=True)
class Node:
    """A piece that was cut in two: its ring, and which parcels lie in each of its halves."""

    ring: Ring
    first: int
    cut: int
    last: int


@dataclass(frozen=True, slots=True)
class Division:
    """The parcels of one block; neighbours share all vertices. ``outline`` is the block with the same vertices."""

    outline: Ring
    parcels: tuple[Ring, ...]
    nodes: tuple[Node, ...]


class Divider:
    """Divides one block.

    Args:
        angle: direction of the block's first axis, radians.
        numbers: uniform numbers between 0 and 1.
        bend: side step of a cut, as a share of its length; 0 for straight cuts.
    """

    def __init__(self, angle: float, numbers: Iterator[float], bend: float = 0.0) -> None:
        self._angle = angle
        self._numbers = numbers
        self._bend = bend
        self._sheet = Sheet()
        self._parcels: list[Ring] = []
        self._nodes: list[Node] = []

    def divide(self, block: Ring, count: int) -> Division:
        """Return at most ``count`` parcels; fewer where the shape does not allow a cut."""
        self._divide(block, count)
        full = self._sheet.full
        return Division(
            outline=full(block),
            parcels=tuple(full(ring) for ring in self._parcels),
            nodes=tuple(Node(full(n.ring), n.first, n.cut, n.last) for n in self._nodes),
        )

    def _divide(self, ring: Ring, count: int) -> None:
        one = count // 2 + (count % 2 if next(self._numbers) < 0.5 else 0)
        halves = self._halves(ring, one / count) if count > 1 else None
        if halves is None:
            self._parcels.append(ring)
            return
        first = len(self._parcels)
        self._divide(halves[0], one)
        cut = len(self._parcels)
        self._divide(halves[1], count - (cut - first))
        self._nodes.append(Node(ring, first, cut, len(self._parcels)))

    def _halves(self, ring: Ring, share: float) -> tuple[Ring, Ring] | None:
        for stretch, turned in _TRIES:
            line, width = self._line(ring, share * stretch, turned)
            bend = width * self._bend * (next(self._numbers) - 0.5)
            halves = self._sheet.cut(ring, line, bend)
            if halves is not None:
                return halves
        return None

    def _line(self, ring: Ring, share: float, turned: int) -> tuple[Line, float]:
        """Return a cut across the longer side of a ring, near a share of it, and the length of the other side."""
        cos, sin = math.cos(self._angle), math.sin(self._angle)
        u = [x * cos + y * sin for x, y in ring]
        v = [y * cos - x * sin for x, y in ring]
        sides = (max(u) - min(u), max(v) - min(v))
        along_u = (sides[0] >= sides[1]) != bool(turned)
        lean = (next(self._numbers) - 0.5) * 0.12
        share += (next(self._numbers) - 0.5) * 0.12
        if along_u:
            at_u, at_v = min(u) + share * sides[0], (min(v) + max(v)) / 2
            normal = self._angle + lean
        else:
            at_u, at_v = (min(u) + max(u)) / 2, min(v) + share * sides[1]
            normal = self._angle + math.pi / 2 + lean
        x, y = at_u * cos - at_v * sin, at_u * sin + at_v * cos
        return Line(x, y, math.cos(normal), math.sin(normal)), sides[1 if along_u else 0]
