"""Text as content of XML 1.0."""

import re

_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escaped(text: str) -> str:
    """Return text as element content. What XML 1.0 cannot hold (most control characters) becomes U+FFFD."""
    return _SPECIAL.sub(_replacement, text) if _SPECIAL.search(text) else text


def attribute(text: str) -> str:
    """Return text as attribute value, with its quotes."""
    content = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{content}"'


def _replacement(match: re.Match[str]) -> str:
    return _NAMED.get(match[0], "\ufffd")
