"""Texts for people that carry their values apart, so that another language can say them."""

from collections.abc import Mapping
from dataclasses import dataclass

type Translations = Mapping[str, str]
"""Templates of one language by their English template."""

ENGLISH: Translations = {}


@dataclass(frozen=True, slots=True)
class Phrase:
    """One text, written in English.

    Attributes:
        template: with ``{}`` for each value; without values braces stand for themselves. The key of its translations.
        values: a phrase among them is translated as well, anything else stands as it is.
    """

    template: str
    values: tuple[object, ...] = ()

    def __str__(self) -> str:
        return self.said(ENGLISH)

    def said(self, translations: Translations) -> str:
        """Return the text in the language of the translations; what has none stays English."""
        template = translations.get(self.template, self.template)
        values = [each.said(translations) if isinstance(each, Phrase) else each for each in self.values]
        return template.format(*values) if values else template


def phrase(text: "str | Phrase") -> Phrase:
    """Return a text as a phrase."""
    return text if isinstance(text, Phrase) else Phrase(text)


def alternatives(phrases: list[Phrase]) -> Phrase:
    """Join one or more phrases by "or"."""
    *others, last = phrases
    for each in reversed(others):
        last = Phrase("{} or {}", (each, last))
    return last
