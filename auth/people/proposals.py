"""What one person of the Sở proposes to do with a privileged account, and another one approves.

::

    proposed ──approve──> approved, and done in the same transaction
    proposed ──refuse, by another one──> refused        proposed ──withdraw, by who proposed──> withdrawn
    proposed ──five days──> expired

System admins and the head of the Sở propose and approve; one of the two is an admin, and neither is the owner of the
account. An activation code that comes of it has two halves: the approver gets the one with the approval, the proposer
fetches the other one, each once. The operator at the machine does the same alone, on record as ``alone``.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from unicodedata import normalize

from psycopg import Connection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict

from auth.audit.acts import record
from auth.authority import is_admin, require_admin
from auth.credentials import passwords
from auth.credentials.passwords import Random
from auth.model import AccountKind, AccountState, Caller, Period
from auth.notices import Kind, notify_of
from auth.people import accounts, functions, handovers, outside, positions, states
from auth.people.accounts import NewAccount, caller_named, held_account
from auth.people.admins import one_at_a_time
from auth.people.pairs import PRIVILEGED, Alone, Pair, Warrant, is_privileged
from auth.people.positions import NewPosition
from auth.people.units import find_unit
from auth.rows import every, first, only, refusals
from auth.standing import is_one_person
from catalogue.layer import Layer
from core.clocks import Clock
from core.errors import BadRequest, Conflict, Forbidden, NotFound
from database.queries import load

LIFETIME: Final = timedelta(days=5)
"""How long a proposal may be approved."""
_QUERIES: Final = load("auth.people", "proposals.sql")


class Act(StrEnum):
    """What takes two persons."""

    CREATE = "create"
    HAND_OVER = "hand_over"
    RESET = "reset"
    RESET_TOTP = "reset_totp"
    RESUME = "resume"
    POSITION = "position"
    LINK = "link"
    GIVE_FUNCTION = "give_function"


class State(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ALONE = "alone"
    """Done by the operator at the machine."""


class Arguments(BaseModel):
    """What an act takes besides the account; each act takes its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str | None = None
    kind: AccountKind | None = None
    person: str | None = None
    person_code: str | None = None
    position: str | None = None
    to_person: str | None = None
    note: str | None = None
    issuer: str | None = None
    subject: str | None = None
    function: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class NewProposal:
    """An act to be proposed, and why."""

    act: Act
    account: str
    reason: str
    arguments: Arguments = field(default_factory=Arguments)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands; ``decided_by`` approved, refused or withdrew it, ``answer`` says why it was refused."""

    number: int
    act: Act
    account: str
    unit: str
    arguments: Arguments
    reason: str
    state: State
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Approved:
    """A proposal that was approved and done; ``half`` is the approver's of a new activation code, shown this once."""

    proposal: Proposal
    half: str | None


@dataclass(frozen=True, slots=True)
class DoneAlone:
    """What the operator did alone; ``activation_code`` is whole, and shown this once."""

    proposal: Proposal
    activation_code: str | None


@dataclass(frozen=True, slots=True)
class Means:
    """What an act needs besides who acts: the clock, the legal day, the layers that functions name, randomness."""

    clock: Clock
    day: date
    layers: Sequence[Layer]
    random: Random = secrets.token_bytes


@dataclass(frozen=True, slots=True)
class _Doing:
    """An act that is done now by an actor, on whose warrant."""

    connection: Connection[Any]
    actor: Caller
    account: str
    given: Arguments
    warrant: Warrant
    means: Means


TAKES: Final[dict[Act, tuple[frozenset[str], frozenset[str]]]] = {
    Act.CREATE: (frozenset({"unit", "kind", "person"}), frozenset({"person_code", "position"})),
    Act.HAND_OVER: (frozenset({"to_person"}), frozenset({"note"})),
    Act.RESET: (frozenset(), frozenset()),
    Act.RESET_TOTP: (frozenset(), frozenset()),
    Act.RESUME: (frozenset(), frozenset()),
    Act.POSITION: (frozenset({"position"}), frozenset({"unit", "kind"})),
    Act.LINK: (frozenset({"issuer", "subject"}), frozenset()),
    Act.GIVE_FUNCTION: (frozenset({"function"}), frozenset({"since", "until"})),
}
"""What each act must be given, and what it may be."""


def propose(connection: Connection[Any], actor: Caller, new: NewProposal, *, clock: Clock) -> Proposal:
    """Propose an act on a privileged account; nothing else changes, and those whom it concerns are told.

    Raises:
        Forbidden: the actor may not propose, or owns the account.
        NotFound: there is no such account or unit.
        Conflict: one person may do it alone, or the account that is to be made is there.
        BadRequest: an argument lacks, or is none of the act's.
    """
    _require_officer(connection, actor)
    _check_arguments(new)
    unit_id = _unit_concerned(connection, actor, new)
    number = _insert(connection, actor, _whole(connection, new), State.PROPOSED, unit_id=unit_id, now=clock.now())
    proposal = _found(connection, number, now=clock.now())
    notify_of(connection, Kind.ACT_PROPOSED, number, _day_of(connection), now=clock.now())
    record(connection, actor, "account.propose", f"account:{new.account}", after=_told(proposal))
    return proposal


def approve(connection: Connection[Any], actor: Caller, number: int, *, means: Means) -> Approved:
    """Approve a proposal as the second person, and do what it says in the same transaction; of two at once one does.

    Raises:
        Forbidden: the actor may not approve, proposed it, or owns the account.
        NotFound: there is no such proposal, or what it names is not there any more.
        Conflict: it was decided before, has expired, or the account is not any more as it was when it was proposed.
        BadRequest: what it says does not fit.
    """
    one_at_a_time(connection)
    proposal, now = _open(connection, actor, number, now=means.clock.now()), means.clock.now()
    proposer = _proposer(connection, proposal)
    _refuse_changed(connection, proposal)
    _decide(connection, actor, proposal, State.APPROVED, now=now)
    record(connection, actor, "account.approve", f"account:{proposal.account}", before=_told(proposal))
    doer = proposer if is_admin(proposer) else actor
    require_admin(doer)
    warrant = Pair(number, actor.account_id or 0)
    half = _do(proposal.act, _Doing(connection, doer, proposal.account, proposal.arguments, warrant, means))
    notify_of(connection, Kind.ACT_DONE, number, means.day, now=now)
    return Approved(_found(connection, number, now=now), half)


def refuse(connection: Connection[Any], actor: Caller, number: int, *, reason: str, clock: Clock) -> Proposal:
    """Refuse a proposal as the second person, and say why.

    Raises:
        Forbidden: the actor may not decide, proposed it, or owns the account.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    proposal = _open(connection, actor, number, now=clock.now())
    _decide(connection, actor, proposal, State.REFUSED, now=clock.now(), answer=reason)
    after = {"proposal": number, "answer": reason}
    record(connection, actor, "account.refuse", f"account:{proposal.account}", before=_told(proposal), after=after)
    return _found(connection, number, now=clock.now())


def withdraw(connection: Connection[Any], actor: Caller, number: int, *, clock: Clock) -> Proposal:
    """Take one's own proposal back.

    Raises:
        Forbidden: it is another's.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    proposal = proposal_seen(connection, actor, number, now=clock.now())
    if proposal.proposed_by != actor.account:
        raise Forbidden("Only who proposed it may do this.")
    _decide(connection, actor, proposal, State.WITHDRAWN, now=clock.now())
    record(connection, actor, "account.withdraw", f"account:{proposal.account}", before=_told(proposal))
    return _found(connection, number, now=clock.now())


def take_half(
    connection: Connection[Any], actor: Caller, number: int, *, clock: Clock, random: Random = secrets.token_bytes
) -> str:
    """Return the proposer's half of the activation code that came of an approved proposal, this once.

    Raises:
        Forbidden: another one proposed it.
        NotFound: there is no such proposal.
        Conflict: it is not approved, gives no code, or the half was fetched, or the code is over or replaced.
    """
    proposal = proposal_seen(connection, actor, number, now=clock.now())
    if proposal.proposed_by != actor.account:
        raise Forbidden("Only who proposed it may do this.")
    half = passwords.other_half(connection, proposal=number, giver=actor.account_id or 0, clock=clock, random=random)
    if half is None:
        raise Conflict("There is no half of an activation code to fetch.")
    record(connection, actor, "account.take_half", f"account:{proposal.account}", after={"proposal": number})
    return half


def proposal_seen(connection: Connection[Any], actor: Caller, number: int, *, now: datetime) -> Proposal:
    """Return a proposal that the actor may know of: any for who may approve, the unit's for its head, or one's own.

    Raises:
        NotFound: there is none, or none that the actor may know of.
    """
    found = _listed(connection, actor, now=now, after=number - 1, limit=1, is_open=False)
    if not found or found[0].number != number:
        raise NotFound
    return found[0]


def proposals_seen(
    connection: Connection[Any], actor: Caller, *, now: datetime, limit: int, after: int = 0, is_open: bool = False
) -> list[Proposal]:
    """Return the proposals that the actor may know of, behind a number; those alone that can be approved, or all."""
    return _listed(connection, actor, now=now, after=after, limit=limit, is_open=is_open)


def do_alone(connection: Connection[Any], actor: Caller, new: NewProposal, *, means: Means) -> DoneAlone:
    """Do at the machine what takes two persons elsewhere; it is on record as done alone, and all officers are told.

    Args:
        connection: of the DBA; the server has none.

    Raises:
        Forbidden: the connection is not the DBA's, or the actor is no system admin, or owns the account.
        NotFound, Conflict, BadRequest: as the act itself says.
    """
    if not only(connection, bool, _QUERIES["is_dba"]):
        raise Forbidden("This is done at the machine alone, by the login that owns the database.")
    require_admin(actor)
    _check_arguments(new)
    unit_id, now = _unit_concerned(connection, actor, new), means.clock.now()
    number = _insert(connection, actor, new, State.ALONE, unit_id=unit_id, now=now)
    proposal = _found(connection, number, now=now)
    record(connection, actor, "account.alone", f"account:{new.account}", after=_told(proposal))
    code = _do(new.act, _Doing(connection, actor, new.account, new.arguments, Alone(), means))
    notify_of(connection, Kind.ACT_DONE_ALONE, number, means.day, now=now)
    return DoneAlone(proposal, code)


def _do(act: Act, on: _Doing) -> str | None:
    """Do an act; return what came of it of an activation code."""
    return _ACTS[act](on)


def _create(on: _Doing) -> None:
    given = on.given
    kind = given.kind or AccountKind.INDIVIDUAL
    new = NewAccount(on.account, given.unit or "", kind, given.person, given.person_code, given.position)
    accounts.create_account(on.connection, on.actor, new, clock=on.means.clock, warrant=on.warrant)


def _hand_over(on: _Doing) -> str:
    handed = handovers.hand_over(
        on.connection, on.actor, on.account, to_person=on.given.to_person or "", note=on.given.note,
        clock=on.means.clock, random=on.means.random, warrant=on.warrant,
    )  # fmt: skip
    return handed.activation_code


def _reset(on: _Doing) -> str:
    return handovers.reset(
        on.connection, on.actor, on.account, clock=on.means.clock, random=on.means.random, warrant=on.warrant
    )


def _reset_totp(on: _Doing) -> None:
    handovers.reset_totp(on.connection, on.actor, on.account, clock=on.means.clock, warrant=on.warrant)


def _resume(on: _Doing) -> None:
    states.resume(on.connection, on.actor, on.account, clock=on.means.clock, warrant=on.warrant)


def _position(on: _Doing) -> str | None:
    new = NewPosition(on.given.position or "", on.given.unit, on.given.kind)
    clock, day = on.means.clock, on.means.day
    positions.move(on.connection, on.actor, on.account, new, day=day, clock=clock, warrant=on.warrant)
    return _new_key(on)


def _link(on: _Doing) -> None:
    outside.link(
        on.connection, on.actor, on.account, issuer=on.given.issuer or "", subject=on.given.subject or "",
        now=on.means.clock.now(), warrant=on.warrant,
    )  # fmt: skip


def _give_function(on: _Doing) -> str | None:
    period, now = Period(on.given.since or on.means.day, on.given.until), on.means.clock.now()
    functions.make_officer(
        on.connection, on.actor, on.account, period=period, layers=on.means.layers, day=on.means.day, now=now
    )
    return _new_key(on)


def _new_key(on: _Doing) -> str | None:
    """Return the approver's half of a new activation code, or the operator's code, where the keys were taken."""
    account = held_account(on.connection, on.account)
    if account.state is not AccountState.MUST_CHANGE or account.password_until is not None:
        return None
    if passwords.has_activation(on.connection, account.id):
        return None
    return handovers.activation_of(on.connection, account.id, on.warrant, clock=on.means.clock, random=on.means.random)


_ACTS: Final[dict[Act, Callable[[_Doing], str | None]]] = {
    Act.CREATE: _create,
    Act.HAND_OVER: _hand_over,
    Act.RESET: _reset,
    Act.RESET_TOTP: _reset_totp,
    Act.RESUME: _resume,
    Act.POSITION: _position,
    Act.LINK: _link,
    Act.GIVE_FUNCTION: _give_function,
}


def _require_officer(connection: Connection[Any], actor: Caller) -> None:
    if not only(connection, bool, _QUERIES["is_officer"], {"account": actor.account_id}):
        raise Forbidden("Only a system admin or the head of the Sở may do this, with an account in use.")


def _check_arguments(new: NewProposal) -> None:
    given = frozenset(new.arguments.model_dump(exclude_none=True))
    needed, more = TAKES[new.act]
    if lacking := needed - given:
        raise BadRequest("The act '{}' needs: {}.", new.act.value, ", ".join(sorted(lacking)))
    if surplus := given - needed - more:
        raise BadRequest("The act '{}' does not take: {}.", new.act.value, ", ".join(sorted(surplus)))


def _unit_concerned(connection: Connection[Any], actor: Caller, new: NewProposal) -> int:
    """Return the unit of the account, or that which one to be made is for.

    Raises:
        NotFound: there is no such account or unit.
        Forbidden: it is the actor's own account.
        Conflict: one person may do it, or the account is there already.
    """
    if new.act is Act.CREATE:
        if first(connection, int, _QUERIES["account_id"], {"code": new.account}) is not None:
            raise Conflict("There is one already with this name, or for this period.")
        _refuse_needless(new.arguments.kind in PRIVILEGED)
        return find_unit(connection, new.arguments.unit or "").id
    account = held_account(connection, new.account)
    if is_one_person(connection, actor.account_id, account.id):
        raise Forbidden("Nobody may do this to their own account.")
    _refuse_needless(_takes_two(connection, account, new))
    return account.unit_id


def _whole(connection: Connection[Any], new: NewProposal) -> NewProposal:
    """Return what is proposed with nothing left to be read later: a position names its unit and its kind."""
    if new.act is not Act.POSITION:
        return new
    account = held_account(connection, new.account)
    given = new.arguments
    stays = {"unit": given.unit or account.unit, "kind": given.kind or account.kind}
    return replace(new, arguments=given.model_copy(update=stays))


def _as_found(connection: Connection[Any], code: str) -> dict[str, str | None]:
    """Return what an approver counts on of an account; nothing of one that is to be made."""
    if first(connection, int, _QUERIES["account_id"], {"code": code}) is None:
        return {}
    account = held_account(connection, code)
    return {
        "unit": account.unit,
        "kind": account.kind.value,
        "state": account.state.value,
        "position": account.position,
    }


def _refuse_changed(connection: Connection[Any], proposal: Proposal) -> None:
    """Refuse to do to an account what was proposed of it while it was in another unit, kind, state or position.

    Raises:
        Conflict: it has changed since.
    """
    then = only(connection, dict[str, str | None], _QUERIES["found_then"], {"number": proposal.number})
    if then != _as_found(connection, proposal.account):
        raise Conflict("The account has changed since this was proposed; propose it anew.")


def _takes_two(connection: Connection[Any], account: accounts.Account, new: NewProposal) -> bool:
    match new.act:
        case Act.POSITION:
            wanted, unit = new.arguments.kind or account.kind, new.arguments.unit or account.unit
            return bool(PRIVILEGED & {wanted, account.kind}) and (wanted, unit) != (account.kind, account.unit)
        case Act.GIVE_FUNCTION:
            return functions.makes_officer(connection, account, new.arguments.function or "")
        case Act.RESUME:
            return is_privileged(connection, account.id)
        case _:
            return account.kind is not AccountKind.MACHINE


def _refuse_needless(takes_two: bool) -> None:
    if not takes_two:
        raise Conflict("One person may do this alone: there is nothing to propose.")


def _insert(
    connection: Connection[Any], actor: Caller, new: NewProposal, state: State, *, unit_id: int, now: datetime
) -> int:
    values = {
        "act": new.act.value,
        "account": new.account,
        "unit": unit_id,
        "arguments": Jsonb(new.arguments.model_dump(mode="json", exclude_none=True)),
        "found": Jsonb(_as_found(connection, new.account)),
        "reason": _text(new.reason),
        "state": state.value,
        "by": actor.account_id,
        "at": now,
        "until": now + LIFETIME,
    }
    with refusals():
        return only(connection, int, _QUERIES["insert_proposal"], values)


def _open(connection: Connection[Any], actor: Caller, number: int, *, now: datetime) -> Proposal:
    """Return a proposal that the actor may decide now, and hold it.

    Raises:
        Forbidden: the actor may not decide, proposed it, or owns the account.
        NotFound: there is no such proposal.
        Conflict: it was decided before, or has expired.
    """
    _require_officer(connection, actor)
    only(connection, int, _QUERIES["hold_proposal"], {"number": number})
    proposal = _found(connection, number, now=now)
    proposer = only(connection, int, _QUERIES["account_id"], {"code": proposal.proposed_by})
    if is_one_person(connection, actor.account_id, proposer):
        raise Forbidden("A second officer decides; this is your own proposal.")
    concerned = first(connection, int, _QUERIES["account_id"], {"code": proposal.account})
    if concerned is not None and is_one_person(connection, actor.account_id, concerned):
        raise Forbidden("Nobody may do this to their own account.")
    _refuse_decided(proposal)
    return proposal


def _refuse_decided(proposal: Proposal) -> None:
    if proposal.state is State.EXPIRED:
        raise Conflict("The proposal has expired.")
    if proposal.state is not State.PROPOSED:
        raise Conflict("This was decided before.")


def _proposer(connection: Connection[Any], proposal: Proposal) -> Caller:
    """Return who proposed, as who acts now.

    Raises:
        Conflict: they may not propose any more.
    """
    try:
        found = caller_named(connection, proposal.proposed_by)
        _require_officer(connection, found)
    except Forbidden as exc:
        raise Conflict("Who proposed this may not act any more.") from exc
    return replace(found, kind="proposal", key=str(proposal.number))


def _decide(
    connection: Connection[Any],
    actor: Caller,
    proposal: Proposal,
    state: State,
    *,
    now: datetime,
    answer: str | None = None,
) -> None:
    _refuse_decided(proposal)
    values = {"number": proposal.number, "state": state.value, "by": actor.account_id, "at": now}
    with refusals():
        decided = first(connection, int, _QUERIES["decide_proposal"], values | {"answer": answer and _text(answer)})
    if decided is None:
        raise Conflict("This was decided before.")


def _listed(
    connection: Connection[Any], actor: Caller, *, now: datetime, after: int, limit: int, is_open: bool
) -> list[Proposal]:
    head = actor.account_kind is AccountKind.UNIT_HEAD
    values = {"own": actor.account_id, "unit": actor.unit_id if head else None, "now": now, "open": is_open}
    return every(connection, _proposal, _QUERIES["proposals"], values | {"after": after, "limit": limit})


def _found(connection: Connection[Any], number: int, *, now: datetime) -> Proposal:
    return only(connection, _proposal, _QUERIES["proposal"], {"number": number, "now": now})


def _proposal(number: int, act: str, account: str, unit: str, arguments: Any, reason: str, state: str, *rest: Any):
    given = Arguments.model_validate(arguments)
    return Proposal(number, Act(act), account, unit, given, reason, State(state), *rest)


def _told(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal": proposal.number,
        "act": proposal.act.value,
        "arguments": proposal.arguments.model_dump(mode="json", exclude_none=True),
        "reason": proposal.reason,
        "by": proposal.proposed_by,
    }


def _day_of(connection: Connection[Any]) -> date:
    return only(connection, _same, _QUERIES["today"])


def _same(day: date) -> date:
    return day


def _text(text: str) -> str:
    return normalize("NFC", text.strip())
