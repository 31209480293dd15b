"""Layer files: what a right one becomes, and how each fault of a wrong one is told."""

from pathlib import Path

import pytest

from catalogue.files import read_layers
from catalogue.layer import Column, ExchangeVersion, Geometry, GeometryKind, Rows, Text, Tiles, ValidTime
from catalogue.types import ColumnType
from core.errors import CatalogueError

RIGHT = """\
id: gieng-khoan
table: rieng.gieng_khoan
component: dia-chinh
title: {vi: Giếng, en: Wells}
description: {vi: Giếng khoan., en: Drilled wells.}
rows: in-force
geometry: {stored: geom_goc, srid: 9212, lonlat: geom, kind: point}
time: {begin: tu, end: den}
search: tim
search_reads: [do_sau]
tiles: {min_zoom: 8, max_zoom: 15, columns: {id: 12}}
item_title: {vi: "Giếng sâu {do_sau} m", en: "Well of {do_sau} m"}
exchange:
  - {version: 1.1.0, day: 2025-06-30, note: {vi: Thêm độ sâu., en: Depth added.}}
  - {version: 1.0.0, day: "2025-01-01", note: {vi: Đầu tiên., en: First.}}
columns:
  id: {type: uuid, title: {vi: Mã, en: Identifier}, role: id, required: true, queryable: true, sortable: true}
  do_sau: {type: number, unit: m, title: {vi: Độ sâu, en: Depth}, queryable: true}
"""


def _faults(folder: Path, *texts: str) -> list[str]:
    for number, text in enumerate(texts):
        (folder / f"{number}.yml").write_text(text, encoding="utf-8")
    try:
        read_layers(folder)
    except CatalogueError as error:
        return str(error).splitlines()[1:]
    return []


def test_a_right_file_becomes_a_layer(tmp_path: Path) -> None:
    (tmp_path / "gieng-khoan.yml").write_text(RIGHT, encoding="utf-8")

    (layer,) = read_layers(tmp_path)

    assert (layer.id, layer.schema, layer.table, layer.territory) == ("gieng-khoan", "rieng", "gieng_khoan", "xa_id")
    assert layer.rows is Rows.IN_FORCE
    assert layer.geometry == Geometry("geom_goc", 9212, "geom", GeometryKind.POINT)
    assert layer.time == ValidTime("tu", "den")
    assert layer.tiles == Tiles(8, 15, (("id", 12),))
    assert layer.item_title == Text("Giếng sâu {do_sau} m", "Well of {do_sau} m")
    assert layer.srids == (4326, 9212, 3405, 3857)
    assert layer.key is layer.columns[0]
    assert layer.columns[1] == Column("do_sau", ColumnType.NUMBER, Text("Độ sâu", "Depth"), unit="m", queryable=True)
    assert layer.exchange[0] == ExchangeVersion("1.1.0", "2025-06-30", Text("Thêm độ sâu.", "Depth added."))


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("rows: in-force", "rows: in-force\nzoom: 3", "zoom: there is no such key"),
        ("search: tim", "search: tim%", "search: String should match pattern '^[a-z_][a-z0-9_]{0,62}$'"),
        ("  do_sau:", "  do_%s:", "columns.do_%s: String should match pattern '^[a-z_][a-z0-9_]{0,62}$'"),
        ("  do_sau:", '  "a b":', "columns.a b: String should match pattern '^[a-z_][a-z0-9_]{0,62}$'"),
        ("id: gieng-khoan", "id: Giong_cay", "id: String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'"),
        ("id: gieng-khoan\n", "", "id: is missing"),
        ("vi: Giếng, ", "", "title.vi: is missing"),
        ("vi: Giếng, ", "vi: '  ', ", "title.vi: String should have at least 1 character"),
        ("vi: Giếng, ", "vi: Gie\u0302\u0301ng, ", "title.vi: the text is not in Unicode NFC"),
        (
            "type: number",
            "type: numeric",
            "columns.do_sau.type: Input should be 'text', 'integer', 'number', 'boolean', 'date', 'timestamp', 'uuid', "
            "'text[]' or 'geometry'",
        ),
        (
            "type: number",
            "type: geometry",
            "columns.do_sau: a geometry is declared under 'geometry', not as a column",
        ),
        (
            "type: number, unit: m",
            "type: 'text[]', sortable: true",
            "columns.do_sau: an array cannot be sorted by",
        ),
        (
            "unit: m",
            "role: depth",
            "columns.do_sau.role: Input should be 'id', 'type', 'reference', 'primary-instant', "
            "'primary-interval-start' or 'primary-interval-end'",
        ),
        ("unit: m", "wide: true", "columns.do_sau: only an integer is wide"),
        ("unit: m", "refers_to: thua-dat", "columns.do_sau: refers_to needs the role 'reference'"),
        (
            "unit: m",
            "role: reference, refers_to: tram",
            "gieng-khoan: do_sau refers to 'tram', which no file declares",
        ),
        ("unit: m", "role: id", "column 'do_sau' has the role 'id', but the key is 'id'"),
        (
            "table: rieng.gieng_khoan",
            "table: gieng_khoan",
            "table: String should match pattern '^[a-z_][a-z0-9_]*\\.[a-z_]",
        ),
        ("search: tim", "search: tim\nkey: ma", "key 'ma' is not among the columns"),
        ("columns: {id: 12}", "columns: {ten: 12}", "tiles name 'ten', which is not among the columns"),
        ("{do_sau} m", "{sau} m", "item_title names 'sau', which is not among the columns"),
        ("unit: m", "codes: [A]", "columns.do_sau: codes are some of a codelist"),
        ("min_zoom: 8", "min_zoom: 16", "tiles.min_zoom is above tiles.max_zoom"),
        ("min_zoom: 8", "min_zoom: 23", "tiles.min_zoom: Input should be less than or equal to 22"),
        ("end: den", "end: null", "rows 'in-force' needs time.end"),
        ("search: tim", "search: tim\nsrids: [4326]", "srids lack the storage CRS 9212"),
        ("version: 1.1.0", "version: 0.9.0", "exchange must list each version once, the newest first"),
        ("version: 1.1.0", "version: 1.0.0", "exchange must list each version once, the newest first"),
        ("day: 2025-06-30", "day: 30/06/2025", "exchange.0.day: Invalid isoformat string: '30/06/2025'"),
        ("search: tim", "search: tim\nsearch: ten", "not YAML: written twice: search"),
        ("id: gieng-khoan", "id: [", "not YAML: while parsing a flow sequence"),
    ],
)
def test_each_fault_is_told_with_its_file_and_place(tmp_path: Path, right: str, wrong: str, sentence: str) -> None:
    assert right in RIGHT

    faults = _faults(tmp_path, RIGHT.replace(right, wrong))

    assert len(faults) == 1
    assert sentence in faults[0]


def test_a_layer_without_geometry_has_no_tiles(tmp_path: Path) -> None:
    geometry = "geometry: {stored: geom_goc, srid: 9212, lonlat: geom, kind: point}\n"

    faults = _faults(tmp_path, RIGHT.replace(geometry, ""))

    assert faults == ["- 0.yml: tiles need a geometry"]


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    first = RIGHT.replace("type: number", "type: numeric").replace("search: tim", "seek: tim")
    second = RIGHT.replace("kind: point", "kind: dot")

    faults = _faults(tmp_path, first, second, "- a list", "id: 'open")

    told = "\n".join(faults)
    assert "0.yml: seek: there is no such key" in told
    assert "0.yml: columns.do_sau.type: Input should be" in told
    assert "1.yml: geometry.kind: Input should be" in told
    assert "2.yml: must be a mapping" in told
    assert "3.yml: not YAML" in told
    assert "two files declare the layer 'gieng-khoan'" in told
    assert len(faults) == 6


def test_a_reference_to_a_layer_whose_own_file_is_wrong_is_no_second_fault(tmp_path: Path) -> None:
    referring = RIGHT.replace("unit: m", "role: reference, refers_to: tram")
    wrong = RIGHT.replace("id: gieng-khoan", "id: tram").replace("kind: point", "kind: dot")

    faults = _faults(tmp_path, referring, wrong)

    assert len(faults) == 1
    assert "1.yml: geometry.kind" in faults[0]


def test_a_folder_without_layer_files_is_refused(tmp_path: Path) -> None:
    faults = _faults(tmp_path)

    assert faults == [f"- no layer file in {tmp_path}"]
