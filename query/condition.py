"""A boolean SQL expression together with the values that it binds."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean SQL expression.

    ``sql`` holds one ``%s`` for each value of ``params``, in order, and no value of a client's; a literal percent
    sign is written ``%%``. It is always one operand: whoever builds it adds the parentheses it needs.
    """

    sql: str
    params: tuple[object, ...] = ()


EVERYTHING = Condition("TRUE")
NOTHING = Condition("FALSE")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Join conditions by AND; no condition at all is ``EVERYTHING``."""
    kept = [each for each in conditions if each != EVERYTHING]
    return _joined(kept, " AND ") if kept else EVERYTHING


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Join conditions by OR; no condition at all is ``NOTHING``."""
    kept = list(conditions)
    return _joined(kept, " OR ") if kept else NOTHING


def negation(condition: Condition) -> Condition:
    """Return NOT of a condition."""
    return Condition(f"(NOT {condition.sql})", condition.params)


def _joined(conditions: list[Condition], operator: str) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    params = tuple(value for each in conditions for value in each.params)
    return Condition("(" + operator.join(each.sql for each in conditions) + ")", params)
