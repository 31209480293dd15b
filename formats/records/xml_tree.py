"""XML of records: a tree of plain values first, elements of lxml from it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

type Element = etree._Element  # pyright: ignore[reportPrivateUsage] # noqa: SLF001
"""The one name that the class has."""
type Content = Node | str | Iterable[Node | None] | None
type Prefixes = Mapping[str, str]
"""Namespaces by prefix."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """An element: ``tag`` and the names of attributes are ``prefix:name``, or a bare name for none."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    content: tuple["Node | str", ...]


def node(tag: str, *content: Content, attributes: Mapping[str, str | None] | None = None) -> Node:
    """Return an element with what is not ``None`` of its content, and of its attributes."""
    given = tuple((name, value) for name, value in (attributes or {}).items() if value is not None)
    return Node(tag, given, tuple(_flat(content)))


def built(root: Node, prefixes: Prefixes) -> Element:
    """Return the tree as elements of lxml; the root declares all prefixes."""
    element = etree.Element(_name(root.tag, prefixes), nsmap=dict(prefixes))
    _fill(element, root, prefixes)
    return element


def document(element: Element) -> bytes:
    """Return an element as a document in UTF-8 with its declaration."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def clean(text: str) -> str:
    """Return what XML 1.0 can hold of a text: most control characters are dropped."""
    return _FORBIDDEN.sub("", text)


def _flat(content: Iterable[Content]) -> Iterator[Node | str]:
    for each in content:
        if isinstance(each, (Node, str)):
            yield each
        elif each is not None:
            yield from (one for one in each if one is not None)


def _fill(element: Element, of: Node, prefixes: Prefixes) -> None:
    for name, value in of.attributes:
        element.set(_name(name, prefixes), clean(value))
    for each in of.content:
        if isinstance(each, str):
            element.text = (element.text or "") + clean(each)
        else:
            _fill(etree.SubElement(element, _name(each.tag, prefixes)), each, prefixes)


def _name(tag: str, prefixes: Prefixes) -> str:
    prefix, _, local = tag.rpartition(":")
    return _qualified(prefixes[prefix], local) if prefix else local


@lru_cache(maxsize=4_096)
def _qualified(namespace: str, local: str) -> str:
    return f"{{{namespace}}}{local}"
