"""What a constraint says, whichever language it was written in."""

from dataclasses import dataclass

type Box = tuple[float, float, float, float]
"""(west, south, east, north) in degrees; west may be greater than east: the box then crosses the antimeridian."""

EQUAL, NOT_EQUAL = "=", "<>"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Predicate"


@dataclass(frozen=True, slots=True)
class Compare:
    """``sign`` is one of ``= <> < <= > >=``."""

    name: str
    sign: str
    value: str
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class Like:
    """``pattern`` has ``%`` for any text, ``_`` for a character, and backslash before what stands for itself."""

    name: str
    pattern: str
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class IsNull:
    name: str


@dataclass(frozen=True, slots=True)
class Spatial:
    """``relation`` is a function of CQL2: ``s_intersects``, ``s_within`` ..."""

    name: str
    relation: str
    box: Box


type Predicate = And | Or | Not | Compare | Like | IsNull | Spatial


def between(name: str, low: str, high: str) -> Predicate:
    """Return that a value lies between two others, both included."""
    return And((Compare(name, ">=", low), Compare(name, "<=", high)))
