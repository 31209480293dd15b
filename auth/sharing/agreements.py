"""Agreements: drafted by an officer of the Sở, accepted by the heads of all parties, published by a second officer.

An agreement has versions; one at a time is in work. Whatever is drafted anew has to be accepted anew: an acceptance
stands for one body, by its hash. Publications to everybody and packages take the same way without a recipient.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import CheckViolation
from psycopg.types.json import Jsonb

from auth.audit import acts
from auth.model import AgreementKind, Caller, Period, UnitKind
from auth.policy.clauses import (
    AgreementDocument,
    Json,
    PackageDocument,
    Place,
    Terms,
    Vocabulary,
    body_of,
    grants_of,
    terms_of,
)
from auth.rights import in_force
from auth.sharing.managing import managing_units
from auth.standing import Standing, Unit, is_one_person, officer, standing, unit_named
from auth.territory import read_territories
from core.clocks import Clock
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

PACKAGE = "goi"
"""The kind of an agreement that is a package: it gives nobody anything until a unit joins."""
IN_WORK = ("draft", "proposed", "accepted")
PREPARING = "preparing"
"""The state in which a request waits for its agreement."""

_UNFIT = Phrase("This does not fit the state that it is in.")
_UNSEEN = Phrase("Look at the effect of this body first; only who has seen it publishes it.")
_REFUSED = {
    "all_managers": Phrase(
        "Another unit manages some of it by now and has not accepted; send it back and propose it again."
    ),
    "managers_of_source": Phrase(
        "A unit that manages some of it has not accepted what this comes from; draft an agreement that it accepts, "
        "or publish the package anew."
    ),
    "effect_seen": _UNSEEN,
}
"""What people read where a constraint refuses to publish."""

_SQL = load("auth.sharing", "agreements.sql")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What never changes of an agreement; ``recipient`` is ``None`` for a publication and a package."""

    id: int
    code: str
    kind: str
    recipient_id: int | None
    recipient: str | None
    title: str | None
    package: str | None
    request: str | None
    recipient_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A unit that has to accept, and who did so for it; ``role`` is ``recipient`` or ``managing``."""

    unit_id: int
    unit: str
    role: str
    accepted_by: str | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version; ``valid_until`` is as agreed or earlier, and ``reason`` says why it was ended or sent back."""

    number: int
    state: str
    valid_from: date
    valid_until: date | None
    body: Json
    body_hash: str
    maker_id: int | None
    maker: str | None
    made_at: datetime
    checker: str | None
    published_at: datetime | None
    reason: str | None
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """A version that was written down."""

    agreement: str
    number: int
    body_hash: str


def draft(
    connection: Connection[Any],
    actor: Caller,
    document: AgreementDocument | PackageDocument,
    *,
    vocabulary: Vocabulary,
    day: date,
) -> Drafted:
    """Write down a new version, the first one of a new agreement or package or the next of one that there is.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        BadDocument: clauses are wrong; the text lists every fault.
        BadParameter: there is no such unit or request.
        Conflict: the agreement has a version in work, or another kind, recipient or request; or two clauses together
            would give more than each of them.
    """
    maker = officer(connection, actor, day)
    recipient = _recipient(connection, document, day)
    body = _body(connection, document, recipient, vocabulary, day)
    agreement = _same(_known(connection, _code(document)), document) or _found(connection, document, recipient)
    refuse_over_grant(agreement, body, vocabulary)
    if any(each.state in IN_WORK for each in versions(connection, agreement)):
        raise Conflict("A version of {} is in work already; change or withdraw that one.", agreement.code)
    drafted = write_version(connection, agreement, body, maker.account)
    acts.record(connection, actor, "agreement.draft", f"agreement:{agreement.code}", after=_told(drafted, body))
    return drafted


def redraft(
    connection: Connection[Any],
    actor: Caller,
    document: AgreementDocument | PackageDocument,
    *,
    vocabulary: Vocabulary,
    day: date,
) -> Drafted:
    """Write the version in work anew; it is a draft again, and what was accepted before counts for nothing.

    Raises:
        Forbidden: the actor is no officer of the Sở, or did not draft this version.
        NotFound: there is no such agreement.
        BadDocument, BadParameter, Conflict: as ``draft``; or no version is in work.
    """
    maker = officer(connection, actor, day)
    agreement = _same(_known(connection, _code(document)), document)
    if agreement is None:
        raise NotFound
    before = in_work(connection, agreement, IN_WORK)
    _refuse_other_maker(before, maker)
    body = _body(connection, document, _recipient(connection, document, day), vocabulary, day)
    refuse_over_grant(agreement, body, vocabulary)
    row = _one(connection, "redraft", agreement=agreement.id, number=before.number, body=Jsonb(body))
    drafted = Drafted(agreement.code, before.number, str(row[0]))
    about = f"agreement:{agreement.code}"
    acts.record(connection, actor, "agreement.redraft", about, {"body_hash": before.body_hash}, _told(drafted, body))
    return drafted


def propose(
    connection: Connection[Any], actor: Caller, code: str, *, vocabulary: Vocabulary, day: date
) -> tuple[Party, ...]:
    """Lay a draft before its parties: the recipient, and every unit that manages any of it; return them.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such agreement.
        Conflict: there is no draft.
    """
    officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = in_work(connection, agreement, ("draft",))
    period = Period(version.valid_from, version.valid_until)
    managing = managing_units(connection, grants_of(version.body), period, vocabulary, day)
    parties = [(each, "managing") for each in sorted(managing)]
    parties += [(agreement.recipient_id, "recipient")] if agreement.recipient_id else []
    for unit, role in parties:
        _run(connection, "add_party", agreement=agreement.id, number=version.number, unit=unit, role=role)
    _move(connection, agreement, version, "proposed")
    found = _parties(connection, agreement, version)
    after = {"number": version.number, "parties": [[each.unit, each.role] for each in found]}
    acts.record(connection, actor, "agreement.propose", f"agreement:{code}", after=after)
    return found


def accept(connection: Connection[Any], actor: Caller, code: str, *, body_hash: str, day: date) -> str:
    """Accept for the actor's unit exactly the body with this hash; return the state of the version afterwards.

    Raises:
        Forbidden: the actor leads no party; for the Sở: is no officer, or drafted it.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is proposed, the body is another one by now, or the unit has accepted already.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    version = in_work(connection, agreement, ("proposed",))
    mine = [each for each in _parties(connection, agreement, version) if each.unit_id == who.unit]
    if not mine or not (who.head or who.officer):
        raise Forbidden("Only the head of a party accepts; for the Sở an officer of it.")
    if is_one_person(connection, who.account, version.maker_id):
        raise Forbidden("Who drafted a version does not accept it.")
    _refuse_other_body(version, body_hash)
    if mine[0].accepted_by:
        raise Conflict("This unit has accepted already.")
    values = {"agreement": agreement.id, "number": version.number, "unit": who.unit, "account": who.account}
    _run(connection, "accept", **values)
    state = "proposed"
    if all(each.accepted_by for each in _parties(connection, agreement, version)):
        state = _move(connection, agreement, version, "accepted")
    after = {"number": version.number, "body_hash": body_hash, "state": state}
    acts.record(connection, actor, "agreement.accept", f"agreement:{code}", after=after)
    return state


def decline(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Send what was proposed back as a draft, for a party, with the reason.

    Raises:
        Forbidden: the actor does not speak for a party.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is proposed or accepted.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    version = in_work(connection, agreement, ("proposed", "accepted"))
    if not _speaks_for_party(who, _parties(connection, agreement, version)):
        raise Forbidden("Only the head of a party sends it back; for the Sở an officer of it.")
    _move(connection, agreement, version, "draft", reason=reason)
    acts.record(connection, actor, "agreement.decline", f"agreement:{code}", after={"reason": reason})


def withdraw(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Give up the version in work, for good.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such agreement.
        Conflict: no version is in work.
    """
    who = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = in_work(connection, agreement, IN_WORK)
    _move(connection, agreement, version, "revoked", reason=reason, ended_by=who.account)
    after = {"number": version.number, "reason": reason}
    acts.record(connection, actor, "agreement.withdraw", f"agreement:{code}", after=after)


def publish(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    body_hash: str,
    vocabulary: Vocabulary,
    clock: Clock,
    day: date,
) -> None:
    """Put an accepted version in force from its first day on, as the second officer; what it replaces ends there.

    Args:
        connection: of the publisher login; rights and roles change in the same transaction.
        body_hash: of the body whose effect the officer has seen.

    Raises:
        Forbidden: the actor is no officer of the Sở, or drafted the version.
        NotFound: there is no such agreement.
        Conflict: it is not accepted by all, is another body by now, the officer has not seen its effect, it is over
            already, its request does not wait for it, or an account would have more than was agreed.
    """
    checker = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = in_work(connection, agreement, ("accepted",))
    if is_one_person(connection, checker.account, version.maker_id):
        raise Forbidden("A second officer publishes, not the one who drafted.")
    _refuse_other_body(version, body_hash)
    _refuse_unseen(connection, agreement, version, checker)
    refuse_over_grant(agreement, version.body, vocabulary)
    if version.valid_until and version.valid_until <= day:
        raise Conflict("The validity of this version is over.")
    put_in_force(connection, agreement, version.number, checker=checker.account, clock=clock)
    _agree_to_request(connection, agreement, checker.account)
    if agreement.kind != PACKAGE:
        in_force.republish(connection, vocabulary, agreement.recipient_id, day=day)
    after = {"number": version.number, "body_hash": body_hash, "from": version.valid_from.isoformat()}
    acts.record(connection, actor, "agreement.publish", f"agreement:{code}", after=after)


def revoke(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    reason: str,
    on: date | None = None,
    vocabulary: Vocabulary,
    day: date,
) -> None:
    """End what is published: at once, or on a coming day without any further act.

    Args:
        connection: of the publisher login.
        on: the first day on which it is over; ``None``: at once, with all that was published for coming days.

    Raises:
        Forbidden: the actor neither is an officer of the Sở nor speaks for a party.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is published, or the day is not a coming one within its validity.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    published = [each for each in versions(connection, agreement) if each.state == "published"]
    parties = [party for each in published for party in _parties(connection, agreement, each)]
    if not (who.officer or _speaks_for_party(who, parties) or (who.head and who.unit == agreement.recipient_id)):
        raise Forbidden("Only an officer of the Sở or the head of a party may end an agreement.")
    running = [each for each in published if each.valid_until is None or each.valid_until > day]
    if not running or (on and not any(_may_end(each, on, day) for each in running)):
        raise Conflict("Nothing of {} is published that could end so.", code)
    for each in running:
        _end(connection, agreement, each, on=on, reason=reason, by=who.account)
    if agreement.kind != PACKAGE:
        in_force.republish(connection, vocabulary, agreement.recipient_id, day=day)
    after = {"reason": reason, "on": (on or day).isoformat(), "numbers": [each.number for each in running]}
    acts.record(connection, actor, "agreement.revoke", f"agreement:{code}", after=after)


def agreement_named(connection: Connection[Any], code: str) -> Agreement:
    """Return an agreement.

    Raises:
        NotFound: there is none.
    """
    found = _known(connection, code)
    if found is None:
        raise NotFound
    return found


def visible(connection: Connection[Any], who: Standing, code: str) -> Agreement:
    """Return an agreement that is the actor's business: all of them for an officer, else those of its own unit.

    Raises:
        NotFound: there is none, or it is not.
    """
    found = agreement_named(connection, code)
    if not who.officer and not _one(connection, "concerns", agreement=found.id, unit=who.unit)[0]:
        raise NotFound
    return found


def listed(
    connection: Connection[Any], actor: Caller, *, day: date, after: str = "", limit: int = 100, package: bool = False
) -> tuple[Agreement, ...]:
    """Return agreements (or packages) that are the actor's business, by code, from behind ``after`` on."""
    who = standing(connection, actor, day)
    values = {"after": after, "limit": limit, "package": package, "unit": None if who.officer else who.unit}
    return tuple(Agreement(*row) for row in _run(connection, "listed", **values))


def versions(connection: Connection[Any], agreement: Agreement) -> tuple[Version, ...]:
    """Return the versions of an agreement with their parties, the newest first."""
    rows = _run(connection, "versions", agreement=agreement.id)
    found = (Version(*row) for row in rows)
    return tuple(replace(each, parties=_parties(connection, agreement, each)) for each in found)


def working(connection: Connection[Any], agreement: Agreement) -> Version:
    """Return the version in work.

    Raises:
        Conflict: there is none.
    """
    found = next((each for each in versions(connection, agreement) if each.state in IN_WORK), None)
    if found is None:
        raise Conflict("No version of {} is in work.", agreement.code)
    return found


def in_work(connection: Connection[Any], agreement: Agreement, states: tuple[str, ...]) -> Version:
    """Return the version in work, locked, if it is in one of these states.

    Raises:
        Conflict: there is none, or it is in another state.
    """
    _run(connection, "lock_in_work", agreement=agreement.id)
    found = working(connection, agreement)
    if found.state not in states:
        wanted = ", ".join(states)
        raise Conflict(
            "Version {} of {} is {}; it would have to be {}.", found.number, agreement.code, found.state, wanted
        )
    return found


def note_effect_seen(
    connection: Connection[Any], agreement: Agreement, number: int, body_hash: str, actor: Caller
) -> None:
    """Note that somebody saw what publishing an accepted body would do; of another body or state nothing is noted."""
    values = {"number": number, "body_hash": body_hash, "account": actor.account_id}
    _run(connection, "note_effect_seen", agreement=agreement.id, **values)


def document_of(agreement: Agreement, version: Version) -> Json:
    """Return a version as the document that ``draft`` takes; what it drafts has the same body."""
    if agreement.kind == PACKAGE:
        head: Json = {"package": agreement.code, "title": agreement.title}
    else:
        head = {"agreement": agreement.code, "kind": agreement.kind}
        optional = {"title": agreement.title, "recipient": agreement.recipient, "request": agreement.request}
        head |= {key: value for key, value in optional.items() if value}
    return head | terms_of(version.body)


def write_version(connection: Connection[Any], agreement: Agreement, body: Json, maker: int) -> Drafted:
    """Write down the next version of an agreement as a draft."""
    values = {"since": body["valid_from"], "until": body["valid_until"], "maker": maker}
    row = _one(connection, "write_version", agreement=agreement.id, body=Jsonb(body), **values)
    return Drafted(agreement.code, int(row[0]), str(row[1]))


def write_agreement(
    connection: Connection[Any],
    code: str,
    kind: str,
    *,
    recipient: int | None,
    title: str | None = None,
    package: int | None = None,
    request: int | None = None,
) -> Agreement:
    """Write down a new agreement, without any version yet."""
    values = {"recipient": recipient, "title": title, "package": package, "request": request}
    _run(connection, "write_agreement", code=code, kind=kind, **values)
    return agreement_named(connection, code)


def put_in_force(connection: Connection[Any], agreement: Agreement, number: int, *, checker: int, clock: Clock) -> None:
    """Publish a version in the order that the database asks for; its older ones end where it begins.

    Raises:
        Conflict: PostgreSQL refuses it: somebody has not accepted, or another unit manages some of it by now.
    """
    key = {"agreement": agreement.id, "number": number}
    _run(connection, "supersede", **key)
    _run(connection, "cut", **key)
    try:
        _run(connection, "publish", checker=checker, at=clock.now(), **key)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except CheckViolation as exc:
        problem = _REFUSED.get(exc.diag.constraint_name or "", _UNFIT)
        raise Conflict("{}", problem) from exc


def _recipient(connection: Connection[Any], document: Terms, day: date) -> Unit | None:
    match document:
        case AgreementDocument(kind="cong_khai", recipient=None) | PackageDocument():
            return None
        case AgreementDocument(kind="cong_khai"):
            raise BadParameter("recipient", "a publication to everybody has none.")
        case AgreementDocument(recipient=str(code)):
            return unit_named(connection, code, day)
        case _:
            raise BadParameter("recipient", "is missing.")


def _body(
    connection: Connection[Any],
    document: AgreementDocument | PackageDocument,
    recipient: Unit | None,
    vocabulary: Vocabulary,
    day: date,
) -> Json:
    place = Place(
        territories=read_territories(connection),
        day=document.territory_day or day,
        own=recipient.territory if recipient else None,
        own_is_open=isinstance(document, PackageDocument),
        public=isinstance(document, AgreementDocument) and document.kind == AgreementKind.PUBLIC,
        recipient=recipient.kind if recipient else None,
    )
    return body_of(document, vocabulary, place)


def _code(document: AgreementDocument | PackageDocument) -> str:
    return document.package if isinstance(document, PackageDocument) else document.agreement


def _known(connection: Connection[Any], code: str) -> Agreement | None:
    rows = _run(connection, "agreement", code=code)
    return Agreement(*rows[0]) if rows else None


def _same(agreement: Agreement | None, document: AgreementDocument | PackageDocument) -> Agreement | None:
    """Return an agreement that there is, if the document is about the same."""
    if agreement is None:
        return None
    if isinstance(document, PackageDocument):
        is_same = agreement.kind == PACKAGE
    else:
        own = (agreement.kind, agreement.recipient, agreement.request)
        is_same = own == (document.kind, document.recipient, document.request)
    if not is_same:
        raise Conflict("{} has another kind, recipient or request.", agreement.code)
    return agreement


def _found(
    connection: Connection[Any], document: AgreementDocument | PackageDocument, recipient: Unit | None
) -> Agreement:
    """Write down the new agreement that a document begins."""
    if isinstance(document, PackageDocument):
        return write_agreement(connection, document.package, PACKAGE, recipient=None, title=document.title)
    request = _request(connection, document, recipient)
    unit = recipient.id if recipient else None
    return write_agreement(
        connection, document.agreement, document.kind, recipient=unit, title=document.title, request=request
    )


def _request(connection: Connection[Any], document: AgreementDocument, recipient: Unit | None) -> int | None:
    """Return the id of the request that a special agreement answers."""
    is_special = document.kind == AgreementKind.SPECIAL
    if is_special != (document.request is not None):
        raise BadParameter("request", "an agreement of the kind dac_thu answers a request, and no other does.")
    if not is_special:
        return None
    rows = _run(connection, "request", code=document.request)
    if not rows or recipient is None or rows[0][1] != recipient.id:
        raise BadParameter("request", Phrase("the recipient has made no request {}.", (document.request,)))
    if rows[0][2] != PREPARING:
        raise Conflict("Request {} is {}; it would have to be {}.", document.request, rows[0][2], PREPARING)
    return int(rows[0][0])


def refuse_over_grant(agreement: Agreement, body: Json, vocabulary: Vocabulary) -> None:
    """Refuse a body that gives more than its clauses, or what a unit of the recipient's kind never has.

    Raises:
        Conflict: it does.
    """
    kind = AgreementKind.DEFAULT if agreement.kind == PACKAGE else AgreementKind(agreement.kind)
    recipient = UnitKind(agreement.recipient_kind) if agreement.recipient_kind else None
    in_force.refuse_over_grant(in_force.grants_in(agreement.code, kind, body), vocabulary, recipient)


def _refuse_other_maker(version: Version, who: Standing) -> None:
    if version.maker_id != who.account:
        raise Forbidden("Only who drafted a version changes it; withdraw it and draft the next.")


def _refuse_other_body(version: Version, body_hash: str) -> None:
    if version.body_hash != body_hash:
        raise Conflict("The body is another one by now; read it again.")


def _refuse_unseen(connection: Connection[Any], agreement: Agreement, version: Version, who: Standing) -> None:
    values = {"number": version.number, "account": who.account}
    if not _one(connection, "effect_seen", agreement=agreement.id, **values)[0]:
        raise Conflict("{}", _UNSEEN)


def _speaks_for_party(who: Standing, parties: list[Party] | tuple[Party, ...]) -> bool:
    return (who.head or who.officer) and any(each.unit_id == who.unit for each in parties)


def _may_end(version: Version, on: date, day: date) -> bool:
    return day < on and version.valid_from < on and (version.valid_until is None or on < version.valid_until)


def _end(
    connection: Connection[Any], agreement: Agreement, version: Version, *, on: date | None, reason: str, by: int
) -> None:
    """End a published version at once, or on a day that lies within it; one that begins later never begins."""
    key = {"agreement": agreement.id, "number": version.number, "reason": reason, "by": by}
    if on is None or version.valid_from >= on:
        _run(connection, "end_at_once", **key)
    elif version.valid_until is None or on < version.valid_until:
        _run(connection, "end_on", on=on, **key)


def _move(
    connection: Connection[Any],
    agreement: Agreement,
    version: Version,
    state: str,
    *,
    reason: str | None = None,
    ended_by: int | None = None,
) -> str:
    values = {"state": state, "reason": reason, "ended_by": ended_by}
    _run(connection, "move", agreement=agreement.id, number=version.number, **values)
    return state


def _agree_to_request(connection: Connection[Any], agreement: Agreement, checker: int) -> None:
    """Note that a request is agreed to; a later version of the agreement finds it so."""
    if agreement.request is None:
        return
    row = _run(connection, "request", code=agreement.request)[0]
    if row[2] == PREPARING:
        note = f"Thỏa thuận {agreement.code}"
        _run(connection, "agree_to_request", request=row[0], note=note, account=checker)
    elif row[2] != "agreed":
        raise Conflict("Request {} is {}; it would have to be {}.", agreement.request, row[2], PREPARING)


def _parties(connection: Connection[Any], agreement: Agreement, version: Version) -> tuple[Party, ...]:
    rows = _run(connection, "parties", agreement=agreement.id, number=version.number)
    return tuple(Party(*row) for row in rows)


def _told(drafted: Drafted, body: Json) -> Json:
    return {"number": drafted.number, "body_hash": drafted.body_hash, "body": body}


def _one(connection: Connection[Any], name: str, **values: object) -> tuple[Any, ...]:
    return _run(connection, name, **values)[0]


def _run(connection: Connection[Any], name: str, **values: object) -> list[tuple[Any, ...]]:
    """Run a query; a statement without rows returns none."""
    cursor = connection.execute(_SQL[name].encode(), values)
    return cursor.fetchall() if cursor.description else []
