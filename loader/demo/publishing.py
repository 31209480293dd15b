"""Publish what the agreements and functions in the database give: a profile for each account, and that of everybody."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from psycopg import Connection

from auth.clauses import grants_of
from auth.model import AgreementKind, Function, GrantInForce, Period
from auth.policy import Compiled, Refused, boundaries, compile_profile_of, compile_public, conflict
from catalogue.layer import Layer
from catalogue.profile import Operation, Profile
from database.profiles import Segment, publish
from database.queries import load

_QUERIES: Final = load("loader.demo", "demo.sql")


def publish_all(connection: Connection[Any], layers: Mapping[str, Layer], day: date) -> None:
    """Publish every profile from a legal day on.

    Raises:
        Conflict: grants and functions of an account cannot be put together.
    """
    grants = _grants(connection)
    public = grants[None]
    _publish(connection, "public", boundaries(public, (), day), day, lambda on: compile_public(public, layers, on))
    for account, (unit, functions) in _held(connection).items():
        own, held = grants[unit], tuple(functions)
        days = boundaries(own, held, day)
        _publish(connection, f"account:{account}", days, day, _compiler(own, held, layers))


def _compiler(
    grants: Sequence[GrantInForce], functions: Sequence[Function], layers: Mapping[str, Layer]
) -> Callable[[date], Compiled | Refused]:
    return lambda day: compile_profile_of(grants, functions, layers, day)


def _publish(
    connection: Connection[Any],
    subject: str,
    changes: Iterable[date],
    day: date,
    compiled: Callable[[date], Compiled | Refused],
) -> None:
    days = [day, *changes, None]
    publish(connection, subject, [Segment(a, b, _profile(compiled(a))) for a, b in pairwise(days) if a])


def _profile(made: Compiled | Refused) -> Profile:
    if isinstance(made, Refused):
        raise conflict(made)
    return made.profile


def _grants(connection: Connection[Any]) -> dict[int | None, list[GrantInForce]]:
    found: dict[int | None, list[GrantInForce]] = defaultdict(list)
    for code, kind, unit, since, until, body in connection.execute(_QUERIES["grants"].encode()):
        period = Period(since, until)
        found[unit] += (GrantInForce(code, AgreementKind(kind), period, each) for each in grants_of(body))
    return found


def _held(connection: Connection[Any]) -> dict[int, tuple[int, list[Function]]]:
    found: dict[int, tuple[int, list[Function]]] = {}
    for account, unit, code, name, narrows, since, until in connection.execute(_QUERIES["held"].encode()):
        held = found.setdefault(account, (unit, []))[1]
        if code is not None:
            held.append(_function(code, name, narrows, Period(since, until)))
    return found


def _function(code: str, name: str, narrows: Mapping[str, Any], period: Period) -> Function:
    layers, operations, territory = (narrows.get(key) for key in ("layers", "operations", "territory"))
    columns = narrows.get("columns")
    return Function(
        code=code,
        name=name,
        period=period,
        layers=None if layers is None else frozenset(layers),
        columns=None if columns is None else {layer: frozenset(names) for layer, names in columns.items()},
        operations=None if operations is None else frozenset(map(Operation, operations)),
        territory=None if territory is None else frozenset(territory),
    )
