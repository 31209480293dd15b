"""The characteristic point of a parcel and the identifier made from it.

The point is the pole of inaccessibility, the deepest point inside, found in VN-2000; its WGS 84 coordinates give the
12 characters of the GeoHash. Source: TT 19/2026/TT-BNNMT, article 11.3.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from loader.sample.cutting import Ring
from loader.sample.territory import SRID
from quality import vn2000

type Floats = NDArray[np.float64]

_GRID: Final = 7
_ROUNDS: Final = 9
_SHRINK: Final = 0.34
_ALPHABET: Final = np.frombuffer(b"0123456789bcdefghjkmnpqrstuvwxyz", dtype="S1")
_CHUNK: Final = 2_000


def deepest_points(rings: list[Ring]) -> Floats:
    """Return for each ring (mm) the deepest point inside and its distance from the border: x, y, radius in metres.

    A search on a grid that shrinks around the best point; for shapes with two equal bays it may take either.
    """
    found = np.empty((len(rings), 3))
    order = np.argsort([len(ring) for ring in rings], kind="stable")
    for start in range(0, len(rings), _CHUNK):
        chosen = order[start : start + _CHUNK]
        found[chosen] = _deepest([rings[i] for i in chosen])
    return found


def geohashes(points: Floats) -> list[str]:
    """Return the GeoHash (12 characters) of points in EPSG:9212; x, y in metres."""
    lon, lat = vn2000.to_lonlat(SRID, points[:, 0], points[:, 1])
    bits_lon = np.floor((lon + 180.0) / 360.0 * 2.0**30).astype(np.int64)
    bits_lat = np.floor((lat + 90.0) / 180.0 * 2.0**30).astype(np.int64)
    letters = np.empty((len(lon), 12), dtype="S1")
    for place in range(12):
        letters[:, place] = _ALPHABET[_five_bits(bits_lon, bits_lat, place)]
    return [row.tobytes().decode() for row in letters]


def _five_bits(lon: NDArray[np.int64], lat: NDArray[np.int64], place: int) -> NDArray[np.int64]:
    value = np.zeros(len(lon), dtype=np.int64)
    for bit in range(5 * place, 5 * place + 5):
        source = lon if bit % 2 == 0 else lat
        value = value << 1 | (source >> (29 - bit // 2)) & 1
    return value


def _deepest(rings: list[Ring]) -> Floats:
    size = max(len(ring) for ring in rings)
    corners = np.array([ring + (ring[-1],) * (size - len(ring)) for ring in rings], dtype=np.float64) / 1000.0
    low, high = corners.min(axis=1), corners.max(axis=1)
    corners -= low[:, None, :]
    centre, half = (high - low) / 2, (high - low) / 2
    depth = np.full(len(rings), -np.inf)
    for turn in range(_ROUNDS):
        count = _GRID + 4 if turn == 0 else 5
        step = np.linspace(-1, 1, count + 2)[1:-1] if turn == 0 else np.linspace(-1, 1, count)
        gx, gy = np.meshgrid(step, step)
        x = centre[:, :1] + half[:, :1] * gx.ravel()
        y = centre[:, 1:] + half[:, 1:] * gy.ravel()
        depths = _depths(x, y, corners)
        best = depths.argmax(axis=1)
        rows = np.arange(len(rings))
        better = depths[rows, best] > depth
        centre = np.where(better[:, None], np.column_stack([x[rows, best], y[rows, best]]), centre)
        depth = np.maximum(depth, depths[rows, best])
        half = half * (_SHRINK if turn else 0.2)
    return np.column_stack([centre + low, depth])


def _depths(x: Floats, y: Floats, corners: Floats) -> Floats:
    """Return the distance of points to the border, negative outside; shapes (rings, points)."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    ahead = np.roll(corners, -1, axis=1)
    for k in range(corners.shape[1]):
        ax, ay = corners[:, k, :1], corners[:, k, 1:]
        dx, dy = ahead[:, k, :1] - ax, ahead[:, k, 1:] - ay
        px, py = x - ax, y - ay
        share = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
        nearest = np.minimum(nearest, (px - share * dx) ** 2 + (py - share * dy) ** 2)
        crosses = (ay > y) != (ay + dy > y)
        inside ^= crosses & (px * dy - py * dx < 0) ^ (crosses & (dy < 0))
    return np.where(inside, 1.0, -1.0) * np.sqrt(nearest)
