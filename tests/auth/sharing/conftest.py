"""A small province with a Sở, a district that manages a layer, a tax office, and everybody who acts in agreements."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auth.model import AccountKind, Caller, Period
from auth.policy.clauses import AgreementDocument, PackageDocument, read_document, vocabulary_of
from auth.sharing import effect, manager_changes
from catalogue.files import read_layers
from core.clocks import StoppedClock
from database.writer import Writer
from tests.conftest import TEMPLATE

DAY = date(2025, 6, 30)
CLOCK = StoppedClock(datetime(2025, 6, 30, 3, tzinfo=UTC))
LAYERS = read_layers()
VOCABULARY = vocabulary_of(LAYERS)
PLACES = (  # id, level, code, parent
    (1, 1, "70", None),
    (2, 2, "689", 1),
    (3, 3, "25195", 2),
    (4, 3, "25198", 2),
    (5, 2, "692", 1),
    (6, 3, "25270", 5),
)
UNITS = (  # code, kind, code of the territory
    ("so", "so", None),
    ("cuc-thue", "thue", None),
    ("ubnd-689", "huyen", "689"),
    ("ubnd-25270", "xa", "25270"),
)
ACCOUNTS = (  # code, unit, kind
    ("so.mot", "so", "system_admin"),
    ("so.hai", "so", "individual"),
    ("so.lanhdao", "so", "unit_head"),
    ("so.khac", "so", "individual"),
    ("thue.lanhdao", "cuc-thue", "unit_head"),
    ("thue.canbo", "cuc-thue", "individual"),
    ("689.lanhdao", "ubnd-689", "unit_head"),
    ("25270.lanhdao", "ubnd-25270", "unit_head"),
)
_PLACE = """
INSERT INTO hc.don_vi (id, cap, ma, ten, loai, cha_id, hieu_luc_tu, can_cu, geom_goc)
VALUES (%s, %s, %s, 'Đơn vị thử', 'thử', %s, '2020-01-01', 'thử',
        ST_Multi(ST_MakeEnvelope(570000, 1275000, 571000, 1276000, 9212)))
"""


@dataclass(frozen=True, slots=True)
class World:
    """A database with the small province, and its people by the names of their accounts."""

    dsn: str
    people: Mapping[str, Caller] = field(default_factory=dict[str, Caller])

    def act(self, do: Callable[..., Any], who: str, *arguments: Any, login: str = "identity", **named: Any) -> Any:
        """Let somebody act in a transaction of a login of the service."""
        with psycopg.connect(self.login(login)) as connection:
            return do(connection, self.people[who], *arguments, **named)

    def publisher(self, do: Callable[..., Any], who: str, *arguments: Any, **named: Any) -> Any:
        return self.act(do, who, *arguments, login="publisher", **named)

    def manage(self, layer: str, unit: str, *, territory: str | None = None, since: date = date(2025, 1, 1)) -> None:
        """Name a managing unit as two officers."""
        given = {"layer": layer, "territory": territory, "unit": unit, "period": Period(since)}
        proposed = self.act(manager_changes.propose_manager, "so.mot", **given, vocabulary=VOCABULARY, day=DAY)
        self.act(manager_changes.approve_change, "so.hai", proposed.number, day=DAY)

    def look(self, code: str, who: str = "so.hai") -> effect.Effect:
        """Show somebody what publishing the version in work would do."""
        with closing(Writer(self.login("publisher"), purpose="test")) as writer:
            return effect.effect_of(writer.transaction, self.people[who], code, vocabulary=VOCABULARY, day=DAY)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database around everything, as the DBA."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def login(self, name: str) -> str:
        return make_conninfo(self.dsn, user=f"{TEMPLATE}_{name}")


@pytest.fixture
def world(empty_db: str) -> World:
    with psycopg.connect(empty_db) as dba:
        for place in PLACES:
            dba.execute(_PLACE, place)
        return World(empty_db, people_of(dba))


def people_of(dba: psycopg.Connection[Any]) -> dict[str, Caller]:
    """Write down the units and their people, on the legal day of the tests."""
    people: dict[str, Caller] = {}
    dba.execute("UPDATE lg.ngay_phap_ly SET ngay = %s", [DAY])
    for code, kind, territory in UNITS:
        dba.execute(
            "INSERT INTO acl.unit (code, name, kind, territory, valid_from) "
            "VALUES (%s, %s, %s, (SELECT xa_id FROM acl.dia_ban() WHERE ma = %s "
            "AND daterange(hieu_luc_tu, hieu_luc_den) @> %s::date), '2023-01-01')",
            [code, f"Đơn vị {code}", kind, territory, DAY],
        )
    for code, unit, kind in ACCOUNTS:
        people[code] = _account(dba, code, unit, kind)
    dba.execute(
        "INSERT INTO acl.function (unit_id, code, name, valid_from) "
        "SELECT id, 'chia-se-du-lieu', 'Chia sẻ dữ liệu', '2023-01-01' FROM acl.unit WHERE code = 'so'"
    )
    dba.execute(
        "INSERT INTO acl.account_function (account_id, function_id, valid_from) "
        "SELECT a.id, f.id, '2023-01-01' FROM acl.account a, acl.function f WHERE a.code = 'so.hai'"
    )
    return people


def _account(dba: psycopg.Connection[Any], code: str, unit: str, kind: str) -> Caller:
    row = dba.execute(
        "INSERT INTO acl.account (code, unit_id, kind, person, state) SELECT %s, id, %s, %s, 'active' "
        "FROM acl.unit WHERE code = %s RETURNING id, unit_id",
        [code, kind, f"Người mẫu {code}", unit],
    ).fetchone()
    assert row
    return Caller(
        f"account:{row[0]}",
        "session",
        "",
        account_id=row[0],
        account=code,
        account_kind=AccountKind(kind),
        unit_id=row[1],
        unit=unit,
        proved_at=CLOCK.now(),
    )


def clause(**changes: Any) -> dict[str, Any]:
    """Return a clause on parcels of one district."""
    return {
        "layer": "thua-dat",
        "operations": ["read", "query"],
        "columns": ["id", "xa_id", "ma_xa", "so_to", "so_thua", "dien_tich"],
        "geometry": True,
        "rows": {"territory": {"districts": ["692"]}},
    } | changes


def written(**changes: Any) -> dict[str, Any]:
    """Return an agreement with the tax office as it is written."""
    return {
        "agreement": "thue-2025-01",
        "kind": "mac_dinh",
        "recipient": "cuc-thue",
        "document": "01/TT-STNMT",
        "purpose": "Tính thuế sử dụng đất",
        "legal_basis": "Quy chế, Điều 9",
        "valid_from": "2025-01-01",
        "clauses": [clause()],
    } | changes


def document(**changes: Any) -> AgreementDocument:
    return read_document(AgreementDocument, written(**changes))


def package(**changes: Any) -> PackageDocument:
    base = {key: each for key, each in written().items() if key not in ("agreement", "kind", "recipient")}
    own = clause(rows={"territory": "own"})
    return read_document(
        PackageDocument, base | {"package": "dia-ban", "title": "Thửa đất trong địa bàn", "clauses": [own]} | changes
    )
