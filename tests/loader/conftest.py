"""A small territory to load into: two communes side by side, with the code lists, on 2025-06-30."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg
import pyogrio.raw
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catalogue.files import read_layers
from catalogue.layer import Layer
from loader import codelists
from loader.load import Outcome, Report, load
from loader.mapping import read_mapping
from loader.plan import Order

CONFIG = Path(__file__).parents[2] / "config"
STARTED = datetime(2026, 1, 5, 8, tzinfo=UTC)
UNITS = """
    INSERT INTO hc.don_vi (cap, ma, ten, loai, hieu_luc_tu, hieu_luc_den, can_cu, geom_goc) VALUES
    (3, '25195', 'Tân Phú', 'Phường', '2018-01-01', '2025-07-01', 'thử',
     ST_Multi(ST_MakeEnvelope(570000, 1275000, 571000, 1276000, 9212))),
    (3, '25210', 'Tiến Thành', 'Phường', '2018-01-01', '2025-07-01', 'thử',
     ST_Multi(ST_MakeEnvelope(571000, 1275000, 575000, 1280000, 9212))),
    (3, '25195', 'Bình Phước', 'Phường', '2025-07-01', NULL, 'thử',
     ST_Multi(ST_MakeEnvelope(570000, 1275000, 571000, 1276000, 9212)))"""
_STORED = {"i": np.int32, "f": np.float64, "b": np.bool_}
EAST, NORTH = 570_100, 1_275_100


@dataclass(frozen=True, slots=True)
class Land:
    """A database to load into, and how to ask it."""

    dsn: str
    layers: tuple[Layer, ...]

    def load(self, file: Path, layer: str = "thua-dat", mapping: str = "ours", **options: object) -> Outcome:
        reports: Sequence[Report] = options.pop("reports", ())  # pyright: ignore
        with psycopg.connect(self.dsn) as connection:
            return load(connection, self.order(file, layer, mapping, **options), started=STARTED, reports=reports)

    def order(self, file: Path, layer: str = "thua-dat", mapping: str = "ours", **options: object) -> Order:
        values: Mapping[str, str] = options.pop("values", {})  # pyright: ignore
        path = CONFIG / "mappings" / f"{mapping}.yml"
        return Order(
            layer=next(each for each in self.layers if each.id == layer),
            file=file,
            mapping=read_mapping(path, layer).with_values(values),
            **options,  # pyright: ignore
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()

    def one(self, query: str) -> object:
        return self.rows(query)[0][0]


@pytest.fixture(scope="session")
def layers() -> tuple[Layer, ...]:
    return read_layers(CONFIG / "layers")


@pytest.fixture
def land(empty_db: str, layers: tuple[Layer, ...]) -> Land:
    codelists.load(empty_db)
    with psycopg.connect(empty_db) as connection:
        connection.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-06-30'")
        connection.execute(UNITS)
    return Land(empty_db, layers)


@pytest.fixture(scope="session")
def files() -> "Files":
    return Files()


class Files:
    """Makes rows and writes them to files."""

    def square(self, i: int = 0, j: int = 0, size: float = 20) -> BaseGeometry:
        return square(i, j, size)

    def parcel(self, number: int, shape: BaseGeometry | None = None, **values: object) -> dict[str, object]:
        return parcel(number, shape, **values)

    def write(self, path: Path, rows: Sequence[Mapping[str, object]], **options: object) -> Path:
        return write(path, rows, **options)


def square(i: int = 0, j: int = 0, size: float = 20) -> BaseGeometry:
    """A square in the south-west of commune 25195, in column ``i`` and row ``j`` of a grid of 20 m."""
    return shapely.box(EAST + 20 * i, NORTH + 20 * j, EAST + 20 * i + size, NORTH + 20 * j + size)


def parcel(number: int, shape: BaseGeometry | None = None, **values: object) -> dict[str, object]:
    """One sound row of a file of parcels: sheet 1, 400 m², in commune 25195."""
    row = {"ma_xa": "25195", "so_to": 1, "so_thua": number, "dien_tich": 400.0, "loai_dat": "ODT"}
    row |= {"dia_chi": "Khu phố Phú Thịnh", "hieu_luc_tu": "2024-09-01"}
    return row | values | {"shape": square(number) if shape is None else shape}


def write(path: Path, rows: Sequence[Mapping[str, object]], **options: object) -> Path:
    """Write rows (with a ``shape``) to a vector file; the driver follows the name."""
    names = [name for name in rows[0] if name != "shape"]
    shapes = np.array([row["shape"] or None for row in rows] + [None], object)[:-1]
    columns = [np.array([row[name] for row in rows]) for name in names]
    settings = {"crs": "EPSG:9212", "geometry_type": "Unknown"} | options
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapes),
        field_data=[c.astype(_STORED.get(c.dtype.kind, object)) for c in columns],
        fields=[name[:10] for name in names] if path.suffix == ".shp" else names,  # dBASE allows 10 characters
        **settings,  # pyright: ignore
    )
    return path
