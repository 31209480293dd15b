"""Units, functions, accounts and agreements, written into a database around everything that guards them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from auth.rights.publishing import Published, check_published, republish
from catalogue.files import read_layers
from catalogue.record_keys import KEY, RECORDS, frame_of
from tests.conftest import TEMPLATE

LAYERS = read_layers()
DAY = date(2025, 6, 30)
JULY = date(2025, 7, 1)
AUGUST = date(2025, 8, 1)
PARCELS = ["id", "xa_id", "so_to", "dien_tich"]


@dataclass(frozen=True, slots=True)
class World:
    """A database, and what is written into it around everything."""

    dsn: str
    own: psycopg.Connection[tuple[Any, ...]]

    @contextmanager
    def login(self, name: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(make_conninfo(self.dsn, user=f"{TEMPLATE}_{name}")) as connection:
            yield connection

    def publish(self, whom: Sequence[int] | int | None = None, day: date = DAY) -> Published:
        with self.login("publisher") as connection:
            return republish(connection, LAYERS, whom, day)

    def faults(self, day: date = DAY) -> tuple[str, ...]:
        with self.login("publisher") as connection:
            return check_published(connection, LAYERS, day)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self.own.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *values: Any) -> int:
        return int(self.ask(query, *values)[0][0])

    def unit(self, code: str, kind: str = "thue", until: date | None = None) -> int:
        query = (
            "INSERT INTO acl.unit (code, name, kind, valid_from, valid_until) "
            "VALUES (%s, %s, %s, '2020-01-01', %s) RETURNING id"
        )
        return self.one(query, code, code, kind, until)

    def account(self, code: str, unit: int, state: str = "active", ends_on: date | None = None) -> int:
        query = (
            "INSERT INTO acl.account (code, unit_id, kind, person, state, suspended_for, ends_on) "
            "VALUES (%s, %s, 'individual', 'Nguyễn Văn An', %s, %s, %s) RETURNING id"
        )
        return self.one(query, code, unit, state, "so" if state == "suspended" else None, ends_on)

    def function(self, unit: int, code: str = "tra-cuu", narrows: Any = None, until: date | None = None) -> int:
        query = (
            "INSERT INTO acl.function (unit_id, code, name, narrows, valid_from, valid_until) "
            "VALUES (%s, %s, %s, %s, '2025-01-01', %s) RETURNING id"
        )
        return self.one(query, unit, code, "Tra cứu", Jsonb(narrows or {}), until)

    def give(self, account: int, function: int, since: date = date(2025, 1, 1), until: date | None = None) -> None:
        self.own.execute(
            "INSERT INTO acl.account_function (account_id, function_id, valid_from, valid_until) "
            "VALUES (%s, %s, %s, %s)",
            (account, function, since, until),
        )

    def agree(
        self,
        code: str,
        unit: int | None,
        *clauses: dict[str, Any],
        kind: str = "mac_dinh",
        since: date = date(2025, 1, 1),
        until: date | None = None,
    ) -> None:
        query = "INSERT INTO acl.agreement (code, kind, recipient_id) VALUES (%s, %s, %s) RETURNING id"
        agreement = self.one(query, code, kind, unit)
        body = {"valid_from": since.isoformat(), "valid_until": until and until.isoformat(), "grants": list(clauses)}
        query = (
            "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, valid_until, body, body_hash) "
            "VALUES (%s, 1, 'published', %s, %s, %s, '')"
        )
        self.own.execute(query, (agreement, since, until, Jsonb(body)))

    def in_force(self, subject: str) -> list[tuple[date, date | None, str]]:
        query = "SELECT valid_from, valid_until, hash FROM acl.profile_in_force WHERE subject = %s ORDER BY valid_from"
        return self.ask(query, subject)

    def collections(self, subject: str, day: date = DAY) -> list[str]:
        return collections_of(self.ask, subject, day)


def collections_of(ask: Callable[..., list[tuple[Any, ...]]], subject: str, day: date) -> list[str]:
    """Return the collections of data of a subject, which sees the frames of their records, and no other record."""
    query = (
        "SELECT c->>'id', c->'rows' FROM acl.profile p CROSS JOIN jsonb_array_elements(p.body->'collections') c "
        "WHERE p.hash = acl.hash_of(%s, %s) ORDER BY 1"
    )
    rows = dict(ask(query, subject, day))
    records = rows.pop(RECORDS, None)
    frames = [frame_of(each) for each in rows]
    assert records == ([{"column": KEY, "one_of": frames}] if frames else None)
    return list(rows)


def clause(layer: str = "thua-dat", columns: Sequence[str] = PARCELS, *communes: int, **changed: Any) -> dict[str, Any]:
    rows = [{"column": "xa_id", "one_of": list(communes)}] if communes else []
    return {
        "layer": layer, "columns": list(columns), "rows": rows, "geometry": True, "operations": ["query", "read"],
        "formats": None, "page_max": None, "daily_items": None,
    } | changed  # fmt: skip
