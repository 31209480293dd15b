"""Links between resources, with titles in the language of the answer."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from formats.format import Link, Representation
from server.context import Context
from web.tables import format_name

_TITLES = {
    "self": ("Tài liệu này", "This document"),
    "alternate": ("Tài liệu này ở dạng {}", "This document as {}"),
    "collection": ("Lớp dữ liệu", "The collection"),
    "next": ("Trang sau", "Next page"),
    "prev": ("Trang trước", "Previous page"),
    "items": ("Các đối tượng", "Items"),
    "enclosure": ("Tải toàn bộ ở dạng {}", "Download everything as {}"),
    "schema": ("Cấu trúc dữ liệu", "Schema"),
    "queryables": ("Thuộc tính lọc được", "Queryables"),
    "sortables": ("Thuộc tính sắp xếp được", "Sortables"),
    "service-desc": ("Mô tả API (OpenAPI 3.0)", "API definition (OpenAPI 3.0)"),
    "service-doc": ("Tài liệu API", "API documentation"),
    "conformance": ("Các nhóm yêu cầu tuân thủ", "Conformance classes"),
    "data": ("Các lớp dữ liệu", "Collections"),
    "license": ("Điều kiện sử dụng", "Conditions of use"),
    "catalogue": ("Danh mục", "Catalogue"),
    "root": ("Trang đầu", "Landing page"),
}


def title(context: Context, name: str, *values: str) -> str:
    """Return the title of a link."""
    return _title(context.language, name, *values)


def _title(language: str, name: str, *values: str) -> str:
    return _TITLES[name][language == "en"].format(*values)


def link(context: Context, rel: str, href: str, media_type: str, name: str = "", *values: str) -> Link:
    """Return one link; ``name`` is the key of its title where it is not the relation."""
    return Link(href, rel, media_type, title(context, name or rel, *values))


def self_and_alternates(context: Context, current: Representation, offers: Sequence[Representation]) -> list[Link]:
    """Return the link to this representation as asked for, and to each other one."""
    stem = context.url(pairs=[pair for pair in context.parameters if pair[0] != "f"])
    stem += "&f=" if "?" in stem else "?f="
    links = [link(context, "self", context.url(pairs=context.parameters), current.media_types[0])]
    return links + [
        Link(stem + each.key, "alternate", each.media_types[0], title)
        for each, title in _alternates(tuple(offers), context.language)
        if each is not current
    ]


@lru_cache(maxsize=64)
def _alternates(offers: tuple[Representation, ...], language: str) -> tuple[tuple[Representation, str], ...]:
    """Return each offer with the title of a link to it: the same few, in each answer."""
    return tuple((each, _title(language, "alternate", name_of(each))) for each in offers)


def name_of(offer: Representation) -> str:
    """Return the name by which people know a format."""
    return format_name(offer.media_types[0]) or offer.key


def header_of(links: Iterable[Link]) -> str:
    """Return links as the value of a ``Link`` header. Titles stay out: a header carries no Vietnamese."""
    return ", ".join(_in_header(each) for each in links)


def _in_header(each: Link) -> str:
    media_type = (each.type or "").replace('"', '\\"')
    return f'<{each.href}>; rel="{each.rel}"' + (f'; type="{media_type}"' if media_type else "")
