"""Reading of vector files as a stream of batches: GeoPackage, Shapefile (also zipped), FileGDB, GeoJSON, FlatGeobuf."""

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

import nanoarrow as na
import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from nanoarrow.iterator import UnregisteredExtensionWarning
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from core.errors import LoadRefused
from quality.vn2000 import GEOGRAPHIC, PLANES, WGS84

FORMATS: Final[Mapping[str, str]] = {
    "GPKG": "GeoPackage",
    "ESRI Shapefile": "Shapefile",
    "OpenFileGDB": "FileGDB",
    "GeoJSON": "GeoJSON",
    "GeoJSONSeq": "GeoJSON",
    "FlatGeobuf": "FlatGeobuf",
}
_BLOCK: Final = 1 << 20
_NOT_SIMPLE: Final = {
    8: "CircularString",
    9: "CompoundCurve",
    10: "CurvePolygon",
    11: "MultiCurve",
    12: "MultiSurface",
    15: "PolyhedralSurface",
    16: "TIN",
}
"""Codes of well-known binary."""


@dataclass(frozen=True, slots=True)
class Source:
    """One layer of one file.

    Args:
        path: as GDAL opens it.
        srid: EPSG number that the file states, ``None`` where it states none that is known.
        features: how many there are, ``None`` where only reading tells.
        options: GDAL's open options.
    """

    path: str
    layer: str
    driver: str
    fields: tuple[str, ...]
    srid: int | None
    features: int | None
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, one after the other; ``first`` is the position of the first, 1 at the start."""

    first: int
    values: Mapping[str, NDArray[np.object_]]
    shapes: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.shapes)


class _Column(Protocol):
    def to_pylist(self) -> list[object]: ...


class _Batch(Protocol):
    schema: Any

    def iter_children(self) -> Iterable[_Column]: ...


def open_source(path: Path, wanted: Iterable[str] = ()) -> Source:
    """Open a file and choose its layer: one of ``wanted`` (any case), or the only one that it has.

    Raises:
        LoadRefused: no such file, no known format, or the layer is not clear.
    """
    if not path.exists():
        raise LoadRefused(f"There is no file {path}.")
    place = _gdal_path(path)
    try:
        layer = _choose([str(name) for name, _ in pyogrio.list_layers(place)], tuple(wanted), path)
        return _described(place, layer)
    except (DataSourceError, DataLayerError) as exc:
        raise LoadRefused(f"{path.name} cannot be read: {exc}") from exc


def middle_of(source: Source) -> tuple[float, float]:
    """Return the middle of a layer's extent, x before y.

    Raises:
        LoadRefused: it has no extent.
    """
    about = pyogrio.read_info(source.path, layer=source.layer, force_total_bounds=True)
    min_x, min_y, max_x, max_y = about["total_bounds"]
    if not np.isfinite([min_x, min_y, max_x, max_y]).all():
        raise LoadRefused(f"{Path(source.path).name} has no geometry.")
    return (min_x + max_x) / 2, (min_y + max_y) / 2


def read_chunks(source: Source, *, size: int = 10_000) -> Iterator[Chunk]:
    """Yield the rows of a layer in order; memory holds one chunk at a time.

    Raises:
        LoadRefused: the file breaks off or is damaged.
    """
    first = 1
    options = cast("dict[str, Any]", dict(source.options))
    try:
        with pyogrio.raw.open_arrow(source.path, layer=source.layer, batch_size=size, use_pyarrow=False, **options) as (
            meta,
            stream,
        ):
            geometry = str(meta["geometry_name"] or "wkb_geometry")
            for batch in cast("Iterable[_Batch]", na.ArrayStream(stream)):
                chunk = _chunk(batch, first, geometry, (*source.fields, geometry))
                yield chunk
                first += len(chunk)
    except (DataSourceError, DataLayerError, RuntimeError) as exc:
        raise LoadRefused(f"{Path(source.path).name} breaks off after row {first - 1}: {exc}") from exc


def fingerprint(path: Path) -> str:
    """Return the SHA-256 (hex) of a file, of all parts of a Shapefile, or of all files of a folder, by name."""
    digest = hashlib.sha256()
    for part in _parts(path):
        with part.open("rb") as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def srid_of(text: str | None) -> int | None:
    """Return the EPSG number of a CRS as GDAL tells it; planes of VN-2000 are known by meridian and scale too."""
    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return None
    if crs.to_authority() == ("OGC", "CRS84"):
        return WGS84
    return crs.to_epsg(min_confidence=70) or _vn2000(crs)


def _vn2000(crs: CRS) -> int | None:
    """Recognise a plane or the geographic system of VN-2000 by name and parameters, without an EPSG number."""
    if "VN" not in crs.name.upper().replace("_", "").replace("-", "")[:12] or "2000" not in crs.name:
        return None
    if crs.is_geographic:
        return GEOGRAPHIC
    operation = crs.coordinate_operation
    parameters = {each.name: each.value for each in operation.params} if operation else {}
    meridian = parameters.get("Longitude of natural origin", parameters.get("Central_Meridian"))
    scale = parameters.get("Scale factor at natural origin", parameters.get("Scale_Factor"))
    fitting = (srid for srid, plane in PLANES.items() if (plane.meridian, plane.scale) == (meridian, scale))
    return next(fitting, None)


def _described(place: str, layer: str) -> Source:
    about = pyogrio.read_info(place, layer=layer)
    driver = str(about["driver"])
    if driver not in FORMATS:
        raise LoadRefused(f"{driver} is not read here; use one of {', '.join(dict.fromkeys(FORMATS.values()))}.")
    features = int(about["features"])
    options = _options(place, layer, driver)
    fields = tuple(map(str, about["fields"]))
    return Source(place, layer, driver, fields, srid_of(about["crs"]), features if features >= 0 else None, options)


def _options(place: str, layer: str, driver: str) -> tuple[tuple[str, str], ...]:
    """Read a Shapefile without a code page byte by byte as Latin-1: what CP1252 would lose stays."""
    if driver != "ESRI Shapefile":
        return ()
    base = Path(place)
    folder = base if base.suffix in (".zip", "") else base.parent
    said = not str(place).startswith("/vsi") and any(
        (folder / f"{layer}{suffix}").exists() for suffix in (".cpg", ".CPG", ".cst")
    )
    return () if said else (("ENCODING", "ISO-8859-1"),)


def _chunk(batch: _Batch, first: int, geometry: str, wanted: tuple[str, ...]) -> Chunk:
    names = [str(field.name) for field in batch.schema.fields]
    columns = dict(zip(names, batch.iter_children(), strict=True))
    with warnings.catch_warnings():
        # The geometry is WKB marked as such; it is taken as bytes.
        warnings.simplefilter("ignore", UnregisteredExtensionWarning)
        lists = {name: column.to_pylist() for name, column in columns.items() if name in wanted}
    size = len(next(iter(lists.values()), []))
    wkb = _objects(lists.pop(geometry, [None] * size))
    _refuse_curves(wkb, first)
    shapes = shapely.from_wkb(wkb, on_invalid="fix")
    return Chunk(first, {name: _objects(values) for name, values in lists.items()}, shapely.force_2d(shapes))


def _refuse_curves(wkb: NDArray[np.object_], first: int) -> None:
    """Refuse arcs and solids: to make segments of them is to change the survey, which is the sender's to do."""
    for i, value in enumerate(wkb):
        kind = int.from_bytes(value[1:5], "little" if value[0] else "big") & 0xFFFF if value else 0
        if kind % 1000 in _NOT_SIMPLE:
            raise LoadRefused(
                f"Row {first + i} is a {_NOT_SIMPLE[kind % 1000]}; only points, lines and polygons of straight segments"
                " are read. Convert it first, for example by ogr2ogr -nlt CONVERT_TO_LINEAR."
            )


def _objects(values: list[object]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _gdal_path(path: Path) -> str:
    prefix = {".zip": "/vsizip/", ".gz": "/vsigzip/"}.get(path.suffix.lower(), "")
    return prefix + str(path.resolve())


def _choose(layers: list[str], wanted: tuple[str, ...], path: Path) -> str:
    by_name = {name.lower(): name for name in layers}
    for name in wanted:
        if name.lower() in by_name:
            return by_name[name.lower()]
    if len(layers) == 1:
        return layers[0]
    raise LoadRefused(f"{path.name} has the layers {', '.join(layers) or '(none)'}; say which one by --source-layer.")


def _parts(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    if path.suffix.lower() == ".shp":
        return sorted(path.parent.glob(f"{path.stem}.*"))
    return [path]
