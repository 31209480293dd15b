"""Drafting agreements: an officer of the Sở writes a version down, and lays it before its parties.

Whatever is drafted anew has to be accepted anew. Publications to everybody and packages are drafted the same way.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.audit import acts
from auth.model import AgreementKind, Caller, Period, UnitKind
from auth.policy.clauses import AgreementDocument, Json, PackageDocument, Place, Terms, Vocabulary, body_of, grants_of
from auth.rights import in_force
from auth.rows import only
from auth.sharing.agreements import (
    IN_WORK,
    PACKAGE,
    PREPARING,
    Agreement,
    Party,
    Version,
    agreement_named,
    agreement_of,
    in_work,
    move_version,
    parties_of,
    request_of,
    versions,
)
from auth.sharing.managing import managing_units
from auth.standing import Standing, Unit, officer, unit_named
from auth.territory import read_territories
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

_SQL = load("auth.sharing", "drafting.sql")


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
    agreement = _same(agreement_of(connection, _code(document)), document) or _found(connection, document, recipient)
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
    agreement = _same(agreement_of(connection, _code(document)), document)
    if agreement is None:
        raise NotFound
    before = in_work(connection, agreement, IN_WORK)
    _refuse_other_maker(before, maker)
    body = _body(connection, document, _recipient(connection, document, day), vocabulary, day)
    refuse_over_grant(agreement, body, vocabulary)
    values = {"agreement": agreement.id, "number": before.number, "body": Jsonb(body)}
    drafted = Drafted(agreement.code, before.number, only(connection, str, _SQL["redraft"], values))
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
    name_parties(connection, agreement, version.number, version.body, vocabulary=vocabulary, day=day)
    move_version(connection, agreement, version, "proposed")
    found = parties_of(connection, agreement, version)
    after = {"number": version.number, "parties": [[each.unit, each.role] for each in found]}
    acts.record(connection, actor, "agreement.propose", f"agreement:{code}", after=after)
    return found


def name_parties(
    connection: Connection[Any], agreement: Agreement, number: int, body: Json, *, vocabulary: Vocabulary, day: date
) -> None:
    """Note the parties of a version: its recipient, and every unit that manages any of it on any of its days."""
    until = body["valid_until"] and date.fromisoformat(body["valid_until"])
    period = Period(date.fromisoformat(body["valid_from"]), until)
    managing = managing_units(connection, grants_of(body), period, vocabulary, day)
    parties = [(each, "managing") for each in sorted(managing)]
    parties += [(agreement.recipient_id, "recipient")] if agreement.recipient_id else []
    for unit, role in parties:
        values = {"agreement": agreement.id, "number": number, "unit": unit, "role": role}
        connection.execute(_SQL["add_party"].encode(), values)


def write_version(connection: Connection[Any], agreement: Agreement, body: Json, maker: int) -> Drafted:
    """Write down the next version of an agreement as a draft."""
    period = {"since": body["valid_from"], "until": body["valid_until"]}
    values = {"agreement": agreement.id, "body": Jsonb(body), "maker": maker} | period
    return only(connection, partial(Drafted, agreement.code), _SQL["write_version"], values)


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
    about = {"code": code, "kind": kind, "recipient": recipient, "title": title}
    connection.execute(_SQL["write_agreement"].encode(), about | {"package": package, "request": request})
    return agreement_named(connection, code)


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
        special=isinstance(document, AgreementDocument) and document.kind == AgreementKind.SPECIAL,
        recipient=recipient.kind if recipient else None,
    )
    return body_of(document, vocabulary, place)


def _code(document: AgreementDocument | PackageDocument) -> str:
    return document.package if isinstance(document, PackageDocument) else document.agreement


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
    asked = request_of(connection, document.request)
    if asked is None or recipient is None or asked.unit_id != recipient.id:
        raise BadParameter("request", Phrase("the recipient has made no request {}.", (document.request,)))
    if asked.state != PREPARING:
        raise Conflict("Request {} is {}; it would have to be {}.", document.request, asked.state, PREPARING)
    return asked.id


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


def _told(drafted: Drafted, body: Json) -> Json:
    return {"number": drafted.number, "body_hash": drafted.body_hash, "body": body}
