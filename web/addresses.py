"""Addresses inside pages: of this page with other parameters, of other pages in the same language."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_PAGE_ONLY = ("cursor", "offset")
"""Parameters that lose their meaning when the order or the filter changes."""


def with_query(address: str, changes: Mapping[str, str | None]) -> str:
    """Return an address with some parameters set, or taken away where the value is ``None``."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept, safe=":/,[]", quote_via=quote)))


def first_page(query: Mapping[str, str], **changes: str | None) -> dict[str, str | None]:
    """Return the parameters of the first page of another order or filter."""
    return {**query, **dict.fromkeys(_PAGE_ONLY), **changes}


def segment(identifier: object) -> str:
    """Return an id as one segment of a path."""
    return quote(str(identifier), safe="~:@!$'()*,;=")
