"""Naming and ending managing units: nobody alone chooses who need not be asked.

::

    proposed ──approve, by a second officer──> approved, and done in the same transaction
    proposed ──refuse, by a second officer──> refused        proposed ──withdraw, by who proposed──> withdrawn
    proposed ──five days──> expired

Officers of the Sở propose and decide. They and the head of the unit are told. PostgreSQL says what time it is.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from psycopg import Connection
from psycopg.errors import CheckViolation, ExclusionViolation, InsufficientPrivilege

from auth.audit import acts
from auth.model import Caller, Period
from auth.notices import Kind, notify_of_manager
from auth.policy.clauses import Vocabulary
from auth.standing import Standing, is_one_person, officer, standing, unit_named
from auth.territory import read_territories
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

_DECIDED = "This was decided before."
_EXPIRED = "The proposal has expired."
_MANAGED = "A unit manages {} there in these days already; end that first."
_ENDED = "The end lies in the past, before the begin, or after the end that is set already."

_SQL = load("auth.sharing", "manager_changes.sql")


@dataclass(frozen=True, slots=True)
class Change:
    """What an officer proposed: to name a unit, or to end ``entry`` on ``valid_until``.

    Attributes:
        state: ``proposed``, ``approved``, ``refused``, ``withdrawn`` or ``expired``.
        answer: why it was refused.
        entry: number of the entry that ends; ``None`` where a unit is named.
    """

    number: int
    act: str
    layer: str
    territory: str | None
    territory_name: str | None
    unit: str
    valid_from: date
    valid_until: date | None
    state: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None
    entry: int | None


def propose_manager(
    connection: Connection[Any],
    actor: Caller,
    *,
    layer: str,
    territory: str | None,
    unit: str,
    period: Period,
    vocabulary: Vocabulary,
    day: date,
) -> Change:
    """Propose that a unit manages a layer in a territory from a day on.

    Args:
        territory: code of a district or commune on the first day; ``None``: everywhere.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        BadParameter: there is no such layer, unit or territory.
        Conflict: somebody else manages it in these days.
    """
    officer(connection, actor, day)
    if layer not in vocabulary.layers:
        raise BadParameter("layer", Phrase("there is no layer {}.", (layer,)), ", ".join(vocabulary.layers))
    place = None if territory is None else read_territories(connection).coded(territory, period.since).id
    values = {
        "layer": layer,
        "territory": place,
        "unit": unit_named(connection, unit, period.since).id,
        "since": period.since,
        "until": period.until,
    }
    if connection.execute(_SQL["managed"].encode(), values).fetchone():
        raise Conflict(_MANAGED, layer)
    return _propose(connection, actor, "propose_manager", values, day)


def propose_end(connection: Connection[Any], actor: Caller, entry: int, *, on: date, day: date) -> Change:
    """Propose that a unit manages a layer no more from a day on.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such entry.
        Conflict: the day has passed, or the entry ends before it.
    """
    officer(connection, actor, day)
    _refuse_end(connection, entry, on, day)
    return _propose(connection, actor, "propose_end", {"entry": entry, "until": on}, day)


def approve_change(connection: Connection[Any], actor: Caller, number: int, *, day: date) -> Change:
    """Approve what was proposed, as the second officer, and do it in the same transaction; of two at once one does.

    Raises:
        Forbidden: the actor is no officer of the Sở, or is who proposed it.
        NotFound: there is no such proposal.
        Conflict: it was decided before, has expired, does not fit any more, or who proposed it is no officer any more.
    """
    who = officer(connection, actor, day)
    before = _held(connection, who, number)
    _decide(connection, who, number, "approved")
    _do(connection, before, day)
    notify_of_manager(connection, Kind.MANAGER_APPROVED, number, day)
    return _recorded(connection, actor, "approve", before)


def refuse_change(connection: Connection[Any], actor: Caller, number: int, *, reason: str, day: date) -> Change:
    """Refuse what was proposed, as the second officer, and say why.

    Raises:
        Forbidden: the actor is no officer of the Sở, or is who proposed it.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    who = officer(connection, actor, day)
    before = _held(connection, who, number)
    _decide(connection, who, number, "refused", answer=normalize("NFC", reason.strip()))
    return _recorded(connection, actor, "refuse", before)


def withdraw_change(connection: Connection[Any], actor: Caller, number: int, *, day: date) -> Change:
    """Take one's own proposal back.

    Raises:
        Forbidden: the actor is no officer of the Sở, or it is another's.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    who = officer(connection, actor, day)
    if _hold(connection, number) != who.account:
        raise Forbidden("Only who proposed it may do this.")
    before = _open(connection, number)
    _decide(connection, who, number, "withdrawn")
    return _recorded(connection, actor, "withdraw", before)


def change_seen(connection: Connection[Any], actor: Caller, number: int, *, day: date) -> Change:
    """Return a proposal that the actor may know of.

    Raises:
        NotFound: there is none, or none that the actor may know of.
    """
    found = changes_seen(connection, actor, day=day, limit=1, after=number - 1)
    if not found or found[0].number != number:
        raise NotFound
    return found[0]


def changes_seen(
    connection: Connection[Any], actor: Caller, *, day: date, limit: int, after: int = 0, is_open: bool = False
) -> list[Change]:
    """Return the proposals behind a number that the actor may know of: all for an officer, the unit's for its head.

    Args:
        is_open: those alone that can be approved.
    """
    who = standing(connection, actor, day)
    values = {"all": who.officer, "unit": who.unit if who.head else None}
    return _listed(connection, **values, limit=limit, after=after, open=is_open)


def _propose(connection: Connection[Any], actor: Caller, query: str, values: dict[str, Any], day: date) -> Change:
    row = connection.execute(_SQL[query].encode(), values | {"by": actor.account_id}).fetchone()
    change = _change(connection, row[0] if row else 0)
    notify_of_manager(connection, Kind.MANAGER_PROPOSED, change.number, day)
    acts.record(connection, actor, "manager.propose", f"layer:{change.layer}", after=_told(change))
    return change


def _held(connection: Connection[Any], who: Standing, number: int) -> Change:
    """Return a proposal that is open, and hold it for the second officer.

    Raises:
        Forbidden: the actor is who proposed it.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    if is_one_person(connection, who.account, _hold(connection, number)):
        raise Forbidden("A second officer decides; this is your own proposal.")
    return _open(connection, number)


def _hold(connection: Connection[Any], number: int) -> int:
    """Hold a proposal until the end of the transaction; return who made it."""
    row = connection.execute(_SQL["hold_change"].encode(), {"number": number}).fetchone()
    if row is None:
        raise NotFound
    return int(row[0])


def _open(connection: Connection[Any], number: int) -> Change:
    found = _change(connection, number)
    if found.state == "expired":
        raise Conflict(_EXPIRED)
    if found.state != "proposed":
        raise Conflict(_DECIDED)
    return found


def _decide(connection: Connection[Any], who: Standing, number: int, state: str, *, answer: str | None = None) -> None:
    values = {"number": number, "state": state, "account": who.account, "answer": answer}
    try:
        decided = connection.execute(_SQL["decide_change"].encode(), values).fetchone()
    except InsufficientPrivilege as exc:
        raise Conflict("Who proposed this may not act any more.") from exc
    except CheckViolation as exc:
        raise Conflict(_EXPIRED) from exc
    if decided is None:
        raise Conflict(_DECIDED)


def _recorded(connection: Connection[Any], actor: Caller, verb: str, before: Change) -> Change:
    """Put a decision on record; return the proposal as it is now."""
    after = _change(connection, before.number)
    told = {"state": after.state} | ({"answer": after.answer} if after.answer else {})
    acts.record(connection, actor, f"manager.{verb}", f"layer:{before.layer}", _told(before), told)
    return after


def _do(connection: Connection[Any], change: Change, day: date) -> None:
    """Do what was approved; PostgreSQL takes it in the transaction of the approval alone."""
    if change.entry is None:
        unit_named(connection, change.unit, change.valid_from)
        try:
            connection.execute(_SQL["name_manager"].encode(), {"number": change.number})
        except ExclusionViolation as exc:
            raise Conflict(_MANAGED, change.layer) from exc
    elif change.valid_until is not None:
        _refuse_end(connection, change.entry, change.valid_until, day)
        values = {"entry": change.entry, "until": change.valid_until}
        if connection.execute(_SQL["end_manager"].encode(), values).fetchone() is None:
            raise Conflict(_ENDED)


def _refuse_end(connection: Connection[Any], entry: int, on: date, day: date) -> None:
    row = connection.execute(_SQL["entry"].encode(), {"entry": entry}).fetchone()
    if row is None:
        raise NotFound
    since, until = row
    if on < day or on <= since or (until and until < on):
        raise Conflict(_ENDED)


def _change(connection: Connection[Any], number: int) -> Change:
    found = _listed(connection, all=True, unit=None, limit=1, after=number - 1, open=False)
    if not found or found[0].number != number:
        raise NotFound
    return found[0]


def _listed(connection: Connection[Any], **values: object) -> list[Change]:
    return [Change(*row) for row in connection.execute(_SQL["changes"].encode(), values).fetchall()]


def _told(change: Change) -> dict[str, Any]:
    """Return a proposal as the audit keeps it."""
    return {
        "proposal": change.number,
        "act": change.act,
        "entry": change.entry,
        "territory": change.territory,
        "unit": change.unit,
        "from": change.valid_from.isoformat(),
        "until": change.valid_until and change.valid_until.isoformat(),
        "by": change.proposed_by,
    }
