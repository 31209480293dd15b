"""The first system admins, whom the operator makes while there is none; they make the others."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection

from auth.audit.acts import record
from auth.authority import DBA
from auth.credentials import passwords
from auth.credentials.passwords import Random
from auth.model import AccountState
from auth.people.accounts import NewAccount, found_account, insert_account, set_state, told
from auth.people.admins import ADMINS_LEFT, one_at_a_time
from auth.people.handovers import Handed, write_handover
from auth.people.units import NewUnit, ensure_unit
from auth.rows import only
from core.clocks import Clock
from core.errors import BadRequest, Conflict
from database.queries import load

_QUERIES: Final = load("auth.people", "first_admins.sql")


def bootstrap(
    connection: Connection[Any],
    admins: Sequence[NewAccount],
    *,
    unit: NewUnit,
    clock: Clock,
    random: Random = secrets.token_bytes,
) -> list[Handed]:
    """Make the first system admins, in a unit of the Sở that is made where it is missing.

    Args:
        connection: of the DBA.

    Raises:
        Conflict: there is or was a system admin.
        BadRequest: fewer than two, or twice the same person.
    """
    one_at_a_time(connection)
    if only(connection, int, _QUERIES["count_admins"]):
        raise Conflict("There is a system admin already, who makes the others.")
    if len({admin.person for admin in admins} - {None}) < ADMINS_LEFT:
        raise BadRequest("At least {} different persons are named as system admins.", ADMINS_LEFT)
    unit_id = ensure_unit(connection, unit)
    return [_first_admin(connection, admin, unit_id, clock, random) for admin in admins]


def _first_admin(connection: Connection[Any], admin: NewAccount, unit_id: int, clock: Clock, random: Random) -> Handed:
    account = insert_account(connection, DBA, admin, unit_id=unit_id, of_allowance=False, at=clock.now())
    record(connection, DBA, "account.create", f"account:{account.code}", after=told(account))
    set_state(connection, account, AccountState.MUST_CHANGE, (AccountState.ISSUED,))
    handover = write_handover(
        connection, DBA, account, kind="handed_over", to_person=account.person or "", note=None, clock=clock
    )
    activation = passwords.new_activation(connection, account.id, clock=clock, random=random)
    return Handed(found_account(connection, account.code), handover, activation)
