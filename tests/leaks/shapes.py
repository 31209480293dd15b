"""Shapes of requests, as data: templates that are filled with names and values of both worlds, hidden ones before all.

``$c`` is a collection of the profile, ``$x`` one that it does not show; ``$hnum`` a number column that ``$c`` does not
show (``$hnum_is`` a value hidden in it), ``$vnum`` one that it shows (``$vnum_is`` its value in a row that is hidden);
``$rid``, ``$rhid`` and ``$rgone`` are records that are seen, that nobody but others sees, and that were taken away.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

type Pairs = tuple[tuple[str, str], ...]

FORMATS = ("json", "jsonfg", "csv", "fgb", "gpkg", "gml", "html")
LANGUAGES = ("vi", "en")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "vi"}
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape.

    Attributes:
        form: the parameters travel in the body of a POST.
        steps: what follows the answer: ``next`` and ``prev`` are its links, ``etag`` asks again with its tag.
    """

    name: str
    path: str
    parameters: Pairs = ()
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    form: bool = False
    steps: tuple[str, ...] = ()


def _shape(name: str, path: str, **parameters: str) -> Shape:
    pairs = tuple((key.replace("_", "-") if key in _DASHED else key, value) for key, value in parameters.items())
    return Shape(name, path, pairs)


_DASHED = {"bbox_crs", "filter_crs", "filter_lang", "exclude_properties", "zoom_level"}
ITEMS, ITEM, EXPORT = "/collections/$c/items", "/collections/$c/items/$vid", "/collections/$c/export"


def _documents() -> Iterator[Shape]:
    for path in ("/", "/conformance", "/api", "/collections", "/functions"):
        for language in LANGUAGES:
            yield _shape(f"{path} as JSON, {language}", path, f="json", lang=language)
            yield _shape(f"{path} as HTML, {language}", path, f="html", lang=language)
    for kind in ("", "/schema", "/queryables", "/sortables"):
        path = f"/collections/$c{kind}"
        for language in LANGUAGES:
            yield _shape(f"{path} as JSON, {language}", path, f="json", lang=language)
            yield _shape(f"{path} as HTML, {language}", path, f="html", lang=language)
    yield _shape("schema for GML", "/collections/$c/schema", f="gml")
    yield Shape("landing page by a browser", "/", headers=BROWSER)
    yield Shape("collections by a browser", "/collections", headers=BROWSER)
    yield Shape("collections by a client of Vietnamese", "/collections", headers={"Accept-Language": "vi-VN"})
    yield Shape("OpenAPI by its media type", "/api", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"})
    yield Shape("collections that nobody changed", "/collections", steps=("etag",))
    yield Shape("OpenAPI that nobody changed", "/api", steps=("etag",))
    yield _shape("an unknown parameter of a document", "/collections", khong_co="1")


def _hidden_collections() -> Iterator[Shape]:
    for kind in ("", "/schema", "/queryables", "/sortables", "/items", "/items/$hid", "/export"):
        yield Shape(f"hidden collection{kind}", f"/collections/$x{kind}")
        yield Shape(f"hidden collection{kind} by a browser", f"/collections/$x{kind}", headers=BROWSER)
        yield Shape(f"no collection{kind}", f"/collections/khong-co{kind}")
    yield Shape("hidden collection, HEAD", "/collections/$x/items", method="HEAD")
    yield Shape("hidden collection, OPTIONS", "/collections/$x/items", method="OPTIONS")
    yield Shape("hidden collection, DELETE", "/collections/$x/items", method="DELETE")
    yield Shape("hidden collection, wrong parameter", "/collections/$x/items", (("khong_co", "1"),))
    yield Shape("hidden collection, form", "/collections/$x/items", (("limit", "1"),), method="POST", form=True)
    for id_ in ("thua-dat", "bien-dong", "khoanh-dat"):
        yield _shape(f"{id_}, whatever is shown", f"/collections/{id_}/items", limit="500")
        yield _shape(f"number of {id_}, whatever is shown", f"/collections/{id_}/items", resulttype="hits")
    yield Shape("collection of another agreement", "/collections/$c~khac-1/items")
    yield Shape("nowhere", "/khong-co")
    yield Shape("nowhere by a browser", "/khong-co", headers=BROWSER)


def _formats() -> Iterator[Shape]:
    for each in FORMATS:
        for language in LANGUAGES:
            yield _shape(f"items as {each}, {language}", ITEMS, f=each, lang=language, limit="7")
            yield _shape(f"item as {each}, {language}", ITEM, f=each, lang=language)
        yield _shape(f"export as {each}", EXPORT, f=each)
    for each in ("json", "csv", "fgb", "gpkg"):
        yield _shape(f"export as {each}, in order", EXPORT, f=each, sortby="$vnum")
        yield _shape(f"export as {each}, in VN-2000", EXPORT, f=each, crs="$stored", lang="en")
        yield _shape(f"items as {each}, in degrees of latitude first", ITEMS, f=each, crs=EPSG + "4326", limit="5")
    yield Shape("items that want an image", ITEMS, headers={"Accept": "image/png"})
    yield _shape("items in no format", ITEMS, f="doc")
    yield _shape("export in a box that is hidden", EXPORT, bbox="$hbox")
    yield _shape("export of some columns", EXPORT, properties="$vtext", f="csv")
    yield _shape("export of hidden columns", EXPORT, properties="$hcol", f="csv")
    yield _shape("export by a hidden column", EXPORT, filter="$hnum > $hnum_is")
    yield _shape("export in the order of a hidden column", EXPORT, sortby="$hcol")
    yield _shape("export of words that are hidden", EXPORT, q="$word")


def _formats_of_some() -> Iterator[Shape]:
    """What every encoder makes of what is left: other coordinates, fewer columns, some of the rows."""
    for each in FORMATS:
        yield _shape(f"items as {each}, in VN-2000", ITEMS, f=each, crs="$stored", limit="4")
        yield _shape(f"items as {each}, in Mercator", ITEMS, f=each, crs=EPSG + "3857", limit="4")
        yield _shape(f"item as {each}, in VN-2000", ITEM, f=each, crs="$stored")
        yield _shape(f"items as {each}, in a box", ITEMS, f=each, bbox="$vbox", limit="8")
        yield _shape(f"items as {each}, since a day", ITEMS, f=each, datetime="$vdate_is/..", limit="6")
        yield _shape(f"items as {each}, two columns of them", ITEMS, f=each, properties="$vnum,$vtext", limit="6")
        yield _shape(f"item as {each}, without a column", ITEM, f=each, exclude_properties="$vtext")
        yield _shape(f"items as {each}, without shapes", ITEMS, f=each, skipGeometry="true", limit="6")


def _methods() -> Iterator[Shape]:
    paths = ("/", "/collections", "/collections/$c", "/collections/$c/schema", ITEMS, ITEM, EXPORT)
    for path in paths:
        yield Shape(f"HEAD of {path}", path, method="HEAD")
        yield Shape(f"OPTIONS of {path}", path, method="OPTIONS")
        yield Shape(f"PUT of {path}", path, method="PUT")
    yield Shape("DELETE of a hidden item", "/collections/$c/items/$hid", method="DELETE")
    yield Shape("DELETE of no item", "/collections/$c/items/$nid", method="DELETE")
    yield Shape("PATCH of a hidden item", "/collections/$c/items/$hid", method="PATCH")
    yield Shape("OPTIONS of a hidden item", "/collections/$c/items/$hid", method="OPTIONS")
    yield Shape("POST of an item", ITEM, method="POST", form=True)
    for name, pairs in (
        ("of a page", (("limit", "4"),)),
        ("of a filter", (("filter", "$vnum = $vnum_is"),)),
        ("of a hidden filter", (("filter", "$hnum = $hnum_is"),)),
        ("of a box", (("bbox", "$hbox"), ("resulttype", "hits"))),
        ("of nothing known", (("khong_co", "1"),)),
        ("for people", (("f", "html"), ("filter", "$hcol IS NULL"))),
    ):
        yield Shape(f"form {name}", ITEMS, pairs, method="POST", form=True)
    yield Shape("form of an export", EXPORT, (("filter", "$vnum = $vnum_is"),), method="POST", form=True)
    yield Shape("form that is none", ITEMS, method="POST", headers={"Content-Type": "application/json"})


def _paging() -> Iterator[Shape]:
    there = ("next", "next", "prev", "prev")
    yield Shape("pages there and back", ITEMS, (("limit", "2"),), steps=there)
    yield Shape("pages by a browser", ITEMS, (("limit", "2"), ("f", "html")), steps=("next", "next", "prev"))
    yield Shape("pages of CSV", ITEMS, (("limit", "3"), ("f", "csv")), steps=there)
    yield Shape("pages in order", ITEMS, (("limit", "2"), ("sortby", "$vnum")), steps=there)
    yield Shape("pages in falling order", ITEMS, (("limit", "1"), ("sortby", "-$vtext")), steps=there)
    yield Shape("pages of a box", ITEMS, (("limit", "2"), ("bbox", "$vbox")), steps=there)
    yield Shape("pages of a filter", ITEMS, (("limit", "2"), ("filter", "$vnum > 0")), steps=there)
    yield Shape("pages of a form", ITEMS, (("limit", "2"),), method="POST", form=True, steps=("next",))
    yield Shape("page behind an offset", ITEMS, (("limit", "2"), ("offset", "3")), steps=("prev", "next"))
    for offset in ("0", "1", "50", "9999", "100000000"):
        yield _shape(f"offset {offset}", ITEMS, offset=offset, limit="3")
    for limit in ("1", "0", "100", "10000", "99999999", "x"):
        yield _shape(f"limit {limit}", ITEMS, limit=limit)
    yield _shape("no cursor", ITEMS, cursor="AAAA")
    yield _shape("cursor with an offset", ITEMS, cursor="AAAA", offset="1")
    yield _shape("number of all", ITEMS, resulttype="hits")
    yield _shape("number of all, as CSV", ITEMS, resulttype="hits", f="csv")
    yield _shape("number of all, as a page", ITEMS, resulttype="hits", f="html")
    yield Shape("page that nobody changed", ITEMS, (("limit", "5"),), steps=("etag", "etag"))
    yield Shape("filtered page that nobody changed", ITEMS, (("filter", "$vnum > $vnum_is"),), steps=("etag",))
    yield Shape("item that nobody changed", ITEM, steps=("etag",))
    yield Shape("CSV that nobody changed", ITEMS, (("f", "csv"), ("limit", "6")), steps=("etag",))
    yield Shape("page with any tag", ITEMS, headers={"If-None-Match": "*"})
    yield Shape("page with a foreign tag", ITEMS, headers={"If-None-Match": '"0123456789abcdef0123456789abcdef"'})
    yield Shape(
        "page that is compressed", ITEMS, (("limit", "9"),), headers={"Accept-Encoding": "gzip"}, steps=("etag",)
    )


def _places() -> Iterator[Shape]:
    for name, box in (("hidden", "$hbox"), ("shown", "$vbox"), ("tiny hidden", "$htiny"), ("tiny shown", "$vtiny")):
        yield _shape(f"{name} box", ITEMS, bbox=box)
        yield _shape(f"number in a {name} box", ITEMS, bbox=box, resulttype="hits")
        yield _shape(f"{name} box as CSV", ITEMS, bbox=box, f="csv")
    yield _shape("box with latitude first", ITEMS, bbox="$hbox_lat", bbox_crs=EPSG + "4326")
    yield _shape("box in VN-2000", ITEMS, bbox="$hbox_stored", bbox_crs="$stored")
    yield _shape("box in Mercator", ITEMS, bbox="$hbox_web", bbox_crs=EPSG + "3857")
    yield _shape("box in an unknown CRS", ITEMS, bbox="$hbox", bbox_crs=EPSG + "1")
    yield _shape("box of the world", ITEMS, bbox="-180,-90,180,90", resulttype="hits")
    yield _shape("box across the date line", ITEMS, bbox="170,-20,-170,20")
    yield _shape("box of six numbers", ITEMS, bbox="106,11,0,107,12,0", limit="3")
    yield _shape("box that is none", ITEMS, bbox="1,2,3")
    yield _shape("box, filter and day", ITEMS, bbox="$hbox", filter="$vnum > 1", datetime="2015-01-01/..")
    for each in (CRS84, EPSG + "4326", EPSG + "3857", "$stored", EPSG + "1"):
        yield _shape(f"coordinates in {each.rpartition('/')[2]}", ITEMS, crs=each, limit="3")
        yield _shape(f"item in {each.rpartition('/')[2]}", ITEM, crs=each)
    yield _shape("coarse shapes", ITEMS, zoom_level="9", limit="4")
    yield _shape("no shapes", ITEMS, skipGeometry="true", limit="4")
    for day in ("$hdate_is", "2025-06-30", "../2012-01-01", "$hdate_is/..", "2010-01-01/$vdate_is", "khi nào"):
        yield _shape(f"day {day}", ITEMS, datetime=day)
    yield _shape("number on a day", ITEMS, datetime="$vdate_is/..", resulttype="hits")


def _selections() -> Iterator[Shape]:
    for name, words in (
        ("hidden word", "$word"),
        ("hidden words", "$word,$vword"),
        ("shown word", "$vword"),
        ("word of nothing", "khongcogihet"),
    ):
        yield _shape(name, ITEMS, q=words)
        yield _shape(f"number by a {name}", ITEMS, q=words, resulttype="hits")
    for sign in ("", "-", "+"):
        yield _shape(f"order {sign} of a shown number", ITEMS, sortby=f"{sign}$vnum", limit="6")
        yield _shape(f"order {sign} of a shown text", ITEMS, sortby=f"{sign}$vtext", limit="6")
        yield _shape(f"order {sign} of a hidden column", ITEMS, sortby=f"{sign}$hcol")
    yield _shape("order of a shown and a hidden column", ITEMS, sortby="$vnum,$hnum")
    yield _shape("order of nothing", ITEMS, sortby="khong_co")
    yield _shape("order of the geometry", ITEMS, sortby="geom")
    yield _shape("order of what never was declared", ITEMS, sortby="cap_nhat")
    for parameter in ("properties", "exclude_properties"):
        for name, columns in (
            ("a shown column", "$vtext"),
            ("two shown columns", "$vnum,$vtext"),
            ("a hidden column", "$hcol"),
            ("a hidden number", "$hnum"),
            ("a shown and a hidden column", "$vnum,$hcol"),
            ("no column", "khong_co"),
            ("the search text", "tim"),
            ("the geometry", "geom"),
        ):
            yield _shape(f"{parameter} with {name}", ITEMS, limit="3", **{parameter: columns})
    yield _shape("item with a hidden column", ITEM, properties="$hcol")
    yield _shape("item without a shown column", ITEM, exclude_properties="$vtext")
    for name, pair in (
        ("a shown number", ("$vnum", "$vnum_raw")),
        ("a shown text", ("$vtext", "$vtext_raw")),
        ("a shown date", ("$vdate", "$vdate_is")),
        ("a hidden number", ("$hnum", "$hnum_raw")),
        ("a hidden text", ("$htext", "$htext_raw")),
        ("a hidden date", ("$hdate", "$hdate_is")),
        ("a hidden key", ("id", "$hid")),
        ("a shown key", ("id", "$vid")),
        ("a hidden unit", ("xa_id", "$hxa")),
        ("nothing", ("khong_co", "1")),
        ("no number", ("$vnum", "x")),
    ):
        yield Shape(f"rows by {name}", ITEMS, (pair,))
        yield Shape(f"number by {name}", ITEMS, (pair, ("resulttype", "hits")))
        yield Shape(f"rows by {name} by a browser", ITEMS, (pair,), headers=BROWSER)


_TEXT_FILTERS = {
    "equality of number": "${k}num = ${k}num_is",
    "inequality of number": "${k}num <> ${k}num_is",
    "less": "${k}num < ${k}num_is",
    "more": "${k}num >= ${k}num_is",
    "between": "${k}num BETWEEN 0 AND ${k}num_is",
    "not between": "${k}num NOT BETWEEN 0 AND ${k}num_is",
    "in": "${k}num IN (${k}num_is, 1, 2)",
    "in of text": "${k}text IN (${k}text_is, 'ODT')",
    "equality of text": "${k}text = ${k}text_is",
    "like": "${k}text LIKE ${k}text_like",
    "not like": "${k}text NOT LIKE ${k}text_like",
    "casei": "CASEI(${k}text) = CASEI(${k}text_is)",
    "accenti": "ACCENTI(${k}text) = ACCENTI(${k}text_is)",
    "casei like": "CASEI(${k}text) LIKE CASEI(${k}text_like)",
    "null": "${k}col IS NULL",
    "not null": "${k}col IS NOT NULL",
    "sum": "${k}num + 1 > ${k}num_is",
    "product and remainder": "${k}num * 2 % 3 = 1",
    "quotient": "1 / (${k}num - ${k}num_is) > 0",
    "power": "${k}num ^ 2 > ${k}num_is",
    "integer quotient": "${k}num div 2 = 1",
    "function of number": "abs(${k}num) > ${k}num_is",
    "floor and ceil": "floor(${k}num) = ceil(${k}num)",
    "length": "length(${k}text) > 3",
    "starts with": "starts_with(${k}text, ${k}text_is) = TRUE",
    "year": "year(${k}date) = 2015",
    "date equality": "${k}date = DATE(${k}date_text)",
    "date order": "${k}date < DATE(${k}date_text)",
    "after": "T_AFTER(${k}date, DATE(${k}date_text))",
    "during": "T_DURING(${k}date, INTERVAL('2010-01-01', ${k}date_text))",
    "time intersection": "T_INTERSECTS(${k}date, INTERVAL(${k}date_text, '..'))",
    "array contains": "A_CONTAINS(${k}array, ('ODT'))",
    "array overlaps": "A_OVERLAPS(${k}array, ('ODT', 'CLN'))",
    "array equals": "A_EQUALS(${k}array, ('ODT'))",
    "array size": "array_size(${k}array) > 1",
    "two columns": "${k}text = $vtext",
    "two numbers": "${k}num > $vnum",
    "negation": "NOT (${k}num = ${k}num_is)",
    "disjunction": "${k}num = ${k}num_is OR ${k}text = ${k}text_is",
    "conjunction": "${k}num > 0 AND ${k}date > DATE(${k}date_text)",
    "boolean": "${k}bool = TRUE",
}
"""Filters on hidden columns (k = h) and on shown ones with what rows that are not shown hold (k = v)."""

_PLACE_FILTERS = {
    "intersection": "S_INTERSECTS(geometry, BBOX($hbox_sql))",
    "point": "S_INTERSECTS(geometry, POINT($hpoint))",
    "within": "S_WITHIN(geometry, $hpolygon)",
    "contains": "S_CONTAINS(geometry, POINT($hpoint))",
    "disjoint": "S_DISJOINT(geometry, BBOX($hbox_sql))",
    "touches": "S_TOUCHES(geometry, $hpolygon)",
    "overlaps": "S_OVERLAPS(geometry, $hpolygon)",
    "crosses": "S_CROSSES(geometry, LINESTRING(106 11, $hpoint))",
    "equals": "S_EQUALS(geometry, $hpolygon)",
    "centroid": "S_INTERSECTS(centroid(geometry), BBOX($hbox_sql))",
    "intersection with the surveyed shape": "S_INTERSECTS(geom_goc, BBOX($hbox_sql))",
    "intersection with the stored shape": "S_INTERSECTS(geom, BBOX($hbox_sql))",
    "intersection and number": "S_INTERSECTS(geometry, BBOX($hbox_sql)) AND $vnum = $vnum_is",
    "disjunction of places": "S_INTERSECTS(geometry, BBOX($hbox_sql)) OR $vnum = $vnum_is",
}


def _filters() -> Iterator[Shape]:
    for name, text in _TEXT_FILTERS.items():
        yield _shape(f"hidden {name}", ITEMS, filter=text.replace("${k}", "$h"))
        yield _shape(f"shown {name}", ITEMS, filter=text.replace("${k}", "$v"), limit="5")
    for name in ("less", "like", "null", "after", "array contains", "sum"):
        text = _TEXT_FILTERS[name]
        yield _shape(f"number by hidden {name}", ITEMS, filter=text.replace("${k}", "$h"), resulttype="hits")
        yield _shape(f"number by shown {name}", ITEMS, filter=text.replace("${k}", "$v"), resulttype="hits")
        yield _shape(f"CSV by shown {name}", ITEMS, filter=text.replace("${k}", "$v"), f="csv")
        yield _shape(f"page by hidden {name}", ITEMS, filter=text.replace("${k}", "$h"), f="html")
        yield _shape(f"export by shown {name}", EXPORT, filter=text.replace("${k}", "$v"), f="csv")
    for name, text in _PLACE_FILTERS.items():
        yield _shape(f"place: {name}", ITEMS, filter=text, limit="5")
    yield _shape(
        "place in VN-2000", ITEMS, filter="S_INTERSECTS(geometry, BBOX($hbox_stored_sql))", filter_crs="$stored"
    )
    yield _shape("filter that is none", ITEMS, filter="$vnum ===")
    yield _shape("filter of no column", ITEMS, filter="khong_co = 1")
    yield _shape("filter of no function", ITEMS, filter="pg_sleep(1) = 1")
    yield _shape("filter of a wrong type", ITEMS, filter="$vnum = 'một'")
    yield _shape("filter in no language", ITEMS, filter="1 = 1", filter_lang="sql")
    for name, expression in _json_filters():
        text = json.dumps(expression, ensure_ascii=False)
        yield _shape(f"JSON: {name}", ITEMS, filter=text, filter_lang="cql2-json", limit="5")


def _json_filters() -> Iterator[tuple[str, Any]]:
    """Numbers stand as ``"#name"`` and become bare ones when the template is filled."""
    for kind in ("h", "v"):
        number, text, day = ({"property": f"${kind}{each}"} for each in ("num", "text", "date"))
        for sign in ("=", "<>", "<", ">="):
            yield f"{kind} {sign}", {"op": sign, "args": [number, f"#${kind}num_raw"]}
        yield f"{kind} in", {"op": "in", "args": [number, [f"#${kind}num_raw", 1]]}
        yield f"{kind} like", {"op": "like", "args": [text, "%a%"]}
        yield f"{kind} null", {"op": "isNull", "args": [{"property": f"${kind}col"}]}
        yield f"{kind} casei", {"op": "=", "args": [{"op": "casei", "args": [text]}, f"${kind}text_raw"]}
        yield f"{kind} between", {"op": "between", "args": [number, 0, f"#${kind}num_raw"]}
        yield f"{kind} after", {"op": "t_after", "args": [day, {"date": f"${kind}date_is"}]}
        yield f"{kind} arithmetic", {"op": ">", "args": [{"op": "*", "args": [number, 2]}, f"#${kind}num_raw"]}
        nested = {"op": "and", "args": [{"op": "not", "args": [{"op": "=", "args": [number, 3]}]},
                                        {"op": "=", "args": [text, f"${kind}text_raw"]}]}  # fmt: skip
        yield f"{kind} nested", nested
    yield "place", {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": "#[$hbox]"}]}


def _ids() -> Iterator[Shape]:
    for name, id_ in (("hidden", "$hid"), ("newly hidden", "$hid2"), ("no", "$nid"), ("impossible", "khong-co")):
        path = f"/collections/$c/items/{id_}"
        yield Shape(f"{name} item", path)
        yield Shape(f"{name} item, HEAD", path, method="HEAD")
        yield Shape(f"{name} item by a browser", path, headers=BROWSER)
        yield _shape(f"{name} item as CSV", path, f="csv")
        yield _shape(f"{name} item as GML", path, f="gml")
        yield _shape(f"{name} item with a wrong parameter", path, khong_co="1")
        yield Shape(f"{name} item with a tag", path, headers={"If-None-Match": "*"})


def _errors() -> Iterator[Shape]:
    for name, parameters in (
        ("filter", {"filter": "$hnum = $hnum_is"}),
        ("order", {"sortby": "$hcol"}),
        ("columns", {"properties": "$hcol"}),
        ("parameter", {"$htext": "$htext_raw"}),
        ("limit", {"limit": "x"}),
        ("box", {"bbox": "x"}),
    ):
        pairs = tuple(parameters.items())
        yield Shape(f"page of a wrong {name}", ITEMS, pairs, headers=BROWSER)
        english = (*pairs, ("lang", "en"), ("f", "html"))
        yield Shape(f"page of a wrong {name} in English", ITEMS, english, headers=BROWSER)
    yield Shape("page of a hidden item in English", "/collections/$c/items/$hid", (("lang", "en"),), headers=BROWSER)
    yield Shape("too long", ITEMS, (("filter", "a" * 9_000),))
    yield Shape("parameter twice", ITEMS, (("limit", "1"), ("limit", "2")))


RECORDS = "/collections/sieu-du-lieu"
OAI, CSW = "/oai", "/csw"
_CSW = {"service": "CSW", "version": "2.0.2"}


def _records() -> Iterator[Shape]:
    """The collection of records: what it holds is told by the caller's keys, and since when by the caller's history."""
    for kind in ("", "/schema", "/queryables", "/sortables"):
        yield _shape(f"records{kind}", f"{RECORDS}{kind}", f="json")
        yield _shape(f"records{kind} as HTML", f"{RECORDS}{kind}", f="html")
    items = f"{RECORDS}/items"
    for each in ("json", "html", "csv"):
        yield _shape(f"records as {each}", items, f=each, limit="100")
    yield Shape("records, page by page", items, (("limit", "3"),), steps=("next", "next", "prev"))
    yield Shape("records that nobody changed", items, (("limit", "50"),), steps=("etag",))
    yield _shape("number of records", items, resulttype="hits")
    yield _shape("records by a word", items, q="khung")
    yield _shape("records in a box", items, bbox="106.4,11.3,107.4,12.3", limit="50")
    yield _shape("records of a day", items, datetime="2021-01-01/..", limit="50")
    for name, value in (("type", "dataset"), ("thanh_phan", "dia-chinh"), ("lop", "thua-dat"), ("id", "$rhid")):
        yield Shape(f"records by {name}", items, ((name, value),))
    for text in (
        "updated > TIMESTAMP('2026-01-01T01:00:00Z')",
        "updated > TIMESTAMP('2026-01-02T00:00:00Z')",
        "created < TIMESTAMP('2026-01-01T00:30:00Z')",
        "title LIKE '%đầy đủ%'",
        "ma_don_vi IS NULL AND thanh_phan = 'gia-dat'",
        "khoa = 'day-du:thua-dat'",
    ):
        yield _shape(f"records with {text}", items, filter=text, limit="60")
        yield _shape(f"number of records with {text}", items, filter=text, resulttype="hits")
    for order in ("updated", "-updated", "title", "khoa"):
        yield _shape(f"records by order of {order}", items, sortby=order, limit="20")
    for name in ("rid", "rhid", "rgone", "nid"):
        yield Shape(f"record {name}", f"{items}/${name}", steps=("etag",))
        yield Shape(f"record {name} by a browser", f"{items}/${name}", headers=BROWSER)
        for each in ("iso19139", "iso19115-3", "dcat-ttl", "schema-org", "oai_dc"):
            yield _shape(f"record {name} as {each}", f"{items}/${name}", f=each)


def _harvests() -> Iterator[Shape]:
    """The faces for harvesters."""
    verbs = (
        ("Identify", {}), ("ListSets", {}), ("ListMetadataFormats", {}),
        ("ListMetadataFormats", {"identifier": "$rhid"}), ("ListIdentifiers", {"metadataPrefix": "oai_dc"}),
        ("ListRecords", {"metadataPrefix": "oai_dc"}), ("ListRecords", {"metadataPrefix": "iso19139"}),
        ("ListRecords", {"metadataPrefix": "oai_dc", "set": "dia-chinh"}),
        ("ListIdentifiers", {"metadataPrefix": "oai_dc", "set": "gia-dat"}),
        ("ListIdentifiers", {"metadataPrefix": "oai_dc", "from": "2026-01-01T01:00:00Z"}),
        ("ListIdentifiers", {"metadataPrefix": "oai_dc", "until": "2026-01-01T00:20:00Z"}),
        ("ListIdentifiers", {"metadataPrefix": "oai_dc", "from": "2026-01-02"}),
        ("ListRecords", {"metadataPrefix": "khong-co"}), ("ListRecords", {"resumptionToken": "AAAA"}),
        ("KhongCo", {}),
    )  # fmt: skip
    for number, (verb, more) in enumerate(verbs):
        pairs = (("verb", verb), *more.items())
        yield Shape(f"OAI {number} {verb}", OAI, pairs, steps=("token", "token", "token"))
        yield Shape(f"OAI {number} {verb} by a form", OAI, pairs, method="POST", form=True)
    for name in ("rid", "rhid", "rgone", "nid"):
        for prefix in ("", "oai:land.test:", "urn:uuid:"):
            pairs = (("verb", "GetRecord"), ("metadataPrefix", "oai_dc"), ("identifier", f"{prefix}${name}"))
            yield Shape(f"OAI record {prefix}{name}", OAI, pairs)
        asked = _CSW | {"request": "GetRecordById", "id": f"${name}", "elementSetName": "full"}
        yield Shape(f"CSW record {name}", CSW, tuple(asked.items()))
    for number, more in enumerate((
        {"request": "GetCapabilities"},
        {"request": "GetDomain", "propertyName": "type"},
        {"request": "GetRecords", "resultType": "hits", "typeNames": "csw:Record"},
        {"request": "GetRecords", "resultType": "results", "typeNames": "csw:Record", "maxRecords": "50",
         "elementSetName": "full"},
        {"request": "GetRecords", "resultType": "results", "typeNames": "csw:Record", "startPosition": "7"},
    )):  # fmt: skip
        yield Shape(f"CSW {number}", CSW, tuple((_CSW | more).items()))
    yield Shape("changes", "/changes", steps=("next", "next"))
    yield _shape("changes since an instant", "/changes", since="2026-01-01T01:00:00Z", limit="5")
    for each in ("/sitemap.xml", "/sitemap-1.xml", "/sitemap/records-1.xml", "/robots.txt"):
        yield Shape(f"file {each}", each)


RECORD_SHAPES: tuple[Shape, ...] = (*_records(), *_harvests())
SHAPES: tuple[Shape, ...] = tuple(
    each
    for made in (
        _documents, _hidden_collections, _formats, _formats_of_some, _methods, _paging, _places, _selections, _filters,
        _ids, _errors, _records, _harvests,
    )
    for each in made()
)  # fmt: skip
