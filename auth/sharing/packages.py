"""Packages of default sharing: agreed and published once; then a unit joins by an officer of the Sở and its own head.

A package is drafted, accepted and published by ``auth.sharing.agreements``. What a unit agrees to by joining is the
body of the package as it stood then: a later version of the package reaches nobody who has not joined it again. Who
manages any of it has accepted the package, is a party of what comes of it, and is told. What
one side has begun the other completes within five days, while who began it may act; after that it is begun anew.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import CheckViolation

from auth.audit import acts
from auth.model import AgreementKind, Caller
from auth.policy.clauses import Json, Place, Terms, Vocabulary, body_of, read_document
from auth.rights import in_force
from auth.sharing.agreements import PACKAGE, Agreement, Version, agreement_named, document_of, versions
from auth.sharing.drafting import name_parties, write_agreement, write_version
from auth.sharing.publication import put_in_force
from auth.standing import Standing, Unit, standing, unit_named
from auth.territory import read_territories
from core.clocks import Clock
from core.errors import Conflict, Forbidden, NotFound
from database.queries import load

_SQL = load("auth.sharing", "packages.sql")


@dataclass(frozen=True, slots=True)
class Joining:
    """How far a unit has come in joining a package.

    Attributes:
        awaits: ``officer`` or ``head``: who still has to act; ``None``: the unit has joined.
        agreement: code of the agreement that the unit has by now.
        expires_at: until when it may be completed.
    """

    package: str
    unit: str
    awaits: str | None
    agreement: str | None
    expires_at: datetime


def join(
    connection: Connection[Any],
    actor: Caller,
    package: str,
    unit: str,
    *,
    vocabulary: Vocabulary,
    clock: Clock,
    day: date,
) -> Joining:
    """Join a unit to a package, for the Sở or as the head of the unit; whoever of the two comes second completes it.

    Args:
        connection: of the publisher login; rights and roles change in the same transaction.

    Raises:
        Forbidden: the actor is neither.
        NotFound: there is no such package.
        BadParameter: there is no such unit.
        BadDocument: the package does not fit the unit: it has no territory of its own, or never has such a layer.
        Conflict: the package is not published now, this side has acted already, or who began it may not act any more.
    """
    who, joiner = standing(connection, actor, day), unit_named(connection, unit, day)
    side = _side(who, joiner)
    found = _package(connection, package)
    version = _published(connection, found, day)
    _body(connection, found, version, joiner, vocabulary, day)
    signed = _sign(connection, found, version, joiner, who, side)
    agreement = None
    if None not in signed[1:3]:
        agreement = _complete(connection, signed, (found, version, joiner), vocabulary, clock, day)
    after = {"package": package, "number": version.number, "unit": unit, "side": side, "agreement": agreement}
    acts.record(connection, actor, "package.join", f"unit:{unit}", after=after)
    awaits = None if agreement else "head" if side == "officer" else "officer"
    return Joining(package, unit, awaits, agreement, signed[3])


def joinings(connection: Connection[Any], actor: Caller, package: str, *, day: date) -> tuple[Joining, ...]:
    """Return the units that joined a package or are about to, in time: all for an officer of the Sở, else the own.

    Raises:
        NotFound: there is no such package.
    """
    who = standing(connection, actor, day)
    found = _package(connection, package)
    values = {"package": found.id, "unit": None if who.officer else who.unit}
    return tuple(Joining(*row) for row in connection.execute(_SQL["joinings"].encode(), values).fetchall())


def _side(who: Standing, unit: Unit) -> str:
    """Return for whom the actor acts: a head of the unit for it, even where the unit is the Sở."""
    if who.head and who.unit == unit.id:
        return "head"
    if who.officer:
        return "officer"
    raise Forbidden("An officer of the Sở and the head of the unit join it to a package.")


def _package(connection: Connection[Any], code: str) -> Agreement:
    found = agreement_named(connection, code)
    if found.kind != PACKAGE:
        raise NotFound
    return found


def _published(connection: Connection[Any], package: Agreement, day: date) -> Version:
    """Return the version of a package that may be joined on a day: it is published, and not over."""
    running = [
        each
        for each in versions(connection, package)
        if each.state == "published" and each.valid_from <= day and (each.valid_until is None or day < each.valid_until)
    ]
    if not running:
        raise Conflict("Package {} is not published now.", package.code)
    return running[0]


def _sign(
    connection: Connection[Any], package: Agreement, version: Version, unit: Unit, who: Standing, side: str
) -> tuple[Any, ...]:
    """Note the act of one side; return number, officer, head and end of the joining.

    What has expired, or was begun by somebody who may not act any more, is closed, and begun anew.
    """
    key = {"package": package.id, "number": version.number, "unit": unit.id}
    connection.execute(_SQL["let_expire"].encode(), key)
    connection.execute(_SQL["begin"].encode(), key)
    sides = {"officer": who.account if side == "officer" else None, "head": who.account if side == "head" else None}
    try:
        signed = connection.execute(_SQL["sign"].encode(), key | sides).fetchone()
    except CheckViolation as exc:
        raise Forbidden("An officer of the Sở and the head of the unit join it to a package.") from exc
    if signed is None:
        raise Conflict("This side has acted already; the other one completes the joining.")
    return signed


def _complete(
    connection: Connection[Any],
    signed: tuple[Any, ...],
    joining: tuple[Agreement, Version, Unit],
    vocabulary: Vocabulary,
    clock: Clock,
    day: date,
) -> str:
    """Write down and publish the agreement of a joining that both sides have signed; return its code."""
    package, version, unit = joining
    entry, officer, head, _ = signed
    code = f"{package.code}-{unit.code}"
    known = connection.execute(_SQL["joined"].encode(), {"package": package.id, "unit": unit.id}).fetchone()
    if known:
        agreement = agreement_named(connection, str(known[0]))
    else:
        agreement = write_agreement(
            connection, code, AgreementKind.DEFAULT, recipient=unit.id, title=package.title, package=package.id
        )
    body = _body(connection, package, version, unit, vocabulary, day)
    drafted = write_version(connection, agreement, body, officer)
    name_parties(connection, agreement, drafted.number, body, vocabulary=vocabulary, day=day)
    values = {"entry": entry, "agreement": agreement.id, "number": drafted.number}
    for step in ("complete", "propose_joined", "accept_joined"):
        connection.execute(_SQL[step].encode(), values)
    put_in_force(connection, agreement, drafted.number, checker=head, clock=clock)
    in_force.republish(connection, vocabulary, unit.id, day=day)
    return agreement.code


def _body(
    connection: Connection[Any], package: Agreement, version: Version, unit: Unit, vocabulary: Vocabulary, day: date
) -> Json:
    """Return the body of a package for a unit: from today on, in its own territory where the package says so."""
    written = {key: each for key, each in document_of(package, version).items() if key not in ("package", "title")}
    terms = read_document(Terms, written | {"valid_from": day})
    place = Place(read_territories(connection), terms.territory_day or day, own=unit.territory, recipient=unit.kind)
    return body_of(terms, vocabulary, place)
