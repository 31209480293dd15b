"""CQL2 text to nodes.

Two liberties, both harmless: keywords that only ever stand before a parenthesis are free as names elsewhere, and
``BETWEEN`` takes whatever has an order.

Source: OGC 21-065r2, clause 8.2 and annex B.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer
from pygeofilter import ast

from core.errors import BadFilter
from core.limits import LIMITS, Limits
from query.cql2 import build, geometry, literals
from query.cql2.nodes import Node, Power, check_size

_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_START = (
    ":_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1ffe\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = f"[{_START}][{_START}.0-9\u0300-\u036f\u203f-\u2040]*+"
_WS = f"[{_SPACE}]*+"
_FLAT = r"\([^()]*+\)"


def _nested(part: str) -> str:
    return rf"\({_WS}{part}{_WS}(?:,{_WS}{part}{_WS})*+\)"


def _tagged(kind: str, body: str) -> str:
    return f"{kind}{_WS}[Zz]?{_WS}{body}"


_SINGLE = "|".join(
    (
        _tagged("(?i:POINT|LINESTRING)", _FLAT),
        _tagged("(?i:POLYGON|MULTILINESTRING)", _nested(_FLAT)),
        _tagged("(?i:MULTIPOINT)", f"(?:{_FLAT}|{_nested(_FLAT)})"),
        _tagged("(?i:MULTIPOLYGON)", _nested(_nested(_FLAT))),
    )
)
_COLLECTION = _tagged("(?i:GEOMETRYCOLLECTION)", _nested(f"(?:{_SINGLE})"))
_TOKEN = re.compile(
    "|".join(
        (
            f"(?P<skip>[{_SPACE}]++)",
            rf"(?P<GEOMETRY>{_SINGLE}|{_COLLECTION}|(?i:BBOX){_WS}{_FLAT})",
            f"(?P<CALL>{_NAME}(?={_WS}\\())",
            f"(?P<NAME>{_NAME})",
            '(?P<QUOTED>"[^"]++")',
            r"(?P<STRING>'(?:[^'\\]++|''|\\[\s\S])*+')",
            r"(?P<NUMBER>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)",
            "(?P<COMPARE><>|<=|>=|[=<>])",
            r"(?P<SIGN>[-+*/%^(),])",
        )
    )
)
_RESERVED = frozenset({"AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "TRUE", "FALSE", "DIV"})
_SIGNS = {
    "+": "PLUS", "-": "MINUS", "*": "TIMES", "/": "TIMES", "%": "TIMES",
    "^": "_POWER", "(": "_LPAR", ")": "_RPAR", ",": "_COMMA",
}  # fmt: skip
_TOKENS_PER_PART = 16
"""Tokens that a filter may have for each part that ``filter_nodes_max`` allows; values in lists make them many."""
_ESCAPE = re.compile(r"''|\\([abtnvfr'\\])")
_ESCAPED = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "'": "'", "\\": "\\"}


def parse_text(text: str, limits: Limits) -> Node:
    """Parse CQL2 text; never longer than linear in its length, never deeper than ``limits``.

    Raises:
        BadFilter: the text is not CQL2, or exceeds a limit; ``position`` tells where, if anywhere.
    """
    if len(text) > limits.filter_post_max:
        raise BadFilter("it is longer than {} characters.", limits.filter_post_max)
    literals.check_characters(text)
    root = _parsed(list(_tokens(text, limits)), text)
    check_size(root, limits)
    return root


def _parsed(tokens: list[Token], text: str) -> Node:
    try:
        return cast("Node", _parser().parse(cast("Any", tokens)))
    except UnexpectedToken as exc:
        raise _unexpected(exc.token, text) from exc


def _unexpected(token: Token, text: str) -> BadFilter:
    if token.type == "$END":
        return BadFilter("it ends too early.", position=len(text))
    return BadFilter("{} is not expected here.", literals.shown(str(token)), position=token.start_pos)


def _tokens(text: str, limits: Limits) -> Iterator[Token]:
    count = depth = position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _unreadable(text, position)
        if found.lastgroup != "skip":
            depth += (found[0] == "(") - (found[0] == ")")
            count += 1
            _check_progress(count, depth, limits)
            yield _token(found)
        position = found.end()


def _check_progress(count: int, depth: int, limits: Limits) -> None:
    if depth > limits.filter_depth_max:
        raise BadFilter("it is nested deeper than {} levels.", limits.filter_depth_max)
    if count > limits.filter_nodes_max * _TOKENS_PER_PART:
        raise BadFilter("it has more than {} words and signs.", limits.filter_nodes_max * _TOKENS_PER_PART)


def _token(found: re.Match[str]) -> Token:
    kind, text = cast("str", found.lastgroup), found[0]
    match kind:
        case "NAME" | "CALL" if text.upper() in _RESERVED:
            kind = "TIMES" if text.upper() == "DIV" else f"_{text.upper()}"
        case "SIGN":
            kind = _SIGNS[text]
        case "QUOTED":
            kind, text = "NAME", text[1:-1]
        case _:
            pass
    return Token(kind, text, start_pos=found.start())


def _unreadable(text: str, position: int) -> BadFilter:
    match text[position]:
        case "'":
            return BadFilter("a text is not closed by a single quote.", position=position)
        case '"':
            return BadFilter("a name is not closed by a double quote.", position=position)
        case other:
            return BadFilter("{} is not expected here.", literals.shown(other), position=position)


class _Tokens(Lexer):
    """Hands our tokens to lark."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[Token]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return iter(data)


def _unquoted(token: str) -> str:
    if len(token) > 2 * LIMITS.text_literal_max + 2:  # each character escaped, and the quotes
        raise BadFilter("a text has more than {} characters.", LIMITS.text_literal_max)
    return literals.composed(_ESCAPE.sub(lambda found: _ESCAPED.get(found[1] or "'", ""), token[1:-1]))


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes nodes while lark parses, innermost first, so that nothing recurses over what a client sent."""

    true, false = staticmethod(lambda: True), staticmethod(lambda: False)
    conjunction, disjunction, negation = staticmethod(ast.And), staticmethod(ast.Or), staticmethod(ast.Not)
    comparison, power = staticmethod(build.comparison), staticmethod(Power)
    minus, number, string = staticmethod(build.minus), staticmethod(literals.number), staticmethod(_unquoted)
    geometry, call, array = staticmethod(geometry.from_wkt), staticmethod(build.call), staticmethod(build.array)
    like, not_like = staticmethod(build.like), staticmethod(build.not_like)
    between, not_between = staticmethod(build.between), staticmethod(build.not_between)
    in_list, not_in_list = staticmethod(build.in_list), staticmethod(build.not_in_list)
    is_null, is_not_null = staticmethod(build.is_null), staticmethod(build.is_not_null)
    items, more_items = staticmethod(build.items), staticmethod(build.more_items)

    def plus(self, _: Token, number: Token) -> Node:
        return literals.number(number)

    def name(self, token: Token) -> Node:
        return ast.Attribute(literals.composed(token))

    def arithmetic(self, left: Node, sign: Token, right: Node) -> Node:
        return build.arithmetic(sign, left, right)


@cache
def _parser() -> Lark:
    grammar = files("query.cql2").joinpath("cql2.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=_Tokens, transformer=_Builder(), maybe_placeholders=False)
