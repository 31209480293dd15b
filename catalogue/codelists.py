"""Code lists: what the codes of a column mean, and from when until when."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.layer import Text


@dataclass(frozen=True, slots=True)
class Code:
    """One code of one list.

    Attributes:
        system: code system, for example ``TT27``; the same code may mean something else in another.
        parent: code of the group that holds it, or ``None``.
        valid_from: first day, ISO 8601.
        valid_until: first day on which it is no longer valid, ISO 8601; ``None`` has no end.
    """

    system: str
    code: str
    title: Text
    parent: str | None
    valid_from: str
    valid_until: str | None


type Codelists = Mapping[str, tuple[Code, ...]]
"""Codes by the name of their list, in the order in which the law prints them."""


def titles(codes: tuple[Code, ...], language: str) -> dict[str, str]:
    """Return the title of each code, in order; of a code that several systems have, the newest title."""
    newest: dict[str, Code] = {}
    for each in codes:
        known = newest.get(each.code)
        if known is None or each.valid_from > known.valid_from:
            newest[each.code] = each
    return {code: each.title.in_language(language) for code, each in newest.items()}
