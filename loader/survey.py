"""What is wrong with a file as a whole: encodings, coordinates, the datum shift."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import shapely
from psycopg import sql

from loader.files import Chunk
from loader.mapping import read_columns
from loader.plan import QUERIES, Plan, shapes_of
from loader.staging import Db, stream, trusted
from quality.coordinates import Box, Degrees, OutOfArea, Plausible, Swapped, WrongZone, as_metres, compare, judge
from quality.encodings import Encoding
from quality.rules import AXES_SWAPPED, CONVERTED, DATUM_SHIFT, DEGREES, METRES, OUT_OF_AREA, WRONG_ZONE, Finding
from quality.vn2000 import PLANES

_MARGIN_DEGREES: Final = 0.02
_LEAST_PAIRS: Final = 3
"""One or two rows may be off by chance as a known mistake is."""
_KNOWN_PLACES: Final = """
SELECT ST_X(hinh), ST_Y(hinh), ST_X(cu), ST_Y(cu)
FROM (SELECT ST_Centroid(s.hinh) AS hinh, ST_Centroid(hc.doi_toa_do(t.nap_cu, {srid})) AS cu
      FROM (SELECT * FROM nap WHERE NOT hong AND {staged}) s
      JOIN (SELECT {columns}, {geometry} AS nap_cu FROM {table} WHERE {covers}) t USING ({columns})
      LIMIT 1000) p"""


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
    geometry = plan.order.layer.geometry
    if not geometry or not sample:
        return
    shapes = np.concatenate([shapes_of(plan, chunk) for chunk in sample])
    bounds = shapely.bounds(shapes)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    expected = _expected(connection, plan, sample)
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    if metres := as_metres(x, y, srid=plan.given_srid, expected=expected, usual=geometry.stored_srid):
        yield Finding(METRES, 0, "", None, metres.message.vi, metres.message.en)
        return
    if expected is None or not len(bounds):
        return
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
    row = connection.execute(QUERIES["extent"].encode(), {"units": units}).fetchone()
    if row is None or row[0] is None:
        return None
    return (
        row[0] - _MARGIN_DEGREES,
        row[1] - _MARGIN_DEGREES,
        row[2] + _MARGIN_DEGREES,
        row[3] + _MARGIN_DEGREES,
    )


def check_shift(connection: Db, plan: Plan) -> list[Finding]:
    """Return the finding of a wrong datum shift, where rows of the file lie off what is stored under the same key.

    A missing shift moves a survey by 225 m: no box shows that, known places do. They are the rows of the table that a
    new file brings once more.
    """
    geometry = plan.table.geometry
    if geometry is None or plan.srid not in PLANES:
        return []
    for key in plan.table.keys:
        statement = sql.SQL(_KNOWN_PLACES).format(
            srid=sql.Literal(plan.srid),
            columns=sql.SQL(", ").join(map(sql.Identifier, key.columns)),
            geometry=sql.Identifier(geometry),
            table=plan.table.identifier,
            covers=sql.SQL(trusted(key.covers)),
            staged=sql.SQL(trusted(key.staged)),
        )
        pairs = np.array(list(stream(connection, statement)), float).reshape(-1, 4)
        x, y, known_x, known_y = pairs.T
        shifted = compare(x, y, known_x=known_x, known_y=known_y, srid=plan.srid) if len(x) >= _LEAST_PAIRS else None
        if shifted:
            return [Finding(DATUM_SHIFT, 0, "", None, shifted.message.vi, shifted.message.en)]
    return []
