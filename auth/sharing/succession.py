"""Agreements of a unit that has successors: they move by a migration that one officer drafts and another approves.

::

    draft ──approve, by a second officer──> approved: on one day the successors have them, and the old ones end
    draft ──refuse, by a second officer──> refused        draft ──five days──> expired

Nothing moves by itself: not with the reform of a territory, nor by the name of a unit. The draft shows each version as
each successor will have it: from the day of the migration or its own later day on, until the day on which it ends. It
gives nothing that the old unit does not have: more takes an agreement of its own, which the managing units accept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.errors import CheckViolation, InsufficientPrivilege, UniqueViolation
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from auth.audit import acts
from auth.model import Caller
from auth.policy.clauses import Json, Vocabulary
from auth.rights import in_force
from auth.sharing.agreements import Agreement, Version, agreement_named, versions
from auth.sharing.drafting import name_parties, refuse_over_grant, write_agreement, write_version
from auth.sharing.publication import put_in_force, withdraw_what_came
from auth.standing import Standing, Unit, is_one_person, officer, unit_named, unit_of
from auth.territory import read_territories
from catalogue.files import Slug, Words
from core.clocks import Clock
from core.errors import BadParameter, Conflict, Forbidden, NotFound
from core.phrases import Phrase
from database.queries import load

type Rows = Literal["keep", "own", "none"]
"""Rows of a successor: all that the old unit has, or its own territory of them; ``none``: it gets no agreement."""

_EXPIRED = "The migration has expired; draft it anew."


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SuccessorDocument(_Part):
    """What one successor gets; ``rows`` is about clauses that are limited to a territory.

    ``codes`` are those that its agreements get, by the old ones; what is not named there becomes ``OLD-UNIT``.
    """

    unit: Slug
    rows: Rows
    codes: dict[str, Slug] = Field(default_factory=dict[str, Slug])


class SuccessionDocument(_Part):
    """A migration as it is drafted; it names every unit that succeeds by its day."""

    succession: Slug
    from_unit: Slug
    takes_effect: date
    legal_basis: Words
    successors: list[SuccessorDocument] = Field(min_length=1)


_SQL = load("auth.sharing", "succession.sql")


@dataclass(frozen=True, slots=True)
class Item:
    """One version that moves: its code and number now, whose it will be, and its code and body then."""

    agreement: str
    number: int
    to_unit: str
    code: str
    body: Json


@dataclass(frozen=True, slots=True)
class Successor:
    """A unit that succeeds, and which rows it gets."""

    unit: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Succession:
    """A migration of agreements; ``state`` is ``draft``, ``approved``, ``refused`` or ``expired``."""

    id: int
    code: str
    from_unit: str
    takes_effect: date
    legal_basis: str
    state: str
    maker_id: int
    expires_at: datetime
    successors: tuple[Successor, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heir:
    unit: Unit
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Moved:
    """One version as one successor would have it."""

    agreement: Agreement
    version: Version
    unit: Unit
    body: Json

    @property
    def key(self) -> tuple[str, int, str]:
        return self.agreement.code, self.version.number, self.unit.code


def draft_succession(
    connection: Connection[Any], actor: Caller, document: SuccessionDocument, *, vocabulary: Vocabulary, day: date
) -> Succession:
    """Draft the migration of what a unit has to its successors.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        BadParameter: a unit is unknown or named twice, or the day has passed.
        Conflict: a unit named does not succeed by then, or one that does is not named; nothing would move, or rows
            that the old unit does not have, or what a unit of the successor's kind never has; or a code is taken.
    """
    maker = officer(connection, actor, day)
    old = _unit(connection, document.from_unit)
    if document.takes_effect < day:
        raise BadParameter("takes_effect", "the day has passed.")
    _refuse_twice([each.unit for each in document.successors])
    heirs = _heirs(connection, old, [(each.unit, each.rows) for each in document.successors], document.takes_effect)
    moved = _plan(connection, old, heirs, document.takes_effect, vocabulary)
    if not moved:
        raise Conflict("{} has no agreement that would move.", old.code)
    codes = _codes(connection, document, moved)
    _write(connection, document, old, heirs, maker)
    for each in moved:
        _add_item(connection, document.succession, each, codes[each.key])
    after = document.model_dump(mode="json")
    acts.record(connection, actor, "migration.draft", f"migration:{document.succession}", after=after)
    return succession_named(connection, document.succession)


def approve_succession(
    connection: Connection[Any], actor: Caller, code: str, *, vocabulary: Vocabulary, clock: Clock, day: date
) -> tuple[str, ...]:
    """Approve a migration as the second officer; return the codes of the agreements that the successors have now.

    Args:
        connection: of the publisher login; rights and roles change in the same transaction.

    Raises:
        Forbidden: the actor is no officer of the Sở, or drafted it.
        NotFound: there is no such migration.
        Conflict: it is decided already or has expired, its day has passed, who drafted it may not act any more, an
            agreement or a successor has changed since, or a code is taken by now.
    """
    who, found = _decider(connection, actor, code, day)
    if found.takes_effect < day:
        raise Conflict("The day of the migration has passed; draft it anew.")
    old = _unit(connection, found.from_unit)
    connection.execute(_SQL["hold_versions"].encode(), {"unit": old.id})
    moved = _unchanged(connection, old, found, vocabulary)
    _decide(connection, code, "approved", who)
    made = _give(connection, found, moved, vocabulary, checker=who.account, clock=clock, day=day)
    _end_old(connection, found, moved, who)
    in_force.withdraw(connection, vocabulary, old.id, day=day)
    withdraw_what_came(connection, vocabulary, day)
    for unit in dict.fromkeys(each.unit.id for each in moved):
        in_force.republish(connection, vocabulary, unit, day=day)
    acts.record(connection, actor, "migration.approve", f"migration:{code}", after={"agreements": list(made)})
    return made


def refuse_succession(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Refuse a migration; nothing moves.

    Raises:
        Forbidden: the actor is no officer of the Sở, or drafted it.
        NotFound: there is no such migration.
        Conflict: it is decided already, or has expired.
    """
    who, _ = _decider(connection, actor, code, day)
    _decide(connection, code, "refused", who)
    acts.record(connection, actor, "migration.refuse", f"migration:{code}", after={"reason": reason})


def succession_named(connection: Connection[Any], code: str) -> Succession:
    """Return a migration with what it moves.

    Raises:
        NotFound: there is none of that code.
    """
    row = connection.execute(_SQL["succession_named"].encode(), {"code": code}).fetchone()
    if row is None:
        raise NotFound
    successors = connection.execute(_SQL["successors"].encode(), {"code": code}).fetchall()
    items = connection.execute(_SQL["items"].encode(), {"code": code}).fetchall()
    return Succession(
        *row, successors=tuple(Successor(*each) for each in successors), items=tuple(Item(*each) for each in items)
    )


def _decider(connection: Connection[Any], actor: Caller, code: str, day: date) -> tuple[Standing, Succession]:
    who = officer(connection, actor, day)
    connection.execute(_SQL["lock"].encode(), {"code": code})
    found = succession_named(connection, code)
    if found.state == "expired":
        raise Conflict(_EXPIRED)
    if found.state != "draft":
        raise Conflict("Migration {} is {} already.", code, found.state)
    if is_one_person(connection, who.account, found.maker_id):
        raise Forbidden("A second officer decides on a migration, not the one who drafted it.")
    return who, found


def _decide(connection: Connection[Any], code: str, state: str, who: Standing) -> None:
    try:
        connection.execute(_SQL["decide"].encode(), {"code": code, "state": state, "account": who.account})
    except InsufficientPrivilege as exc:
        raise Conflict("Who drafted this may not act any more; draft it anew.") from exc
    except CheckViolation as exc:
        raise Conflict(_EXPIRED) from exc


def _unit(connection: Connection[Any], code: str) -> Unit:
    """Return a unit, which may have ended: that is why its agreements move."""
    row = connection.execute(_SQL["any_unit"].encode(), {"code": code}).fetchone()
    if row is None:
        raise BadParameter("unit", Phrase("there is no unit {}.", (code,)))
    return unit_of(*row)


def _refuse_twice(units: Sequence[str]) -> None:
    for each in sorted({each for each in units if units.count(each) > 1}):
        raise BadParameter("successors", Phrase("{} stands there twice.", (each,)))


def _heirs(connection: Connection[Any], old: Unit, given: Sequence[tuple[str, Rows]], day: date) -> tuple[_Heir, ...]:
    """Return the successors of a unit on a day: all that there are, each with its rows.

    Raises:
        Conflict: one that is named is none by then, or one that is has not been named.
    """
    heirs = tuple(_Heir(unit_named(connection, code, day), rows) for code, rows in given)
    known = dict(connection.execute(_SQL["succeeding"].encode(), {"old": old.id, "day": day}).fetchall())
    for each in heirs:
        if each.unit.code not in known:
            raise Conflict("{} is not an approved successor of {}.", each.unit.code, old.code)
        if known[each.unit.code] > day:
            raise Conflict(
                "{} succeeds {} on {}; nothing moves before.", each.unit.code, old.code, known[each.unit.code]
            )
    named = {each.unit.code for each in heirs}
    for code in sorted(code for code, since in known.items() if since <= day and code not in named):
        raise Conflict("{} succeeds {}, too; say which rows it gets, or none.", code, old.code)
    return heirs


def _plan(
    connection: Connection[Any], old: Unit, heirs: Sequence[_Heir], day: date, vocabulary: Vocabulary
) -> list[_Moved]:
    """Return every version that holds on a day or begins later, as each successor would have it."""
    moving = _moving(connection, old, day)
    found: list[_Moved] = []
    for heir in heirs:
        own = _own(connection, heir, day)
        for agreement, version in moving if heir.rows != "none" else ():
            body = _body(version, vocabulary, own, day)
            _refuse_wider(agreement, version.body, body, heir.unit)
            refuse_over_grant(replace(agreement, recipient_kind=heir.unit.kind), body, vocabulary)
            found.append(_Moved(agreement, version, heir.unit, body))
    return found


def _moving(connection: Connection[Any], unit: Unit, day: date) -> list[tuple[Agreement, Version]]:
    """Return the published versions of a unit that are not over on a day, in the order in which they begin."""
    codes = connection.execute(_SQL["of_unit"].encode(), {"unit": unit.id}).fetchall()
    known = [agreement_named(connection, code) for (code,) in codes]
    return [
        (each, version)
        for each in known
        for version in sorted(versions(connection, each), key=lambda version: version.valid_from)
        if version.state == "published" and (version.valid_until is None or day < version.valid_until)
    ]


def _own(connection: Connection[Any], heir: _Heir, day: date) -> frozenset[int] | None:
    """Return the ids of a successor's own territory on a day; ``None``: it is not limited to that.

    Raises:
        BadParameter: it is to be, and has none.
    """
    if heir.rows != "own":
        return None
    if heir.unit.territory is None:
        raise BadParameter("rows", "the recipient has no territory of its own.")
    return read_territories(connection).whole(heir.unit.territory, day)


def _body(version: Version, vocabulary: Vocabulary, own: frozenset[int] | None, day: date) -> Json:
    """Return the body that a successor will have: the same but for its days, as they are by now, and its territory."""
    days = {
        "valid_from": max(version.valid_from, day).isoformat(),
        "valid_until": version.valid_until and version.valid_until.isoformat(),
    }
    return version.body | days | {"grants": [_grant(each, vocabulary, own) for each in version.body["grants"]]}


def _grant(grant: Json, vocabulary: Vocabulary, own: frozenset[int] | None) -> Json:
    column = vocabulary.layers[grant["layer"]].territory
    narrower: Json = {} if own is None else {"one_of": sorted(own)}
    terms = [each | narrower if each["column"] == column else each for each in grant["rows"]]
    units = [each["one_of"] for each in terms if each["column"] == column]
    return grant | {"rows": terms, "territory": {"units": units[0]} if units else grant["territory"]}


def _refuse_wider(agreement: Agreement, old: Json, new: Json, unit: Unit) -> None:
    """Refuse rows that the old unit does not have: nobody has accepted that they are given."""
    for had, gets in zip(old["grants"], new["grants"], strict=True):
        for before, after in zip(had["rows"], gets["rows"], strict=True):
            if before != after and not set(after["one_of"]) <= set(before["one_of"]):
                raise Conflict(
                    "{} does not give every row of the territory of {}, and a migration gives no further rows; make an "
                    "agreement with it instead, which the managing units accept.",
                    agreement.code,
                    unit.code,
                )


def _codes(
    connection: Connection[Any], document: SuccessionDocument, moved: Sequence[_Moved]
) -> dict[tuple[str, int, str], str]:
    """Return the code that each version gets.

    Raises:
        BadParameter: a code is given for what does not move.
        Conflict: a code is taken, also by another agreement of this migration.
    """
    given = {(old, each.unit): code for each in document.successors for old, code in each.codes.items()}
    moving = {(each.agreement.code, each.unit.code) for each in moved}
    for old, unit in sorted(given.keys() - moving):
        raise BadParameter("codes", Phrase("{} does not move to {}.", (old, unit)))
    codes = {pair: given.get(pair, "-".join(pair)) for pair in moving}
    for code in _taken(connection, list(codes.values())):
        raise _code_is_taken(code)
    return {each.key: codes[each.agreement.code, each.unit.code] for each in moved}


def _taken(connection: Connection[Any], codes: list[str]) -> Iterator[str]:
    yield from sorted({each for each in codes if codes.count(each) > 1})
    yield from (code for (code,) in connection.execute(_SQL["taken"].encode(), {"codes": codes}).fetchall())


def _code_is_taken(code: str) -> Conflict:
    return Conflict("The code {} is taken; draft the migration with another one for this agreement.", code)


def _write(
    connection: Connection[Any], document: SuccessionDocument, old: Unit, heirs: Sequence[_Heir], maker: Standing
) -> None:
    values = document.model_dump(exclude={"successors"}) | {"old": old.id, "maker": maker.account}
    try:
        connection.execute(_SQL["draft"].encode(), values)
    except UniqueViolation as exc:
        raise Conflict("There is a migration {} already.", document.succession) from exc
    for each in heirs:
        heir = {"succession": document.succession, "unit": each.unit.id, "rows": each.rows}
        connection.execute(_SQL["add_successor"].encode(), heir)


def _add_item(connection: Connection[Any], succession: str, moved: _Moved, code: str) -> None:
    values = _item_key(succession, moved) | {"new_code": code, "body": Jsonb(moved.body)}
    connection.execute(_SQL["add_item"].encode(), values)


def _item_key(succession: str, moved: _Moved) -> dict[str, object]:
    what: dict[str, object] = {"agreement": moved.agreement.id, "number": moved.version.number, "unit": moved.unit.id}
    return {"succession": succession} | what


def _unchanged(connection: Connection[Any], old: Unit, found: Succession, vocabulary: Vocabulary) -> list[_Moved]:
    """Return what moves now, which is what was drafted.

    Raises:
        Conflict: it is something else by now.
    """
    heirs = _heirs(connection, old, [(each.unit, each.rows) for each in found.successors], found.takes_effect)
    moved = _plan(connection, old, heirs, found.takes_effect, vocabulary)
    now = {each.key: each.body for each in moved}
    drafted = {(each.agreement, each.number, each.to_unit): each.body for each in found.items}
    for key in sorted(now.keys() | drafted.keys()):
        if now.get(key) != drafted.get(key):
            raise Conflict("{} has changed since the migration was drafted; draft it anew.", key[0])
    return moved


def _give(
    connection: Connection[Any],
    found: Succession,
    moved: Sequence[_Moved],
    vocabulary: Vocabulary,
    *,
    checker: int,
    clock: Clock,
    day: date,
) -> tuple[str, ...]:
    """Publish what the successors have from now on; return the codes."""
    codes = {(each.agreement, each.number, each.to_unit): each.code for each in found.items}
    made: dict[str, Agreement] = {}
    for each in moved:
        code = codes[each.key]
        new = made[code] = made.get(code) or _new_agreement(connection, each, code)
        refuse_over_grant(new, each.body, vocabulary)
        drafted = write_version(connection, new, each.body, found.maker_id)
        values = _item_key(found.code, each) | {"new": new.id, "made": drafted.number}
        name_parties(connection, new, drafted.number, each.body, vocabulary=vocabulary, day=day)
        for step in ("made", "keep_parties", "propose_moved", "accept_moved"):
            connection.execute(_SQL[step].encode(), values)
        put_in_force(connection, new, drafted.number, checker=checker, clock=clock)
    return tuple(made)


def _new_agreement(connection: Connection[Any], moved: _Moved, code: str) -> Agreement:
    old = moved.agreement
    try:
        return write_agreement(connection, code, old.kind, recipient=moved.unit.id, title=old.title)
    except UniqueViolation as exc:
        raise _code_is_taken(code) from exc


def _end_old(connection: Connection[Any], found: Succession, moved: Sequence[_Moved], who: Standing) -> None:
    """End what the old unit has on the day of the migration; what would begin there or later never begins."""
    for agreement, version in {each.key[:2]: (each.agreement, each.version) for each in moved}.values():
        name = "end_moved_before" if version.valid_from < found.takes_effect else "end_moved"
        values = {"agreement": agreement.id, "number": version.number, "day": found.takes_effect}
        connection.execute(_SQL[name].encode(), values | {"account": who.account, "reason": found.legal_basis})
