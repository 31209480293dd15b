"""What people say of a record comes into it, and moves its instant."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.api.http import legal_day
from auth.people.accounts import caller_named
from catalogue.files import LAYERS, read_layers
from catalogue.record import Record, record_of
from catalogue.service import read_service
from harvest.curation import store
from harvest.curation.completeness import completeness_of
from harvest.curation.documents import read_supplement
from harvest.publishing.said import SaidByOfficers
from harvest.publishing.tick import Sources, publish
from tests.conftest import TEMPLATE

WORDS = {"vi": "Quản lý nhà nước về đất đai", "en": "Land administration"}
_PARCELS = (
    "SELECT ban_ghi, updated FROM mt.ban_ghi WHERE id = (SELECT id FROM mt.ban_ghi WHERE khoa = 'day-du:thua-dat')"
)


class _Desk:
    """The demo with its catalogue: publishes, completes and reads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sources = Sources(read_layers(), read_service(Path(LAYERS).parent / "service.yml"), SaidByOfficers())

    def publish(self) -> None:
        login = make_conninfo(self._dsn, user=f"{TEMPLATE}_publisher")
        with psycopg.connect(login, autocommit=True) as connection:
            publish(connection, self._sources, within_s=120)

    def complete(self, record: UUID, written: dict[str, Any]) -> store.Version:
        given = {"read": None, "reason": "bổ sung", "layers": read_layers()}
        with psycopg.connect(make_conninfo(self._dsn, user=f"{TEMPLATE}_identity")) as connection:
            who, day = caller_named(connection, "so.quantri1"), legal_day(connection)
            return store.complete(connection, who, record, read_supplement(written), day=day, **given)

    def parcels(self) -> list[tuple[Record, datetime]]:
        """Return every variant of the record of parcels."""
        with psycopg.connect(self._dsn) as connection:
            found = connection.execute(_PARCELS).fetchall()
        return [(record_of(body), updated) for body, updated in found]


@pytest.fixture
def desk(demo_db: str) -> _Desk:
    made = _Desk(demo_db)
    made.publish()
    return made


def test_a_supplement_comes_into_every_variant_of_the_record_and_moves_its_instant(desk: _Desk) -> None:
    ((before, then), *_) = desk.parcels()

    desk.complete(before.id, {"purpose": WORDS, "scales": [500]})
    desk.publish()

    after = desk.parcels()
    assert {(each.description.purpose.vi, each.description.scales) for each, _ in after} == {(WORDS["vi"], (500,))}
    assert all(updated > then for _, updated in after)
    assert "3.purpose" not in {each.code for each in completeness_of(after[0][0]).missing}

    desk.complete(before.id, {})
    desk.publish()
    assert {each.description.purpose for each, _ in desk.parcels()} == {before.description.purpose}
