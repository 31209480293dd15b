"""Agreements of a unit that has a successor: they move by a migration that one officer drafts and another approves.

Nothing moves by itself: not with the reform of a territory, nor by the name of a unit. The draft shows each agreement
as the successor will have it; approving publishes them and ends those of the old unit, on one day.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict

from auth.audit import acts
from auth.model import Caller
from auth.policy.clauses import Json, Vocabulary
from auth.rights import in_force
from auth.sharing.agreements import Agreement, Version, agreement_named, versions
from auth.sharing.drafting import refuse_over_grant, write_agreement, write_version
from auth.sharing.publication import put_in_force
from auth.standing import Unit, is_one_person, officer, unit_of
from auth.territory import Territories, read_territories
from catalogue.files import Slug, Words
from core.clocks import Clock
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

type Rows = Literal["keep", "own", "both"]
"""Rows of the successor: those of the old territory, those of its own, or both."""


class SuccessionDocument(BaseModel):
    """A migration as it is drafted; ``rows`` is about clauses that are limited to a territory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    succession: Slug
    from_unit: Slug
    to_unit: Slug
    takes_effect: date
    legal_basis: Words
    rows: Rows


_SQL = load("auth.sharing", "succession.sql")


@dataclass(frozen=True, slots=True)
class Item:
    """One agreement that moves: its code now, the code and the body that the successor will have."""

    agreement: str
    number: int
    code: str
    body: Json


@dataclass(frozen=True, slots=True)
class Succession:
    """A migration of agreements and the state that it is in."""

    id: int
    code: str
    from_unit: str
    to_unit_id: int
    to_unit: str
    takes_effect: date
    legal_basis: str
    state: str
    maker_id: int
    items: tuple[Item, ...] = ()


def draft_succession(
    connection: Connection[Any], actor: Caller, document: SuccessionDocument, *, vocabulary: Vocabulary, day: date
) -> Succession:
    """Draft the migration of what a unit has to one of its successors.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        BadParameter: a unit is unknown, or the day has passed.
        Conflict: the one does not succeed the other, it has nothing that would move, or what a unit of the successor's
            kind never has; or the code is taken.
    """
    maker = officer(connection, actor, day)
    old, new = _unit(connection, document.from_unit), _unit(connection, document.to_unit)
    if document.takes_effect < day:
        raise BadParameter("takes_effect", "the day has passed.")
    if not connection.execute(_SQL["succeeds"].encode(), {"old": old.id, "new": new.id}).fetchone():
        raise Conflict("{} is not an approved successor of {}.", new.code, old.code)
    moving = _moving(connection, old, document.takes_effect)
    if not moving:
        raise Conflict("{} has no agreement that would move.", old.code)
    values = document.model_dump() | {"old": old.id, "new": new.id, "maker": maker.account}
    try:
        connection.execute(_SQL["draft"].encode(), values)
    except UniqueViolation as exc:
        raise Conflict("There is a migration {} already.", document.succession) from exc
    _add_items(connection, document, moving, new, vocabulary)
    after = document.model_dump(mode="json")
    acts.record(connection, actor, "succession.draft", f"succession:{document.succession}", after=after)
    return succession_named(connection, document.succession)


def _add_items(
    connection: Connection[Any],
    document: SuccessionDocument,
    moving: list[tuple[Agreement, Version]],
    unit: Unit,
    vocabulary: Vocabulary,
) -> None:
    territories = read_territories(connection)
    for agreement, version in moving:
        body = _body(version.body, vocabulary, territories, unit, document)
        refuse_over_grant(replace(agreement, recipient_kind=unit.kind), body, vocabulary)
        item = {"agreement": agreement.id, "number": version.number, "new_code": f"{agreement.code}-{unit.code}"}
        values = {"succession": document.succession, "body": Jsonb(body)} | item
        connection.execute(_SQL["add_item"].encode(), values)


def approve_succession(
    connection: Connection[Any], actor: Caller, code: str, *, vocabulary: Vocabulary, clock: Clock, day: date
) -> tuple[str, ...]:
    """Approve a migration as the second officer; return the codes of the agreements that the successor has now.

    Args:
        connection: of the publisher login; rights and roles change in the same transaction.

    Raises:
        Forbidden: the actor is no officer of the Sở, or drafted it.
        NotFound: there is no such migration.
        Conflict: it is decided already, its day has passed, or an agreement has changed since it was drafted.
    """
    who, found = _decider(connection, actor, code, day)
    if found.takes_effect < day:
        raise Conflict("The day of the migration has passed; draft it anew.")
    connection.execute(_SQL["decide"].encode(), {"code": code, "state": "approved", "account": who, "at": clock.now()})
    made = tuple(_move(connection, found, each, vocabulary, checker=who, clock=clock) for each in found.items)
    old = _unit(connection, found.from_unit)
    for unit in (old.id, found.to_unit_id):
        in_force.republish(connection, vocabulary, unit, day=day)
    acts.record(connection, actor, "succession.approve", f"succession:{code}", after={"agreements": list(made)})
    return made


def reject_succession(
    connection: Connection[Any], actor: Caller, code: str, *, reason: str, clock: Clock, day: date
) -> None:
    """Reject a migration; nothing moves.

    Raises:
        Forbidden, NotFound, Conflict: as ``approve_succession``.
    """
    who, _ = _decider(connection, actor, code, day)
    connection.execute(_SQL["decide"].encode(), {"code": code, "state": "rejected", "account": who, "at": clock.now()})
    acts.record(connection, actor, "succession.reject", f"succession:{code}", after={"reason": reason})


def succession_named(connection: Connection[Any], code: str) -> Succession:
    """Return a migration with what it moves.

    Raises:
        NotFound: there is none of that code.
    """
    row = connection.execute(_SQL["succession_named"].encode(), {"code": code}).fetchone()
    if row is None:
        raise NotFound
    items = connection.execute(_SQL["items"].encode(), {"code": code}).fetchall()
    return Succession(*row, items=tuple(Item(*each) for each in items))


def _decider(connection: Connection[Any], actor: Caller, code: str, day: date) -> tuple[int, Succession]:
    who = officer(connection, actor, day)
    connection.execute(_SQL["lock"].encode(), {"code": code})
    found = succession_named(connection, code)
    if found.state != "draft":
        raise Conflict("Migration {} is {} already.", code, found.state)
    if is_one_person(connection, who.account, found.maker_id):
        raise Forbidden("A second officer decides on a migration, not the one who drafted it.")
    return who.account, found


def _unit(connection: Connection[Any], code: str) -> Unit:
    """Return a unit, which may have ended: that is why its agreements move."""
    row = connection.execute(_SQL["any_unit"].encode(), {"code": code}).fetchone()
    if row is None:
        raise BadParameter("unit", Phrase("there is no unit {}.", (code,)))
    return unit_of(*row)


def _moving(connection: Connection[Any], unit: Unit, day: date) -> list[tuple[Agreement, Version]]:
    """Return the published versions of a unit that hold on a day."""
    codes = connection.execute(_SQL["of_unit"].encode(), {"unit": unit.id}).fetchall()
    known = [agreement_named(connection, code) for (code,) in codes]
    return [
        (each, version)
        for each in known
        for version in versions(connection, each)
        if version.state == "published" and version.valid_from <= day and _lasts(version, day)
    ]


def _lasts(version: Version, day: date) -> bool:
    return version.valid_until is None or day < version.valid_until


def _body(
    body: Json, vocabulary: Vocabulary, territories: Territories, unit: Unit, document: SuccessionDocument
) -> Json:
    """Return the body that the successor will have: the same but for its first day and its territory."""
    day = document.takes_effect
    own = territories.whole(unit.territory, day) if unit.territory else frozenset[int]()
    grants = [_grant(each, vocabulary, own, document.rows) for each in body["grants"]]
    return body | {"valid_from": day.isoformat(), "grants": grants}


def _grant(grant: Json, vocabulary: Vocabulary, own: frozenset[int], rows: Rows) -> Json:
    column = vocabulary.layers[grant["layer"]].territory
    terms = [_term(each, own, rows) if each["column"] == column else each for each in grant["rows"]]
    units = [each["one_of"] for each in terms if each["column"] == column]
    return grant | {"rows": terms, "territory": {"units": units[0]} if units else grant["territory"]}


def _term(term: Json, own: frozenset[int], rows: Rows) -> Json:
    kept: list[int] = [] if rows == "own" else term["one_of"]
    added: frozenset[int] = frozenset() if rows == "keep" else own
    return term | {"one_of": sorted({*kept, *added})}


def _move(
    connection: Connection[Any], moved: Succession, item: Item, vocabulary: Vocabulary, *, checker: int, clock: Clock
) -> str:
    """Give one agreement to the successor, and end it for the old unit on the same day."""
    old = agreement_named(connection, item.agreement)
    found = next((each for each in versions(connection, old) if each.number == item.number), None)
    if found is None or found.state != "published" or not _lasts(found, moved.takes_effect):
        raise Conflict("{} has changed since the migration was drafted; draft it anew.", item.agreement)
    key = {"succession": moved.code, "agreement": old.id, "number": item.number, "day": moved.takes_effect}
    new = write_agreement(connection, item.code, old.kind, recipient=moved.to_unit_id, title=old.title)
    refuse_over_grant(new, item.body, vocabulary)
    drafted = write_version(connection, new, item.body, moved.maker_id)
    connection.execute(_SQL["made"].encode(), key | {"new": new.id})
    for step in ("propose_moved", "accept_moved"):
        connection.execute(_SQL[step].encode(), {"new": new.id})
    put_in_force(connection, new, drafted.number, checker=checker, clock=clock)
    name = "end_moved_before" if found.valid_from < moved.takes_effect else "end_moved"
    connection.execute(_SQL[name].encode(), key | {"account": checker, "reason": moved.legal_basis})
    return new.code
