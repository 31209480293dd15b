"""Pages for people about their own account: sign-in, second step, password, consent, tokens, sessions.

They get what ``auth.pages.routes`` tells, in plain values, and say it in the language of the reader: instants in the
legal time of Vietnam, faults by their translations. They need no script, and show nothing that is not told here.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, cast

from catalogue.layer import Text
from core.phrases import Phrase
from web.pages import Around, Pages
from web.texts import day, error_texts, moment

PAGES = (
    "account",
    "activate",
    "code",
    "consent",
    "device",
    "password",
    "proof",
    "recovery-codes",
    "refused",
    "second-factor",
    "sessions",
    "signin",
    "signout",
    "tokens",
)


class AccountPages:
    """The pages of one service, their templates compiled once."""

    def __init__(self, *, base_url: str, title: Text) -> None:
        """Take the address of the service without a slash at its end, and its name."""
        self._pages = Pages(base_url=base_url, title=title, names=PAGES)

    def render(
        self, page: str, content: Mapping[str, object], *, language: str, path: str, query: Mapping[str, str]
    ) -> str:
        """Return a page as HTML.

        Args:
            page: one of ``PAGES``.
            content: what it tells, and who is signed in (``signed_in_as``);
                a ``Phrase`` is said in the language, an instant in the time of Vietnam.
            path: of the page, below the base address.
            query: parameters of its address, the last of each name.
        """
        document = cast("Mapping[str, Any]", said(content, language))
        around = Around(path=path, query=query, account=cast("str | None", content.get("signed_in_as")))
        return self._pages.render(page, document, language=language, around=around)


def said(value: object, language: str) -> object:
    """Return a value with everything in it as people read it."""
    match value:
        case Phrase():
            return value.said(error_texts(language))
        case datetime():
            return moment(value, language)
        case date():
            return day(value, language)
        case Mapping():
            return {key: said(each, language) for key, each in cast("Mapping[object, object]", value).items()}
        case list() | tuple():
            return [said(each, language) for each in cast("list[object]", value)]
        case _ if is_dataclass(value):
            return {each.name: said(getattr(value, each.name), language) for each in fields(value)}
        case _:
            return value
