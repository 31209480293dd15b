"""Functions (chức năng, nhiệm vụ) of a unit: each narrows the unit's agreements, and people hold them.

The Sở defines what functions a unit has; its head gives them to the accounts of the unit and takes them back. An
account without a function may see nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast
from unicodedata import normalize

from psycopg import Connection
from psycopg.types.json import Jsonb

from auth.audit.acts import record
from auth.authority import is_admin, require_admin, require_over_person, require_sight
from auth.model import AccountKind, AccountState, Caller, Function, Period, UnitKind
from auth.people.accounts import Account, account_seen, held_account
from auth.people.pairs import PRIVILEGED, is_privileged, refuse_alone
from auth.people.positions import take_keys
from auth.people.units import find_unit
from auth.rights.stale import mark_stale, refuse_over_grants
from auth.rows import every, only, refusals
from auth.standing import SHARING
from auth.territory import Territories, read_territories
from catalogue.layer import Layer
from catalogue.profile import Operation
from core.errors import BadRequest, Conflict, Forbidden
from database.queries import load

type Json = dict[str, Any]

_QUERIES: Final = load("auth.people", "functions.sql")
_MEMBERS: Final = ("layers", "columns", "operations", "territory")


@dataclass(frozen=True, slots=True)
class UnitFunction:
    """A function of a unit as the database keeps it; ``function.period`` is that of the definition."""

    id: int
    unit_id: int
    unit: str
    function: Function


@dataclass(frozen=True, slots=True)
class Held:
    """A function that an account holds; ``period`` is how long it does."""

    unit: str
    function: Function
    period: Period


def define_function(
    connection: Connection[Any], actor: Caller, unit: str, function: Function, *, layers: Sequence[Layer]
) -> UnitFunction:
    """Define a function of a unit.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such unit.
        Conflict: the unit has a function of that code.
        BadRequest: a layer, column or territory that it names does not exist.
    """
    require_admin(actor)
    owner = find_unit(connection, unit)
    _check(connection, function, layers)
    with refusals():
        only(connection, int, _QUERIES["insert_function"], _values(function) | {"unit": owner.id})
    record(connection, actor, "function.define", f"function:{unit}/{function.code}", after=told(function))
    return _found(connection, unit, function.code)


def redefine_function(
    connection: Connection[Any],
    actor: Caller,
    unit: str,
    function: Function,
    *,
    layers: Sequence[Layer],
    day: date,
) -> UnitFunction:
    """Write a function anew, all but its code and its first day; who holds it has the new one at once.

    Raises:
        Forbidden: the actor is no system admin.
        NotFound: there is no such function.
        Conflict: with what its holders hold besides it would give more than its parts.
        BadRequest: a layer, column or territory that it names does not exist.
    """
    require_admin(actor)
    before = _found(connection, unit, function.code)
    _check(connection, function, layers)
    with refusals():
        connection.execute(_QUERIES["change_function"].encode(), _values(function) | {"id": before.id})
    holders = every(connection, int, _QUERIES["holders"], {"function": before.id, "day": day})
    mark_stale(connection, holders)
    refuse_over_grants(connection, layers, holders, day)
    after = _found(connection, unit, function.code)
    record(connection, actor, "function.redefine", f"function:{unit}/{function.code}",
           before=told(before.function), after=told(after.function))  # fmt: skip
    return after


def function_seen(connection: Connection[Any], actor: Caller, unit: str, code: str) -> UnitFunction:
    """Return a function that the actor may know of.

    Raises:
        NotFound: there is none, or its unit is another one than the actor's.
    """
    found = _found(connection, unit, code)
    require_sight(actor, found.unit_id)
    return found


def functions_seen(
    connection: Connection[Any], actor: Caller, *, limit: int, after: int = 0, unit: str | None = None
) -> list[UnitFunction]:
    """Return the functions that the actor may know of, behind the one with the id ``after``.

    Raises:
        NotFound: the unit is another one than the actor's, or none.
    """
    unit_id = find_unit(connection, unit).id if unit else None
    if unit_id is not None:
        require_sight(actor, unit_id)
    own = unit_id if is_admin(actor) else actor.unit_id
    return every(connection, _unit_function, _QUERIES["functions"], {"unit": own, "after": after, "limit": limit})


def give_function(
    connection: Connection[Any],
    actor: Caller,
    account: str,
    code: str,
    *,
    layers: Sequence[Layer],
    day: date,
    since: date | None = None,
    until: date | None = None,
) -> Held:
    """Give a function of the unit to one of its accounts, from a legal day on (``None``: from today).

    Raises:
        Forbidden: the actor may not do it to this account, as an admin to others than heads, or not alone: that of the
            Sở for sharing makes an officer.
        NotFound: there is no such account or function, or none that the actor may know of.
        Conflict: it holds the function in that time, is revoked, or would see more than the functions give.
        BadRequest: the period is empty, or begins in the past.
    """
    owner, period = _held_by(connection, actor, account), Period(since or day, until)
    if makes_officer(connection, owner, code):
        refuse_alone()
    if is_admin(actor) and owner.kind not in PRIVILEGED:
        raise Forbidden("The head of the unit gives functions to its accounts.")
    return _give(connection, actor, owner, code, period=period, layers=layers, day=day)


def make_officer(
    connection: Connection[Any],
    actor: Caller,
    account: str,
    *,
    period: Period,
    layers: Sequence[Layer],
    day: date,
    now: datetime,
) -> Held:
    """Give a person of the Sở the function of sharing data, by a warrant; nothing stays of how the account was entered.

    Raises:
        Forbidden, NotFound, Conflict, BadRequest: as of any function, or the account is suspended.
    """
    owner = _held_by(connection, actor, account)
    if not is_privileged(connection, owner.id):
        take_keys(connection, owner, now=now)
    return _give(connection, actor, owner, SHARING, period=period, layers=layers, day=day)


def _give(
    connection: Connection[Any],
    actor: Caller,
    owner: Account,
    code: str,
    *,
    period: Period,
    layers: Sequence[Layer],
    day: date,
) -> Held:
    if owner.state is AccountState.REVOKED or (owner.ends_on is not None and owner.ends_on <= day):
        raise Conflict("The position has ended.")
    found = _found(connection, owner.unit, code)
    _check_period(period, day)
    values = {"account": owner.id, "function": found.id, "by": actor.account_id}
    with refusals():
        connection.execute(_QUERIES["give_function"].encode(), values | {"since": period.since, "until": period.until})
    mark_stale(connection, [owner.id])
    refuse_over_grants(connection, layers, [owner.id], day)
    until = period.until.isoformat() if period.until else None
    told_ = {"function": code, "since": period.since.isoformat(), "until": until}
    record(connection, actor, "account.give_function", f"account:{owner.code}", after=told_)
    return Held(found.unit, found.function, period)


def makes_officer(connection: Connection[Any], owner: Account, code: str) -> bool:
    """Tell whether a function lets its holder act for the Sở in agreements."""
    if code != SHARING or owner.kind is not AccountKind.INDIVIDUAL:
        return False
    return find_unit(connection, owner.unit).kind is UnitKind.DEPARTMENT


def strip_function(connection: Connection[Any], actor: Caller, account: str, code: str, *, day: date) -> None:
    """Take a function from an account, at once.

    Raises:
        Forbidden: the actor may not do it to this account.
        NotFound: there is no such account or function, or none that the actor may know of.
        Conflict: the account does not hold it.
    """
    owner = _held_by(connection, actor, account)
    values = {"account": owner.id, "function": _found(connection, owner.unit, code).id, "day": day}
    ended = [connection.execute(_QUERIES[name].encode(), values).rowcount for name in ("drop_function", "end_function")]
    if not any(ended):
        raise Conflict("The account does not hold this function.")
    mark_stale(connection, [owner.id])
    record(connection, actor, "account.strip_function", f"account:{account}", before={"function": code})


def functions_held(connection: Connection[Any], actor: Caller, account: str) -> list[Held]:
    """Return the functions that an account holds, held or will hold.

    Raises:
        NotFound: there is no such account, or none that the actor may know of.
    """
    owner = account_seen(connection, actor, account)
    return every(connection, _held, _QUERIES["held_functions"], {"account": owner.id})


def function_of(code: str, name: str, narrows: Mapping[str, Any], period: Period) -> Function:
    """Return a function from the JSON of the column ``narrows``.

    Raises:
        BadRequest: a member is unknown, or an operation.
    """
    if not set(narrows) <= set(_MEMBERS):
        raise BadRequest("A function narrows by {}.", ", ".join(_MEMBERS))
    columns = cast("Mapping[str, list[str]] | None", narrows.get("columns"))
    try:
        return Function(
            code,
            name,
            period,
            layers=_set_of(narrows.get("layers")),
            columns={layer: frozenset(names) for layer, names in columns.items()} if columns is not None else None,
            operations=_set_of(narrows.get("operations"), Operation),
            territory=_set_of(narrows.get("territory"), int),
        )
    except ValueError as exc:
        raise BadRequest("Operations are {}.", ", ".join(Operation)) from exc


def with_ids(connection: Connection[Any], narrows: Mapping[str, Any], day: date) -> Json:
    """Return how a function narrows with the ids of administrative units in place of their codes on a day.

    A district or the province stands for itself and all below it.

    Raises:
        BadParameter: nothing had such a code on that day.
        BadRequest: the territory is no list of codes.
    """
    codes = narrows.get("territory")
    if codes is None:
        return dict(narrows)
    if not isinstance(codes, list) or not all(isinstance(each, str) for each in cast("list[object]", codes)):
        raise BadRequest('The territory is a list of codes in quotes, such as "25195".')
    known = read_territories(connection)
    places = (known.coded(each, day) for each in cast("list[str]", codes))
    return {**narrows, "territory": sorted({id_ for each in places for id_ in known.whole(each.id, day)})}


def shown(connection: Connection[Any], functions: Sequence[Function]) -> list[Json]:
    """Return functions as people read them: administrative units by code and name."""
    is_needed = any(each.territory is not None for each in functions)
    known = read_territories(connection) if is_needed else None
    return [_shown(each, known) for each in functions]


def _shown(function: Function, known: Territories | None) -> Json:
    found = told(function)
    if function.territory is not None and known is not None:
        found["narrows"]["territory"] = known.named(function.territory)
    return found


def narrows_of(function: Function) -> Json:
    """Return how a function narrows, as JSON; ``function_of`` reads it."""
    columns = function.columns
    found: Json = {
        "layers": sorted(function.layers) if function.layers is not None else None,
        "columns": {layer: sorted(names) for layer, names in columns.items()} if columns is not None else None,
        "operations": sorted(function.operations) if function.operations is not None else None,
        "territory": sorted(function.territory) if function.territory is not None else None,
    }
    return {member: value for member, value in found.items() if value is not None}


def told(function: Function) -> Json:
    """Return a function as the audit and the API write it."""
    until = function.period.until
    return {
        "code": function.code,
        "name": function.name,
        "since": function.period.since.isoformat(),
        "until": until.isoformat() if until else None,
        "narrows": narrows_of(function),
    }


def _set_of(values: Any, make: Any = str) -> Any:
    return frozenset(make(each) for each in values) if values is not None else None


def _check(connection: Connection[Any], function: Function, layers: Sequence[Layer]) -> None:
    """Raise BadRequest for whatever a function names that does not exist."""
    known = {layer.id: layer for layer in layers}
    for layer in sorted((function.layers or frozenset()) | frozenset(function.columns or {})):
        if layer not in known:
            raise BadRequest("There is no layer '{}'.", layer)
    for layer, columns in (function.columns or {}).items():
        _check_columns(known[layer], columns)
    ids = sorted(function.territory or ())
    found = every(connection, int, _QUERIES["known_territories"], {"ids": ids})
    for id_ in sorted(set(ids) - set(found)):
        raise BadRequest("There is no administrative unit {}.", id_)


def _check_columns(layer: Layer, columns: frozenset[str]) -> None:
    known = {layer.key.name, *(column.name for column in layer.columns)}
    for column in sorted(columns - known):
        raise BadRequest("Layer '{}' has no column '{}'.", layer.id, column)


def _check_period(period: Period, day: date) -> None:
    if period.since < day:
        raise BadRequest("It cannot begin in the past.")
    if period.until is not None and period.until <= period.since:
        raise BadRequest("It would end before it begins.")


def _held_by(connection: Connection[Any], actor: Caller, code: str) -> Account:
    """Return an account whose functions the actor may change, and hold its row."""
    account = held_account(connection, code)
    require_over_person(actor, account.id, account.unit_id, account.kind)
    return account


def _found(connection: Connection[Any], unit: str, code: str) -> UnitFunction:
    return only(connection, _unit_function, _QUERIES["function"], {"unit": unit, "code": code})


def _unit_function(id_: int, unit_id: int, unit: str, code: str, name: str, narrows: Json, *days: Any) -> UnitFunction:
    return UnitFunction(id_, unit_id, unit, function_of(code, name, narrows, Period(*days)))


def _held(*row: Any) -> Held:
    found = _unit_function(*row)
    return Held(found.unit, found.function, found.function.period)


def _values(function: Function) -> dict[str, object]:
    named = replace(function, name=normalize("NFC", function.name.strip()))
    return {
        "code": named.code,
        "name": named.name,
        "narrows": Jsonb(narrows_of(named)),
        "since": named.period.since,
        "until": named.period.until,
    }
