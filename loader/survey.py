"""What is wrong with a file as a whole: encodings, coordinates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import shapely

from loader.files import Chunk
from loader.mapping import read_columns
from loader.plan import Plan, shapes_of
from loader.staging import Db
from quality.coordinates import Box, Degrees, OutOfArea, Plausible, Swapped, WrongZone, judge
from quality.encodings import Encoding
from quality.rules import AXES_SWAPPED, CONVERTED, DEGREES, OUT_OF_AREA, WRONG_ZONE, Finding

_MARGIN_DEGREES: Final = 0.02


def check_file(connection: Db, plan: Plan, sample: Sequence[Chunk]) -> list[Finding]:
    """Return what the first rows of a file tell about all of it; the findings have row 0."""
    return [*_converted(plan.context.encodings, sample), *_judged(connection, plan, sample)]


def _converted(encodings: Mapping[str, Encoding], sample: Sequence[Chunk]) -> Iterator[Finding]:
    for name, encoding in encodings.items():
        texts = (value for chunk in sample for value in chunk.values[name] if isinstance(value, str))
        if encoding is not Encoding.UNICODE and not all(map(str.isascii, texts)):
            yield Finding(
                CONVERTED,
                0,
                "",
                name,
                f"Cột «{name}» dùng bảng mã {encoding}, đã chuyển sang Unicode.",
                f"Column “{name}” was {encoding} and is Unicode now.",
            )


def _judged(connection: Db, plan: Plan, sample: Sequence[Chunk]) -> Iterator[Finding]:
    """Yield what is wrong with the coordinates of the file as a whole."""
    if not plan.order.layer.geometry or not sample:
        return
    shapes = np.concatenate([shapes_of(plan, chunk) for chunk in sample])
    bounds = shapely.bounds(shapes)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    expected = _expected(connection, plan, sample)
    if expected is None or not len(bounds):
        return
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    verdict = judge(x, y, srid=plan.given_srid, expected=expected)
    match verdict:
        case Plausible():
            return
        case Swapped(message=words):
            yield Finding(AXES_SWAPPED, 0, "", None, words.vi, words.en)
        case WrongZone(message=words):
            yield Finding(WRONG_ZONE, 0, "", None, words.vi, words.en)
        case Degrees(message=words):
            yield Finding(DEGREES, 0, "", None, words.vi, words.en)
        case OutOfArea(message=words):
            yield Finding(OUT_OF_AREA, 0, "", None, words.vi, words.en)


def _expected(connection: Db, plan: Plan, sample: Sequence[Chunk]) -> Box | None:
    """Return the box of the mapping, of the communes that the sample names, or of all units.

    ``None`` where there are none, and for the units themselves: they may be larger than what is stored.
    """
    if plan.checks.box or "xa_id" not in plan.targets:
        return plan.checks.box
    codes = set[str]()
    if plan.by_commune:
        for chunk in sample:
            read, _ = read_columns(chunk, {"ma_xa": plan.origins["ma_xa"]}, plan.targets, plan.context, codelist=None)
            codes.update(code for code in read["ma_xa"] if code is not None)
    units = [plan.units[code] for code in codes if code in plan.units] or list(plan.units.values())
    row = connection.execute(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
        " FROM (SELECT ST_Extent(geom) AS e FROM hc.don_vi WHERE id = ANY (%s)) s",
        [units],
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return (
        row[0] - _MARGIN_DEGREES,
        row[1] - _MARGIN_DEGREES,
        row[2] + _MARGIN_DEGREES,
        row[3] + _MARGIN_DEGREES,
    )
