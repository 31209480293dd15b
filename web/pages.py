"""Pages for people: an encoded document in, HTML out.

A template sees the document that the same request would give as JSON, and nothing richer: what is hidden in one is
hidden in the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from catalogue.layer import Text
from web import mapping, tables
from web.addresses import first_page, segment, with_query
from web.agents import browser_of
from web.assets import versions
from web.texts import LANGUAGES, number, texts
from web.values import NOTHING, choice, codes, is_numeric, is_safe, layout, shown, title_of, unit_of

type Json = Mapping[str, Any]

PAGES = (
    "landing",
    "conformance",
    "collections",
    "collection",
    "schema",
    "items",
    "item",
    "records",
    "record",
    "api",
    "functions",
    "error",
)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a document on its page; every document in it is encoded for the same caller.

    Attributes:
        path: of the resource, below the base address, as ``/collections/thua-dat/items``.
        query: parameters of the request as sent, the last of each name.
        collection: the collection that the page belongs to.
        collections: shown on the landing page.
        schema: of the collection, as ``/collections/{id}/schema`` answers.
        queryables: what filters may name, as a schema.
        sortables: what ``sortby`` may name, as a schema.
        basemap: address on this server that gives administrative boundaries as GeoJSON in lon/lat.
        searchable: ``q`` is understood here.
        in_force_on: the day, ISO 8601, whose state the items are; ``None`` where they have a history.
        units: names of administrative units by the ids in the document.
        unit_choices: names by ids of the units that the form offers, in order.
        account: who is signed in, as a browser's session says; ``None`` for a token, and for nobody.
        item_title: what people call the item; empty: by its identifier.
        catalogues: addresses of the catalogues that the page belongs to.
        components: titles of the component databases by their names, where records are searched.
        json_ld: what search engines read of the page, as JSON-LD.
        fault: what is wrong with the request: its ``parameter``, the whole ``text``, and ``reason`` without a name.
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
    in_force_on: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    unit_choices: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    fault: Mapping[str, Any] | None = None
    item_title: str = ""
    catalogues: tuple[str, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict)
    json_ld: str = ""


def by_theme(collections: Iterable[Json]) -> list[tuple[str, list[Json]]]:
    """Return collections in groups of one theme, each with its title, in the order in which themes first come."""
    groups: dict[str, list[Json]] = {}
    for each in collections:
        groups.setdefault(each.get("theme", {}).get("title", ""), []).append(each)
    return list(groups.items())


class Pages:
    """All pages of one service, its templates compiled once."""

    def __init__(self, *, base_url: str, title: Text, names: tuple[str, ...] = PAGES) -> None:
        """Take the address of the service without a slash at its end, its name, and the names of the templates."""
        self._base = base_url
        self._title = title
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates = {page: environment.get_template(f"{page}.html") for page in names}

    def render(self, page: str, document: Json, *, language: str, around: Around) -> str:
        """Return the page of a document as HTML.

        Args:
            page: one of the names; ``schema`` shows queryables and sortables as well.
            document: the JSON object of the same answer.
            language: ``vi`` or ``en``; any other reads Vietnamese.
        """
        voice = _Voice(self._base, language if language in LANGUAGES else LANGUAGES[0], around)
        title = self._title.in_language(voice.language)
        return self._templates[page].render(
            _FIXED, document=document, around=around, base=self._base, site_title=title, **voice.words()
        )


_FIXED: dict[str, Any] = {
    "languages": LANGUAGES,
    "anchor": tables.anchor,
    "browser_of": browser_of,
    "by_theme": by_theme,
    "choice": choice,
    "codes": codes,
    "columns": tables.columns,
    "first_page": first_page,
    "formats": tables.formats,
    "is_numeric": is_numeric,
    "is_safe": is_safe,
    "layout": layout,
    "operations": tables.operations,
    "parameters": tables.parameters,
    "resolved": tables.resolved,
    "segment": segment,
    "sentence": tables.sentence,
    "short": tables.short,
    "title_of": title_of,
    "unit_of": unit_of,
}
"""What templates may call, whatever the language."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """What templates may call in the language of one page, at the address of one page."""

    base: str
    language: str
    around: Around

    def words(self) -> dict[str, Any]:
        names = (
            "language", "asset", "data_of", "head", "here", "is_spatial", "map_of", "number", "page_of",
            "refers_to_unit", "shown", "t", "to", "unit_named",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def t(self, key: str, **values: object) -> str:
        text = texts(self.language)[key]
        return text.format(**values) if values else text

    def shown(self, value: object, schema: Json = NOTHING, *, with_unit: bool = True) -> str:
        return shown(value, schema, self.language, with_unit=with_unit)

    def head(self, key: str, schema: Json) -> str:
        """Return the title of a property in a table or a form; the territory by name, not by its internal id."""
        return self.t("admin-unit") if self.refers_to_unit(key) else str(schema.get("title") or key)

    def refers_to_unit(self, key: str) -> bool:
        """Tell whether a property is the territory, and the units may be named."""
        return key == tables.TERRITORY and bool(self.around.unit_choices)

    def unit_named(self, value: object, schema: Json) -> str:
        """Return the name of the administrative unit that a value refers to; empty for any other reference."""
        return self.around.units.get(str(value), "") if schema.get("x-ogc-collectionId") == tables.UNITS else ""

    def number(self, value: float) -> str:
        return number(value, self.language)

    def asset(self, name: str) -> str:
        return f"{self.base}/static/{name}?v={versions()[name]}"

    def here(self, changes: Mapping[str, str | None] = NOTHING) -> str:
        """Return the address of this page with other parameters."""
        return with_query(self.base + self.around.path, {**self.around.query, "f": None, **self._chosen(), **changes})

    def to(self, path: str) -> str:
        """Return the address of another page, in the language of this one."""
        return with_query(self.base + path, self._chosen())

    def page_of(self, address: str) -> str:
        """Return the address of the page for people of a resource that a document links to."""
        return with_query(address, {"f": None, **self._chosen()})

    def map_of(self, document: Json) -> Markup:
        """Return the content of the map, escaped for a script element; nothing where there is nothing to draw."""
        words, spatial = texts(self.language), self.is_spatial()
        content = mapping.script(document, self.around.basemap, self.around.query, words, spatial=spatial)
        return Markup(content)  # noqa: S704 - JSON in which "<", ">" and "&" are written as escapes

    def data_of(self, text: str) -> Markup:
        """Return JSON as the content of a script element, which no word of it can end."""
        return Markup(mapping.escaped(text))  # noqa: S704 - JSON in which "<", ">" and "&" are written as escapes

    def is_spatial(self) -> bool:
        """Tell whether items have geometries, as far as their schema is known."""
        properties = (self.around.schema or NOTHING).get("properties", NOTHING).values()
        return self.around.schema is None or any("geometry-" in each.get("format", "") for each in properties)

    def _chosen(self) -> dict[str, str]:
        said = "lang" in self.around.query or self.language != LANGUAGES[0]
        return {"lang": self.language} if said else {}
