"""Who may administer what: system admins of the Sở everything, heads their own unit, everybody else themselves."""

from auth.model import AccountKind, Caller
from core.errors import Forbidden, NotFound

_ADMINS_ONLY = "Only a system admin of the Sở may do this."
_NOT_ONESELF = "Nobody may do this to their own account."

SYSTEM = Caller("system", "job", "daily")
"""The daily job, which acts for nobody."""
DBA = Caller("system", "command", "dba")
"""Whoever owns the database, before there is a first admin."""


def is_admin(actor: Caller) -> bool:
    """Tell whether the actor is a system admin of the Sở."""
    return actor.account_kind is AccountKind.SYSTEM_ADMIN


def is_head_of(actor: Caller, unit_id: int) -> bool:
    """Tell whether the actor heads the unit."""
    return actor.account_kind is AccountKind.UNIT_HEAD and actor.unit_id == unit_id


def require_admin(actor: Caller) -> None:
    """Let only system admins pass.

    Raises:
        Forbidden: the actor is none.
    """
    if not is_admin(actor):
        raise Forbidden(_ADMINS_ONLY)


def require_over_unit(actor: Caller, unit_id: int) -> None:
    """Let only the head of the unit and system admins pass.

    Raises:
        NotFound: the unit is another one than the actor's.
        Forbidden: it is the actor's, who does not head it.
    """
    require_sight(actor, unit_id)
    if not is_admin(actor) and not is_head_of(actor, unit_id):
        raise Forbidden("Only the head of the unit or a system admin of the Sở may do this.")


def require_sight(actor: Caller, unit_id: int) -> None:
    """Let only those pass who may know of the unit.

    Raises:
        NotFound: the unit is another one than the actor's.
    """
    if not is_admin(actor) and actor.unit_id != unit_id:
        raise NotFound


def require_over_person(actor: Caller, account_id: int, unit_id: int, kind: AccountKind) -> None:
    """Let the Sở pass for heads and admins, the head for the people of the unit; nobody for themselves.

    Raises:
        NotFound: the account is in another unit than the actor's.
        Forbidden: it is the actor's own, or that of a head or an admin, or the actor is no head.
    """
    require_sight(actor, unit_id)
    if actor.account_id == account_id:
        raise Forbidden(_NOT_ONESELF)
    if not is_admin(actor):
        require_over_unit(actor, unit_id)
        if kind not in {AccountKind.INDIVIDUAL, AccountKind.MACHINE}:
            raise Forbidden(_ADMINS_ONLY)
