"""Keyset pages: complete, without a double, in both directions, and unmoved by what others write meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

PARCELS = "/collections/thua-dat/items"
UNIT = (
    "INSERT INTO hc.don_vi (id, cap, ma, ten, loai, hieu_luc_tu, can_cu, geom_goc) VALUES (1, 3, '25195', 'Xã Thử',"
    " 'xã', '2020-01-01', 'thử', ST_Multi(ST_MakeEnvelope(500000, 1240000, 640000, 1370000, 9212)))"
)
MARKS = (
    "INSERT INTO dc.moc (xa_id, loai, so_hieu, do_cao, hieu_luc_tu, geom_goc) SELECT 1, 'dia_gioi', prefix || n,"
    " CASE WHEN n %% 3 > 0 THEN n %% 7 END, '2020-01-01', ST_SetSRID(ST_MakePoint(550000 + n, 1280000), 9212)"
    " FROM generate_series(1, %s) AS n, (SELECT %s::text AS prefix) AS p"
)
SORTS = ["", "so_hieu", "-so_hieu", "hieu_luc_tu", "-hieu_luc_tu,so_hieu", "loai,-so_hieu"]

type Rows = Callable[..., list[tuple[Any, ...]]]
type FindLink = Callable[..., str | None]


@pytest.mark.parametrize(
    "sortby", ["", "so_to", "-dien_tich", "ma_dinh_danh", "-ma_dinh_danh", "loai_dat_chinh,-so_thua"]
)
@pytest.mark.parametrize("limit", [137, 1_000])
def test_pages_are_complete_and_without_a_double(api: Any, rows: Rows, sortby: str, limit: int) -> None:
    query = {"limit": limit} | ({"sortby": sortby} if sortby else {})

    found = [each["id"] for page in api.all_pages(PARCELS, query) for each in page["features"]]

    assert len(found) == len(set(found))
    assert sorted(found) == [
        each for (each,) in rows("SELECT id::text FROM dc.thua_dat WHERE hieu_luc_den IS NULL ORDER BY 1")
    ]


@pytest.mark.parametrize("sortby", ["", "-dien_tich", "ma_dinh_danh", "-ma_dinh_danh", "loai_dat_chinh,-so_thua"])
def test_prev_leads_back_over_the_same_pages(api: Any, find_link: FindLink, sortby: str) -> None:
    query = {"limit": 250} | ({"sortby": sortby} if sortby else {})
    forward = [[each["id"] for each in page["features"]] for page in api.all_pages(PARCELS, query)]
    *_, page = api.all_pages(PARCELS, query)

    backward = [[each["id"] for each in page["features"]]]
    while before := find_link(page, "prev"):
        page = api.json(before)
        backward.append([each["id"] for each in page["features"]])

    assert [one for each in reversed(backward) for one in each] == [one for each in forward for one in each]
    assert find_link(api.json(PARCELS, query), "prev") is None


def test_a_cursor_takes_another_limit_and_keeps_its_place(api: Any, find_link: FindLink) -> None:
    first = api.json(PARCELS, {"limit": 10})
    following = find_link(first, "next")
    assert following

    wide = api.json(following.replace("limit=10", "limit=500"))

    everything = api.ids(PARCELS, {"limit": 510})
    assert [each["id"] for each in wide["features"]] == everything[10:]


@pytest.mark.parametrize("change", [{"sortby": "so_to"}, {"so_to": "1"}, {"bbox": "0,0,1,1"}])
def test_a_cursor_belongs_to_its_query(api: Any, find_link: FindLink, change: dict[str, str]) -> None:
    following = find_link(api.json(PARCELS, {"limit": 10}), "next")
    assert following
    assert api.get(following).status_code == 200

    assert api.problem(following, change)["parameter"] == "cursor"


def test_a_cursor_tells_nothing_and_cannot_be_changed(api: Any, find_link: FindLink) -> None:
    page = api.json(PARCELS, {"limit": 1, "sortby": "ma_dinh_danh"})
    following = find_link(page, "next")
    assert following
    token = following.partition("cursor=")[2].partition("&")[0]

    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        changed = following.replace(token, token[:position] + other + token[position + 1 :])
        assert api.get(changed).status_code == 400
    assert page["features"][0]["id"].replace("-", "") not in token


@pytest.mark.parametrize("offset", [0, 1, 999, 1_999, 2_000, 100_000])
def test_offset_skips_rows(api: Any, offset: int) -> None:
    everything = api.ids(PARCELS, {"limit": 10_000})

    assert api.ids(PARCELS, {"offset": offset, "limit": 7}) == everything[offset : offset + 7]


def test_an_offset_beyond_the_ceiling_is_refused(api: Any) -> None:
    assert api.problem(PARCELS, {"offset": 100_001})["parameter"] == "offset"


def test_following_next_after_an_offset_is_complete(api: Any) -> None:
    everything = api.ids(PARCELS, {"limit": 10_000})

    found = [each["id"] for page in api.all_pages(PARCELS, {"offset": 5, "limit": 300}) for each in page["features"]]

    assert found == everything[5:]


@pytest.mark.parametrize("sortby", SORTS)
def test_a_row_that_stays_appears_exactly_once_whatever_others_write(own_api: Any, empty_db: str, sortby: str) -> None:
    with psycopg.connect(empty_db, autocommit=True) as connection:
        connection.execute(UNIT)
        connection.execute(MARKS, [300, "S"])
        staying = {each for (each,) in connection.execute("SELECT id::text FROM dc.moc").fetchall()}

    seen: list[str] = []
    with _Writer(empty_db):
        query = {"limit": 7} | ({"sortby": sortby} if sortby else {})
        for page in own_api.all_pages("/collections/moc/items", query):
            seen += [each["id"] for each in page["features"]]

    assert sorted(each for each in seen if each in staying) == sorted(staying)
    assert len(seen) == len(set(seen))


class _Writer:
    """Puts rows in and takes them out again, all over every order, until the block ends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.rounds = 0

    def __enter__(self) -> "_Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.rounds > 0

    def _write(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stop.is_set() and self.rounds < 1_000:
                connection.execute(MARKS, [20, f"T{self.rounds}-"])
                connection.execute("DELETE FROM dc.moc WHERE so_hieu LIKE 'T%'")
                self.rounds += 1
