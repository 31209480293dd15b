"""Values of a JSON document as people read them, by the schema of the property."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from web.texts import day, moment, number, texts, unit

type Json = Mapping[str, Any]
NOTHING: Json = {}
_SHORT = 24
"""Letters that a table keeps on one line."""


def shown(value: Any, schema: Json, language: str, *, with_unit: bool = True) -> str:
    """Write a value: a code by its title, a measurement with its unit, nothing as an em dash."""
    match value:
        case None:
            return "—"
        case bool():
            return texts(language)["yes" if value else "no"]
        case int() | float():
            return _measured(value, schema, language, with_unit=with_unit)
        case list():
            return ", ".join(shown(each, schema.get("items", NOTHING), language) for each in value) or "—"
        case dict():
            return ", ".join(f"{key}: {shown(each, NOTHING, language)}" for key, each in value.items())
        case _:
            return _text(str(value), schema, language)


def title_of(value: Any, schema: Json) -> str:
    """Return the title of a code; empty for any other value."""
    return codes(schema).get(str(value), "")


def unit_of(schema: Json) -> str:
    """Return the unit of a measurement as people write it; empty where there is none."""
    return unit(schema.get("x-ogc-unit", ""))


def choice(code: str, title: str) -> str:
    """Write a code as one of a list: codes that the law prints stand before their title, our own words do not."""
    return title if code == code.lower() and not code.isdigit() else f"{code} · {title}"


def codes(schema: Json) -> dict[str, str]:
    """Return the titles of the codes that a property may have; empty where any value may be."""
    members = schema.get("oneOf") or schema.get("items", NOTHING).get("oneOf") or ()
    return {str(each["const"]): str(each.get("title", each["const"])) for each in members if "const" in each}


def is_numeric(schema: Json) -> bool:
    """Tell whether a column of such values stands flush right."""
    return schema.get("type") in ("integer", "number") and not codes(schema) and "x-ogc-collectionId" not in schema


def layout(value: Any, schema: Json) -> str:
    """Return the style of a cell: ``number``, ``plain`` for a short value on one line, ``text`` for the rest."""
    if is_numeric(schema):
        return "number"
    long = isinstance(value, str) and len(value) > _SHORT and schema.get("format") != "uuid"
    wide = value is not None and (bool(codes(schema)) or long)
    return "text" if wide else "plain"


def is_safe(address: Any) -> bool:
    """Tell whether an address may stand in a link: http, https or relative, and no script."""
    return isinstance(address, str) and urlsplit(address).scheme in ("", "http", "https")


def _measured(value: float, schema: Json, language: str, *, with_unit: bool) -> str:
    if title := title_of(value, schema):
        return choice(str(value), title)
    measure = unit_of(schema) if with_unit else ""
    grouped = "x-ogc-unit" in schema or schema.get("type") == "number"
    return f"{number(value, language, grouped=grouped)} {measure}".strip()


def _text(value: str, schema: Json, language: str) -> str:
    if title := title_of(value, schema):
        return choice(value, title)
    try:
        match schema.get("format"):
            case "date":
                return day(date.fromisoformat(value), language)
            case "date-time":
                return moment(datetime.fromisoformat(value), language)
            case _:
                return value
    except ValueError:
        return value
