"""CQL_TEXT: a constraint as a text, as far as harvesters send any. Source: OGC 07-006r1, table 5 and annex B."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.limits import LIMITS
from harvest.faces.csw.faults import Fault
from harvest.faces.csw.fes import in_lon_lat
from harvest.faces.csw.predicates import And, Compare, IsNull, Like, Not, Or, Predicate, Spatial, between

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?)"
    r"|(?P<number>[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)|(?P<sign><>|!=|<=|>=|=|<|>)|(?P<mark>[(),])"
    r'|(?P<quoted>"[^"]+")|(?P<word>[A-Za-z_][\w:./-]*))'
)
_SIGNS = {"!=": "<>", "AFTER": ">", "BEFORE": "<"}
_SPATIAL = {"BBOX": "s_intersects", "INTERSECTS": "s_intersects", "WITHIN": "s_within", "DISJOINT": "s_disjoint"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind in ("word", "sign", "mark") else ""


_END = _Token("end", "")


def read_text(text: str) -> Predicate:
    """Read a constraint.

    Raises:
        Fault: it cannot be understood; the text says where.
    """
    if len(text) > LIMITS.query_string_max:
        raise _refused(f"The constraint has more than {LIMITS.query_string_max} characters.")
    reader = _Reader(list(_tokens(text)))
    found = reader.any_of(1)
    if reader.next is not _END:
        raise reader.surprised()
    return found


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if not found:
            raise _refused(f"It cannot be read from character {place + 1} on.")
        place = found.end()
        yield _Token(found.lastgroup or "", found[found.lastgroup or 0])


class _Reader:
    """Reads tokens from left to right; OR binds less than AND, and AND less than NOT."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def surprised(self) -> Fault:
        return _refused(f"It cannot be understood at '{self.next.text[:40]}', word {self._at + 1}.")

    def any_of(self, depth: int) -> Predicate:
        if depth > LIMITS.filter_depth_max:
            raise _refused(f"It is nested deeper than {LIMITS.filter_depth_max} levels.")
        parts = [self._all_of(depth)]
        while self._has("OR"):
            parts.append(self._all_of(depth))
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all_of(self, depth: int) -> Predicate:
        parts = [self._one(depth)]
        while self._has("AND"):
            parts.append(self._one(depth))
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self, depth: int) -> Predicate:
        if self._has("NOT"):
            if depth > LIMITS.filter_depth_max:
                raise _refused(f"It is nested deeper than {LIMITS.filter_depth_max} levels.")
            return Not(self._one(depth + 1))
        if self._has("("):
            found = self.any_of(depth + 1)
            self._expect(")")
            return found
        if self.next.word in _SPATIAL:
            return self._spatial()
        return self._comparison(self._name())

    def _comparison(self, name: str) -> Predicate:
        negated = self._has("NOT")
        found = self._predicate(name)
        if negated and isinstance(found, Compare | IsNull):
            raise self.surprised()
        return Not(found) if negated else found

    def _predicate(self, name: str) -> Predicate:
        token = self._take()
        match token.word:
            case "LIKE" | "ILIKE":
                return Like(name, self._value(), match_case=token.word == "LIKE")
            case "BETWEEN":
                low = self._value()
                self._expect("AND")
                return between(name, low, self._value())
            case "IS":
                negated = self._has("NOT")
                self._expect("NULL")
                return Not(IsNull(name)) if negated else IsNull(name)
            case _ if token.kind == "sign" or token.word in _SIGNS:
                return Compare(name, _SIGNS.get(token.word, token.text), self._value())
            case _:
                self._at -= 1
                raise self.surprised()

    def _spatial(self) -> Predicate:
        relation = _SPATIAL[self._take().word]
        self._expect("(")
        name = self._name()
        self._expect(",")
        wraps = self._has("ENVELOPE") or self._has("BBOX")
        if wraps:
            self._expect("(")
        numbers = [self._number()]
        while len(numbers) < 4:
            self._expect(",")
            numbers.append(self._number())
        srs_name = self._value() if self._has(",") else ""
        self._expect(")")
        if wraps:
            self._expect(")")
        return Spatial(name, relation, in_lon_lat(numbers, srs_name))

    def _name(self) -> str:
        if self.next.kind not in ("word", "quoted"):
            raise self.surprised()
        return self._take().text.strip('"')

    def _number(self) -> float:
        if self.next.kind != "number":
            raise self.surprised()
        return float(self._take().text)

    def _value(self) -> str:
        """Read a literal, which may stand in ``DATE()`` or ``TIMESTAMP()``."""
        if self._has("DATE") or self._has("TIMESTAMP"):
            self._expect("(")
            found = self._literal()
            self._expect(")")
            return found
        return self._literal()

    def _literal(self) -> str:
        if self.next.kind not in ("string", "time", "number"):
            raise self.surprised()
        token = self._take()
        return token.text[1:-1].replace("''", "'") if token.kind == "string" else token.text

    def _take(self) -> _Token:
        found = self.next
        self._at += 1
        return found

    def _has(self, word: str) -> bool:
        """Take a word if it comes next."""
        if self.next.word != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._has(word):
            raise self.surprised()


def _refused(problem: str) -> Fault:
    return Fault(problem, locator="Constraint")
