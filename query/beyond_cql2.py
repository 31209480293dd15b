"""Conditions that catalogues are asked for and CQL2 has not: on each text of an array, on an identifier as text."""

from query.condition import Condition
from query.view import View, quoted


def any_element(column: str, text: str, *, like: bool, match_case: bool) -> Condition:
    """Return that some text of an array equals a text, or is like a pattern of LIKE.

    Args:
        column: a column of the layer.
        like: ``text`` is a pattern; backslash stands before what stands for itself.
        match_case: upper and lower case differ.
    """
    array = f"t.{quoted(column)}"
    if not like and match_case:
        return Condition(f"(%s::text = ANY ({array}))", (text,))
    sign = "LIKE" if like else "="
    left, right = ("e.e", "%s::text") if match_case else ("dm.chu_thuong(e.e)", "dm.chu_thuong(%s::text)")
    return Condition(f"(EXISTS (SELECT FROM unnest({array}) AS e (e) WHERE {left} {sign} {right}))", (text,))


def key_like(view: View, pattern: str) -> Condition:
    """Return that the key of a row, as text, is like a pattern of LIKE."""
    return Condition(f"({view.key}::text LIKE %s::text)", (pattern,))
