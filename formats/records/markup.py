"""XML of records, put together as text: a harvest writes hundreds of elements for each of 100,000 records."""

import re
from collections.abc import Iterable, Mapping

from lxml import etree

from formats.xml_text import attribute, escaped

type Element = etree._Element  # pyright: ignore[reportPrivateUsage] # noqa: SLF001
"""The one name that the class has."""

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Xml(str):
    """Markup: well formed, nothing in it has to be escaped any more. Any other string is text."""

    __slots__ = ()


type Content = str | Iterable[Xml | None] | None
"""Markup, text, several elements, or nothing."""


def node(tag: str, *content: Content, attributes: Mapping[str, str] | None = None) -> Xml:
    """Return an element; ``tag`` and the names of attributes are as they are written, with their prefixes."""
    inner = "".join([_written(each) for each in content if each is not None])
    head = f"{tag}{_attributes(attributes)}" if attributes else tag
    return Xml(f"<{head}>{inner}</{tag}>" if inner else f"<{head}/>")


def filled(tag: str, *content: Content) -> Xml | None:
    """Return an element, ``None`` where nothing would be in it."""
    element = node(tag, *content)
    return None if element.endswith("/>") and element.count("<") == 1 else element


def root(tag: str, prefixes: Mapping[str, str], *content: Content, attributes: Mapping[str, str] | None = None) -> Xml:
    """Return an element that declares namespaces by prefix."""
    declared = {f"xmlns:{prefix}": namespace for prefix, namespace in prefixes.items()}
    return node(tag, *content, attributes=declared | dict(attributes or {}))


def document(markup: Xml) -> bytes:
    """Return markup as a document in UTF-8."""
    return _DECLARATION + markup.encode()


def element_of(markup: Xml) -> Element:
    """Return markup as an element of lxml."""
    return etree.fromstring(markup.encode(), _PARSER)


def clean(text: str) -> str:
    """Return what XML 1.0 can hold of a text: most control characters are dropped."""
    return _FORBIDDEN.sub("", text)


_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def _written(content: str | Iterable[Xml | None]) -> str:
    if isinstance(content, Xml):
        return content
    if isinstance(content, str):
        return escaped(clean(content))
    return "".join([each for each in content if each is not None])


def _attributes(given: Mapping[str, str]) -> str:
    return "".join([f" {name}={attribute(clean(value))}" for name, value in given.items()])
