"""Pages for people: an encoded document in, HTML out.

A template sees the document that the same request would give as JSON, and nothing richer: what is hidden in one is
hidden in the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from catalogue.layer import Text
from web import mapping, tables
from web.addresses import first_page, segment, with_query
from web.assets import versions
from web.texts import LANGUAGES, number, texts
from web.values import codes, is_numeric, is_safe, shown

type Json = Mapping[str, Any]

PAGES = ("landing", "conformance", "collections", "collection", "schema", "items", "item", "api", "error")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a document on its page; every document in it is encoded for the same caller.

    Attributes:
        path: of the resource, below the base address, as ``/collections/thua-dat/items``.
        query: parameters of the request as sent, the last of each name.
        collection: the collection that the page belongs to.
        collections: shown on the landing page.
        basemap: address on this server that gives administrative boundaries as GeoJSON in lon/lat.
        searchable: ``q`` is understood here.
    """

    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    collection: Json | None = None
    collections: Json | None = None
    schema: Json | None = None
    queryables: Json | None = None
    sortables: Json | None = None
    basemap: str | None = None
    searchable: bool = False


class Pages:
    """All pages of one service, its templates compiled once."""

    def __init__(self, *, base_url: str, title: Text) -> None:
        """Take the address of the service without a slash at its end, and its name."""
        self._base = base_url
        self._title = title
        self._versions = versions()
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            codes=codes, is_numeric=is_numeric, is_safe=is_safe, segment=segment, first_page=first_page,
            columns=tables.columns, short=tables.short, operations=tables.operations, resolved=tables.resolved,
            formats=tables.formats, anchor=tables.anchor,
        )  # fmt: skip

    def render(self, page: str, document: Json, *, language: str, around: Around) -> str:
        """Return the page of a document as HTML.

        Args:
            page: one of ``PAGES``; ``schema`` shows queryables and sortables as well.
            document: the JSON object of the same answer.
            language: ``vi`` or ``en``; any other reads Vietnamese.
        """
        if page not in PAGES:
            raise ValueError(f"no page '{page}'")
        language = language if language in LANGUAGES else LANGUAGES[0]
        template = self._environment.get_template(f"{page}.html")
        return template.render(document=document, around=around, **self._words(language, around))

    def _words(self, language: str, around: Around) -> dict[str, Any]:
        words = texts(language)
        chosen = {"lang": language} if "lang" in around.query or language != LANGUAGES[0] else {}

        def here(changes: Mapping[str, str | None] = _NOTHING) -> str:
            return with_query(self._base + around.path, {**around.query, "f": None, **chosen, **changes})

        def to(path: str) -> str:
            return with_query(self._base + path, chosen)

        def page_of(address: str) -> str:
            return with_query(address, {"f": None, **chosen})

        return {
            "language": language,
            "languages": LANGUAGES,
            "base": self._base,
            "site_title": self._title.in_language(language),
            "here": here,
            "to": to,
            "page_of": page_of,
            "asset": lambda name: f"{self._base}/static/{name}?v={self._versions[name]}",
            "t": lambda key, **values: words[key].format(**values) if values else words[key],
            "shown": lambda value, schema=_NOTHING: shown(value, schema, language),
            "number": lambda value: number(value, language),
            "map_of": lambda document: Markup(mapping.script(document, around.basemap, around.query, words)),
        }
