"""The small province of agreements, with three records in its catalogue and a unit that manages a layer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from catalogue.files import read_layers
from catalogue.layer import Text
from catalogue.record import (
    Access,
    Area,
    Description,
    Distribution,
    Extent,
    General,
    Kind,
    Party,
    Quality,
    Record,
    ReferenceSystem,
    Role,
    body_of,
)
from tests.auth.sharing.conftest import World, world  # noqa: F401 - a fixture

PARCELS = UUID("11111111-1111-5111-8111-111111111111")
COMMUNE = UUID("22222222-2222-5222-8222-222222222222")
PLANS = UUID("33333333-3333-5333-8333-333333333333")
NOWHERE = UUID("99999999-9999-5999-8999-999999999999")
PUBLISHED = datetime(2025, 6, 30, 2, tzinfo=UTC)
SO = Party(
    Text("Sở Tài nguyên và Môi trường", "Department of Natural Resources and Environment"),
    (Role.POINT_OF_CONTACT, Role.PUBLISHER),
    "so@example.vn",
    "+842713879427",
)
LONG = "Thửa đất của toàn tỉnh, với số tờ, số thửa, diện tích và mục đích sử dụng đất theo giấy chứng nhận."


def record(id_: UUID = PARCELS, *, layer: str | None = "thua-dat", component: str = "dia-chinh") -> Record:
    """A record that lacks nothing mandatory."""
    return Record(
        id_,
        Kind.DATASET,
        General((SO,)),
        ReferenceSystem((9212, 4326)),
        Description(
            title=Text(f"Thửa đất {id_}", f"Parcels {id_}"),
            abstract=Text(LONG, "Parcels of the whole province"),
            component=component,
            layer=layer,
            edition=None,
            area=None,
            keywords=(Text("thửa đất", "parcel"),),
            topics=("planningCadastre",),
            extent=Extent(106.4, 11.3, 107.4, 12.3),
            interval=None,
            license="CC-BY-4.0",
        ),
        Quality(Text("Bản đồ địa chính", "Cadastral maps")),
        Distribution(
            ("application/geo+json",),
            (Access("/collections/thua-dat/items", "item", "application/geo+json", Text("Dữ liệu", "Data")),),
        ),
    )


_ROW = """
INSERT INTO mt.ban_ghi (id, khoa, xa_id, type, title, description, keywords, thanh_phan, lop, license, created, updated,
                        ban_ghi, dau_van, tim, geom)
VALUES (%s, %s, %s, 'dataset', %s, %s, '{}', %s, %s, %s, %s, %s, %s::jsonb::text, 'x', 'x',
        ST_Multi(ST_MakeEnvelope(106, 11, 107, 12, 4326)))
"""


def publish(dba: psycopg.Connection[Any], given: Record, key: str, xa_id: int = 0) -> None:
    """Write a record down as the publisher does."""
    told = given.description
    values = (given.id, key, xa_id, told.title.vi, told.abstract.vi, told.component, told.layer, told.license)
    dba.execute(_ROW, (*values, PUBLISHED, PUBLISHED, Jsonb(body_of(given))))


@pytest.fixture
def curated(world: World) -> World:  # noqa: F811
    """Three records; the district manages parcels in its own territory, the Sở everything else."""
    parcels, plans = record(), record(PLANS, layer="vung-quy-hoach", component="quy-hoach")
    area = Area("25195", Text("Phường Tân Phú", "Tan Phu ward"), 3, date(2020, 1, 1))
    whole = record(COMMUNE, layer=None)
    commune = replace(whole, description=replace(whole.description, area=area))
    with psycopg.connect(world.dsn) as dba:
        publish(dba, parcels, "khung:thua-dat")
        publish(dba, replace(parcels, description=replace(parcels.description, items=7)), "day-du:thua-dat")
        publish(dba, commune, "don-vi:dia-chinh/3", 3)
        publish(dba, commune, "don-vi:dia-chinh", 3)
        publish(dba, plans, "khung:vung-quy-hoach")
    world.manage("thua-dat", "ubnd-689", territory="689")
    return world


@pytest.fixture
def manage_all(curated: World) -> Callable[..., None]:
    """Let a unit manage what else there is of the cadastre in a territory."""

    def manage(unit: str, territory: str | None) -> None:
        for each in read_layers():
            if each.component.value == "dia-chinh" and each.id != "thua-dat":
                curated.manage(each.id, unit, territory=territory)

    return manage
