"""Notices: what the Sở, the heads and the owners of accounts are told, each once."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from psycopg import Connection

from auth.authority import is_admin
from auth.model import AccountKind, Caller
from auth.rows import every, first
from database.queries import load

_QUERIES: Final = load("auth", "notices.sql")


class Kind(StrEnum):
    """What a notice tells."""

    LEAVING_LATE = "leaving_late"
    """The unit entered the end of a position after the fifth working day."""
    DEADLINE_UNKNOWN = "deadline_unknown"
    """Working days cannot be counted, as the calendar lacks a year: of an entry or of somebody who is missing."""
    POSITION_ENDED = "position_ended"
    """The day came on which a position ended; the account was revoked."""
    ABSENCE_WARNED = "absence_warned"
    """Missing from the staff list for four working days."""
    ABSENCE_REVOKED = "absence_revoked"
    """Missing for five: revoked."""
    ATTESTATION_DUE = "attestation_due"
    """Not attested in the quarter that ends."""
    NOT_ATTESTED = "not_attested"
    """Suspended: nobody attested the account in the quarter before."""
    PASSWORD_EXPIRES = "password_expires"  # noqa: S105 - a word
    """14, 7 or 1 days before it is too old."""
    ACT_PROPOSED = "act_proposed"
    """One person proposed an act on a privileged account."""
    ACT_DONE = "act_done"
    """Another one approved it; it is done."""
    ACT_DONE_ALONE = "act_done_alone"
    """The operator did it at the machine."""
    MANAGER_PROPOSED = "manager_proposed"
    """An officer proposed that a unit manages a layer, or manages it no more."""
    MANAGER_APPROVED = "manager_approved"
    """A second officer approved it; it is done."""
    LEFT_OUT = "left_out"
    """From a day on a collection is left out of what an account may see: its pieces cannot be put together."""
    SEALING_STOPPED = "sealing_stopped"
    """The audit is not sealed any more, since a day."""
    SEALING_GOES_ON = "sealing_goes_on"
    """It is sealed again."""
    AGREEMENT_JOINED = "agreement_joined"
    """A unit joined a package, and has from that day on some of what the unit told of manages."""
    AGREEMENT_MOVED = "agreement_moved"
    """From that day on a successor has by a migration some of what the unit told of manages."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice about an account, what a unit manages or is a party of, what everybody may see, or the audit.

    Attributes:
        day: what it is about.
        made_at: when it was written.
        account: ``None`` where it tells of a managing unit, an agreement, what everybody may see, or the audit.
        proposal: number of the proposal that it tells of, with its act and who proposed it.
        manager_proposal: number of the proposal on a managing unit, with its layer.
        collection: what is left out.
        agreement: code of what came of a package or of a migration; the unit is a party of it, and may end it.
        pieces: what stands in the way of it: codes of an agreement and of the function through which it gives.
    """

    id: int
    kind: Kind
    account: str | None
    person: str | None
    unit: str
    day: date
    made_at: datetime
    proposal: int | None
    act: str | None
    by: str | None
    manager_proposal: int | None
    layer: str | None
    collection: str | None
    agreement: str | None
    pieces: tuple[tuple[str, str | None], ...] | None


def notify(connection: Connection[Any], kind: Kind, account_id: int, day: date, *, now: datetime) -> bool:
    """Write a notice unless it was written before; tell whether it was new."""
    values = {"kind": kind.value, "account": account_id, "day": day, "at": now}
    return first(connection, int, _QUERIES["notify"], values) is not None


def notify_of(connection: Connection[Any], kind: Kind, proposal: int, day: date, *, now: datetime) -> None:
    """Write the notice of an act on a privileged account, for the Sở, the head of the unit and the owner."""
    values = {"kind": kind.value, "proposal": proposal, "day": day, "at": now}
    connection.execute(_QUERIES["notify_of"].encode(), values)


def notify_of_manager(connection: Connection[Any], kind: Kind, number: int, day: date) -> None:
    """Write the notice of a proposal on a managing unit, for the officers of the Sở and the head of the unit."""
    values = {"kind": kind.value, "number": number, "day": day}
    connection.execute(_QUERIES["notify_of_manager"].encode(), values)


def notify_of_sealing(connection: Connection[Any], kind: Kind, day: date, *, now: datetime) -> bool:
    """Write for the Sở that the sealing stopped or goes on, unless that was told last; tell whether it was new.

    Who calls keeps others from telling at once. Where no unit is the Sở yet, nobody is told.
    """
    values = {"kind": kind.value, "day": day, "at": now}
    return first(connection, int, _QUERIES["notify_of_sealing"], values) is not None


def notices_seen(connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0) -> list[Notice]:
    """Return the notices that concern the actor: all for an admin, the unit's for its head, else one's own.

    The head of the Sở is told besides of every act on a privileged account, its officers of every managing unit and of
    every collection that is left out of somebody's profile.
    """
    head = actor.account_kind is AccountKind.UNIT_HEAD
    values = {
        "unit": actor.unit_id if head else None,
        "only": None if is_admin(actor) or head else actor.account_id,
        "own": actor.account_id,
        "after": after,
        "limit": limit,
    }
    return every(connection, _notice, _QUERIES["notices"], values)


def _notice(id_: int, kind: str, *rest: Any) -> Notice:
    *told, pieces = rest
    return Notice(
        id_, Kind(kind), *told, pieces=None if pieces is None else tuple((each[0], each[1]) for each in pieces)
    )
