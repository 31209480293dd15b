"""LIKE: wildcards ``%`` and ``_``, escape backslash, and ranges that a btree in the C collation can answer."""

import re
from dataclasses import dataclass

from core.errors import BadFilter
from core.limits import Limits
from query.condition import Condition, all_of
from query.cql2.operand import Operand

_PIECE = re.compile(r"\\(.)|(%+)|(_)|([^%_\\]+)|(\\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, read."""

    prefix: str
    """The text before the first wildcard, escapes resolved."""
    rest: str
    """What follows: empty for an exact text, ``%`` for a plain prefix."""
    sql: str
    """The pattern for PostgreSQL's LIKE, repeated ``%`` joined."""


def read_pattern(pattern: str, limits: Limits) -> Pattern:
    """Read a pattern.

    Raises:
        BadFilter: it ends in a lone escape, or has too many ``%``.
    """
    prefix, sql, wildcards, started = "", "", 0, len(pattern)
    for found in _PIECE.finditer(pattern):
        escaped, many, one, plain, lone = found.groups()
        if lone:
            raise BadFilter("a LIKE pattern may not end with a single backslash.")
        wildcards += bool(many)
        sql += "%" if many else found[0]
        if (many or one) and started == len(pattern):
            started = found.start()
        if started == len(pattern):
            prefix += escaped or plain
    if wildcards > limits.pattern_wildcards_max:
        raise BadFilter("a LIKE pattern has more than {} percent signs.", limits.pattern_wildcards_max)
    rest = pattern[started:]
    return Pattern(prefix, "%" if rest and not rest.strip("%") else rest, sql)


def match(value: Operand, pattern: Pattern, *, negated: bool) -> Condition:
    """Match a text against a literal pattern."""
    if negated:
        return Condition(f'({value.sql} NOT LIKE %s::text COLLATE "C")', (*value.params, pattern.sql))
    if not pattern.rest:
        return _compared(value, "=", pattern.prefix)
    checks = [] if pattern.prefix and pattern.rest == "%" else [_like(value, pattern.sql)]
    return all_of(_range(value, pattern.prefix) + checks)


def match_computed(value: Operand, pattern: Operand, *, negated: bool) -> Condition:
    """Match a text against a pattern that SQL computes, such as ``CASEI('a%')``."""
    word = "NOT LIKE" if negated else "LIKE"
    return Condition(f"({value.sql} {word} {pattern.sql})", value.params + pattern.params)


def _like(value: Operand, pattern: str) -> Condition:
    return Condition(f'({value.sql} LIKE %s::text COLLATE "C")', (*value.params, pattern))


def _range(value: Operand, prefix: str) -> list[Condition]:
    if not prefix:
        return []
    end = _successor(prefix)
    return [_compared(value, ">=", prefix)] + ([_compared(value, "<", end)] if end else [])


def _compared(value: Operand, sign: str, text: str) -> Condition:
    return Condition(f'({value.sql} {sign} %s::text COLLATE "C")', (*value.params, text))


def _successor(prefix: str) -> str:
    """Return the least text above all that start with ``prefix``; empty when there is none."""
    head = prefix.rstrip("\U0010ffff")
    if not head:
        return ""
    following = ord(head[-1]) + 1
    return head[:-1] + chr(0xE000 if following == 0xD800 else following)
