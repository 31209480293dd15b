"""What the effect of a version rests on, as it was read at one moment: the same rows are compiled and digested."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import Function, GrantInForce
from auth.rights.publishing import functions_of, read_grants, read_holders
from auth.sharing.agreements import PACKAGE, Agreement, Version
from auth.written import content_of
from database.queries import load

_SQL = load("auth.sharing", "basis.sql")

type Holding = tuple[str, tuple[Function, ...]]
"""Code of an account, and the functions that it holds on a day or on some day to come."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What an effect rests on besides the rows of layers.

    Attributes:
        day: the first day of the version, or today if that is past.
        grants: what the recipient (or everybody) has by published agreements that have not ended on that day.
        holdings: the accounts of the recipient that are in use and hold anything.
    """

    agreement: Agreement
    version: Version
    day: date
    grants: Sequence[GrantInForce]
    holdings: Sequence[Holding]

    @property
    def hash(self) -> str:
        """Return a digest: equal while body, grants, functions and holdings are, and nothing of them starts or ends."""
        held = {account: [self._written(each) for each in functions] for account, functions in self.holdings}
        content = {
            "body": self.version.body_hash,
            "recipient": [self.agreement.recipient_id, self.agreement.recipient_kind],
            "grants": sorted(_json(self._written(each)) for each in self.grants),
            "accounts": {account: sorted(map(_json, functions)) for account, functions in held.items()},
        }
        return hashlib.sha256(_json(content).encode()).hexdigest()

    def _written(self, given: GrantInForce | Function) -> dict[str, Any]:
        """Return what is given, without its name for people; that it began is told, and not when."""
        since, until = given.period.since, given.period.until
        written = {key: value for key, value in content_of(given).items() if key != "name"}
        return written | {"period": content_of([since if since > self.day else None, until])}


def first_day(version: Version, day: date) -> date:
    """Return the day whose effect is shown: the first one of a version, or today if that is past."""
    return max(day, version.valid_from)


def basis_of(
    connection: Connection[Any],
    agreement: Agreement,
    version: Version,
    *,
    day: date,
    own: Sequence[GrantInForce] | None = None,
) -> Basis:
    """Read what the effect of a version rests on.

    Args:
        day: as ``first_day`` returns it.
        own: what older versions of this agreement gave, where they are cut already; ``None``: as it is read now.
    """
    there = _published(connection, agreement, day)
    if own is not None:
        there = [*own, *(each for each in there if each.agreement != agreement.code)]
    return Basis(agreement, version, day, tuple(there), _holdings(connection, agreement, day))


def locked_own(connection: Connection[Any], agreement: Agreement, day: date) -> tuple[GrantInForce, ...]:
    """Return what the published versions of an agreement give; until the transaction ends nobody else changes them."""
    connection.execute(_SQL["lock_published"].encode(), {"agreement": agreement.id})
    return tuple(each for each in _published(connection, agreement, day) if each.agreement == agreement.code)


def _published(connection: Connection[Any], agreement: Agreement, day: date) -> Sequence[GrantInForce]:
    """Return what the recipient (or everybody) has by its published agreements."""
    if agreement.kind == PACKAGE:
        return ()
    units = [agreement.recipient_id] if agreement.recipient_id else []
    return read_grants(connection, units, day).get(agreement.recipient_id, [])


def _holdings(connection: Connection[Any], agreement: Agreement, day: date) -> tuple[Holding, ...]:
    """Return what the accounts of the recipient hold; without those that hold nothing or rest."""
    if agreement.recipient_id is None:
        return ()
    names: Mapping[int, str] = dict(
        connection.execute(_SQL["names"].encode(), {"unit": agreement.recipient_id}).fetchall()
    )
    holders = read_holders(connection, agreement.recipient_id, day)
    found = ((names[each.id], functions_of(each)) for each in holders if each.is_used)
    return tuple((account, functions) for account, functions in found if functions)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
