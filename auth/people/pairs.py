"""Acts of two: which accounts are privileged, and by whose warrant something is done to them.

Privileged are system admins, heads of units, and the people of the Sở who act for it in agreements. What gives control
of such an account is proposed by one person and approved by another one; PostgreSQL catches a check that is forgotten.
"""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from auth.authority import is_admin
from auth.model import AccountKind, Caller
from auth.rows import only
from core.errors import Forbidden
from database.queries import load

PRIVILEGED: Final = frozenset({AccountKind.SYSTEM_ADMIN, AccountKind.UNIT_HEAD})
"""Kinds that are privileged whatever they hold."""
_QUERIES: Final = load("auth.people", "pairs.sql")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two persons: what the one proposed under a number, the other approves in this transaction."""

    proposal: int
    approver: int


@dataclass(frozen=True, slots=True)
class Alone:
    """The operator at the machine, by the DBA's login, who said why; PostgreSQL takes it from nobody else."""


type Warrant = Pair | Alone


def is_privileged(connection: Connection[Any], account_id: int) -> bool:
    """Tell whether who controls an account can govern others, or act for the Sở or a unit in agreements."""
    return only(connection, bool, _QUERIES["is_privileged"], {"account": account_id})


def refuse_one_alone(connection: Connection[Any], account_id: int, warrant: Warrant | None) -> None:
    """Refuse what one person alone may not do to an account.

    Raises:
        Forbidden: the account is privileged, and nobody warrants the act.
    """
    if warrant is None and is_privileged(connection, account_id):
        refuse_alone()


def refuse_key_alone(connection: Connection[Any], actor: Caller, account_id: int, warrant: Warrant | None) -> None:
    """Refuse to give the key of an account to one person alone: any to an admin, a privileged one to whomever.

    Heads alone hold keys of their people: they see all that their unit may see. An admin need not see anything.

    Raises:
        Forbidden: nobody warrants the act.
    """
    if warrant is None and is_admin(actor):
        refuse_alone()
    refuse_one_alone(connection, account_id, warrant)


def refuse_alone() -> None:
    """Say that an act takes two persons.

    Raises:
        Forbidden: always.
    """
    raise Forbidden("This takes two persons of the Sở: propose it, and another one approves it.")
