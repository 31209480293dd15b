"""The parameter ``q``: words that Vietnamese readers would find, with or without diacritics."""

import re
import unicodedata

from core.errors import BadParameter
from core.limits import LIMITS
from core.marks import has_heap
from core.phrases import Phrase
from query.condition import Condition, any_of
from query.view import quoted

_WORD = re.compile(r"[^\W_]{3}")
_ALLOWED = Phrase("1 to {} terms by comma", (LIMITS.search_terms_max,))


def read_search(value: str) -> tuple[str, ...]:
    """Read ``q``: terms by comma, of which one must be found; the words of a term stand together, in order.

    Source: OGC 24-031 (draft), requirement text-search; OGC 20-004r1, parameter q.

    Raises:
        BadParameter: no term, or too many, or a NUL character.
    """
    terms = tuple(term for part in value.split(",") if (term := part.strip()))
    is_long = len(value) > LIMITS.text_literal_max or len(terms) > LIMITS.search_terms_max or has_heap(value)
    if is_long or not terms or "\x00" in value or not all(map(_has_letters, terms)):
        raise BadParameter("q", "no search term, or too many.", _ALLOWED)
    return terms


def is_indexed(term: str) -> bool:
    """Tell whether an index of trigrams finds a term: some word of it has three letters or digits."""
    letters = "".join(each for each in unicodedata.normalize("NFD", term) if not unicodedata.combining(each))
    return _WORD.search(letters) is not None


def _has_letters(term: str) -> bool:
    """Tell whether anything is left when marks are taken off: what folds to nothing would be found everywhere."""
    return any(not unicodedata.combining(each) and not each.isspace() for each in unicodedata.normalize("NFD", term))


def search_condition(terms: tuple[str, ...], column: str) -> Condition:
    """Return the condition that the folded text of a row holds one of the terms; ``column`` is the layer's search."""
    column = f"t.{quoted(column)}"
    return any_of(Condition(f"{column} LIKE '%%' || dm.de_tim(%s) || '%%'", (escaped(term),)) for term in terms)


def escaped(term: str) -> str:
    """Return a term in which the wildcards of LIKE stand for themselves."""
    return term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
