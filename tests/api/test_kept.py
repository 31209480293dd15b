"""What is kept between requests is kept apart: statements by columns, counts by version; and boxes reach the entry."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from database.lines import Entry
from database.reader import Reader

PARCELS = "/collections/thua-dat/items"
MARKS = "/collections/moc/items"
UNIT = (
    "INSERT INTO hc.don_vi (id, cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc) VALUES (1, 3, '25195', 'Xã Thử',"
    " 'xã', '2020-01-01', 'thử', ST_Multi(ST_MakeEnvelope(500000, 1240000, 640000, 1370000, 9212)))"
)
MARK = (
    "INSERT INTO dc.moc (xa_id, loai, so_hieu, hieu_luc_tu, geom_goc) SELECT 1, 'dia_gioi', 'M' || n, '2020-01-01',"
    " ST_SetSRID(ST_MakePoint(550000 + n, 1280000), 9212) FROM generate_series(%s::int, %s::int) AS n"
)
BOX = (106.0, 11.0, 108.0, 12.5)


def test_an_item_asked_for_other_properties_answers_with_those(api: Any) -> None:
    path = f"{PARCELS}/{api.ids(PARCELS, {'limit': 1})[0]}"

    shown = [set(api.json(path, {"properties": name})["properties"]) for name in ("so_to", "so_thua", "so_to")]

    assert shown == [{"so_to"}, {"so_thua"}, {"so_to"}]


def test_an_export_of_what_is_in_force_holds_no_row_of_the_past(api: Any, rows: Callable[..., Any]) -> None:
    ended = rows("SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NOT NULL")
    assert ended

    features = api.json("/collections/thua-dat/export", {"f": "json", "properties": "so_to"})["features"]

    assert features
    assert not {each["id"] for each in features} & {each for (each,) in ended}


@pytest.mark.parametrize("more", [{}, {"resulttype": "hits"}, {"f": "csv"}])
def test_a_box_narrows_what_row_security_looks_at(
    api: Any, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    entries: list[Entry] = []
    read = Reader.read

    def seen(self: Reader, entry: Entry, *arguments: Any, **named: Any) -> Any:
        entries.append(entry)
        return read(self, entry, *arguments, **named)

    monkeypatch.setattr(Reader, "read", seen)

    answer = api.get(PARCELS, {"bbox": ",".join(map(str, BOX)), "limit": 2, **more})

    assert answer.status_code == 200
    assert [each.bbox for each in entries] == [BOX]


def test_before_a_page_by_offset_lies_the_page_that_prev_leads_to(api: Any, find_link: Callable[..., Any]) -> None:
    everything = api.ids(PARCELS, {"limit": 30})
    page = api.json(PARCELS, {"offset": 20, "limit": 10})

    before = find_link(page, "prev")

    assert before
    assert api.ids(before) == everything[10:20]


def test_the_number_of_all_rows_follows_what_others_write(own_api: Any, empty_db: str) -> None:
    counts: list[int] = []
    with psycopg.connect(empty_db, autocommit=True) as writer:
        writer.execute(UNIT)
        for first in (1, 11, 21):
            writer.execute(MARK, [first, first + 9])
            counts.append(own_api.json(MARKS, {"limit": 2})["numberMatched"])

    assert counts == [10, 20, 30]
