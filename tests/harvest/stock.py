"""A catalogue written by hand into the tables that the publisher writes: records, keys, lives, the clock."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

from auth.model import PUBLIC
from catalogue.files import read_layers
from catalogue.layer import Text
from catalogue.profile import Collection, OneOf, Profile, RowScope, compile_profile
from catalogue.record import (
    Access,
    Description,
    Distribution,
    Extent,
    General,
    Interval,
    Kind,
    Party,
    Quality,
    Record,
    ReferenceSystem,
    Result,
    Role,
    Step,
    body_of,
)
from catalogue.record_keys import RECORDS

BASE = "http://land.example.vn"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PUBLIC_SUBJECT = PUBLIC.subject
CADASTRE, PLANS = "don-vi:dia-chinh", "don-vi:quy-hoach"

_PUT = (
    "INSERT INTO mt.ban_ghi (id, khoa, type, title, description, thanh_phan, lop, license, created, updated, ban_ghi, "
    "dau_van, tim, geom) VALUES (%(id)s, %(key)s, %(type)s, %(title)s, %(description)s, %(component)s, %(layer)s, "
    "%(license)s, %(at)s, %(at)s, %(body)s, %(digest)s, '', "
    "ST_Multi(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))) "
    "ON CONFLICT (id, khoa) DO UPDATE SET updated = excluded.updated, ban_ghi = excluded.ban_ghi, "
    "title = excluded.title, dau_van = excluded.dau_van"
)


def at(seconds: float) -> datetime:
    """Return an instant so many seconds after the first publication."""
    return BEGIN + timedelta(seconds=seconds)


def record(name: str, component: str = "dia-chinh", title: str = "") -> Record:
    """Return a record that has something in each of its groups."""
    office = Party(Text("Sở mẫu", "A department"), (Role.POINT_OF_CONTACT, Role.PUBLISHER), "so@example.vn")
    checked = Result("DL-01", Text("Trùng thửa", "Doubles"), date(2025, 6, 30), 0.0, "1", passed=True)
    return Record(
        id=uuid5(NAMESPACE_URL, name),
        kind=Kind.DATASET,
        general=General((office,)),
        reference_system=ReferenceSystem((9212,)),
        description=Description(
            title=Text(title or f"Tập {name}", title or f"Set {name}"),
            abstract=Text("Thửa đất & <ranh giới>", "Parcels & <boundaries>"),
            component=component,
            layer="thua-dat" if component == "dia-chinh" else None,
            edition=None,
            area=None,
            keywords=(Text("thửa đất", "parcel"),),
            topics=("planningCadastre",),
            extent=Extent(106.41, 11.3, 107.43, 12.3),
            interval=Interval(date(2020, 1, 1), None),
            items=2_000,
            current_on=date(2025, 6, 30),
        ),
        quality=Quality(
            Text("Nạp từ hồ sơ", "Loaded from files"), (Step(date(2025, 6, 1), Text("Nạp", "Load")),), (checked,)
        ),
        distribution=Distribution(
            ("application/geo+json",),
            (Access("/collections/thua-dat/items", "item", "application/geo+json", Text("Thửa đất", "Parcels")),),
        ),
        external_ids=(("vn", name),),
    )


def records_only(*keys: str) -> Profile:
    """Return the profile of who sees the records of these keys and nothing else."""
    layer = next(each for each in read_layers() if each.id == RECORDS)
    scope = RowScope((OneOf("khoa", tuple(sorted(keys))),))
    return compile_profile([Collection(RECORDS, layer, layer.columns, scope)])


@dataclass(frozen=True, slots=True)
class Stock:
    """Writes the catalogue as the superuser; each act is committed at once."""

    connection: psycopg.Connection[Any]

    def publish(self, instant: datetime = BEGIN) -> None:
        """Set the clock: the newest publication was at this instant."""
        self.connection.execute("UPDATE cb.dong_ho SET cong_bo = %s, nhip = %s", [instant, instant])

    def clear(self) -> None:
        """Forget every record, life and key, as if there had never been one."""
        for table in ("mt.ban_ghi", "cb.doi_song", "cb.khoa_cua"):
            self.connection.execute(f"DELETE FROM {table}")

    def unpublish(self) -> None:
        """Set the clock back to a catalogue that was never published."""
        self.connection.execute("UPDATE cb.dong_ho SET cong_bo = NULL, nhip = NULL")

    def hold(self, *keys: str, subject: str = PUBLIC_SUBJECT, since: datetime = BEGIN, first: bool = True) -> None:
        """Note that a subject holds keys since an instant; ``first``: since it was first noted."""
        for key in keys:
            sql = "INSERT INTO cb.khoa_cua (chu_the, khoa, tu, dau_tien) VALUES (%s, %s, %s, %s)"
            self.connection.execute(sql, [subject, key, since, first])

    def lose(self, key: str, instant: datetime, subject: str = PUBLIC_SUBJECT) -> None:
        """Note that a subject holds a key no more."""
        sql = "UPDATE cb.khoa_cua SET den = %s WHERE chu_the = %s AND khoa = %s AND den IS NULL"
        self.connection.execute(sql, [instant, subject, key])

    def put(self, each: Record, instant: datetime = BEGIN, key: str = CADASTRE) -> None:
        """Write a record as a key shows it, with the instant at which it came or changed."""
        body, told, box = json.dumps(body_of(each), ensure_ascii=False), each.description, each.description.extent
        row = {"id": each.id, "key": key, "type": each.kind, "title": told.title.vi, "description": told.abstract.vi}
        row |= {"component": told.component, "layer": told.layer, "license": told.license, "at": instant, "body": body}
        row |= {"west": box.west, "south": box.south, "east": box.east, "north": box.north, "digest": str(hash(body))}
        with self.connection.transaction():
            self.connection.execute(_PUT, row)
            sql = (
                "INSERT INTO cb.doi_song (id, khoa, thanh_phan, tu) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (id, khoa) WHERE den IS NULL DO NOTHING"
            )
            self.connection.execute(sql, [each.id, key, told.component, instant])

    def retitle(self, each: Record, title: str, instant: datetime, key: str = CADASTRE) -> Record:
        """Change the title of a record."""
        changed = replace(each, description=replace(each.description, title=Text(title, title)))
        self.put(changed, instant, key)
        return changed

    def remove(self, id_: UUID, instant: datetime, key: str = CADASTRE, by: UUID | None = None) -> None:
        """Take a record away; ``by`` takes its place."""
        with self.connection.transaction():
            self.connection.execute("DELETE FROM mt.ban_ghi WHERE id = %s AND khoa = %s", [id_, key])
            sql = "UPDATE cb.doi_song SET den = %s, thay_boi = %s WHERE id = %s AND khoa = %s AND den IS NULL"
            self.connection.execute(sql, [instant, by, id_, key])
