"""The faces tell the report what they gave, whoever asked, and what could not be answered."""

import time
from typing import Any

import pytest
from werkzeug.test import Client

from tests.harvest.stock import Stock, record

FORM = "/collections/sieu-du-lieu/items"


def rounds(stock: Stock, columns: str) -> list[tuple[Any, ...]]:
    """Return the rounds once what was asked is written down."""
    for _ in range(100):
        found = stock.connection.execute(f"SELECT {columns} FROM cb.luot_thu ORDER BY id".encode()).fetchall()
        if found:
            return found
        time.sleep(0.1)
    return []


@pytest.mark.parametrize(
    ("path", "face"),
    [
        ("/oai?verb=ListRecords&metadataPrefix=oai_dc", "oai"),
        ("/changes", "changes"),
        ("/sitemap.xml", "sitemap"),
        ("/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results", "csw"),
        (FORM, "records"),
    ],
)
def test_a_list_that_fits_one_page_is_a_whole_round(client: Client, stock: Stock, path: str, face: str) -> None:
    stock.put(record("a"))

    assert client.get(path, headers={"User-Agent": "GeoNetwork 4.2.8"}).status_code == 200

    told = rounds(stock, "chu_the, tac_nhan, mat, yeu_cau, ban_ghi, liet_ke, het, so_byte > 0")
    assert told == [("public", "GeoNetwork", face, 1, 1, True, True, True)]


def test_a_list_without_an_entry_is_a_round_and_what_cannot_be_understood_is_none(client: Client, stock: Stock) -> None:
    client.get("/oai?verb=ListRecords&metadataPrefix=oai_dc")
    client.get("/oai?verb=ListRecords&metadataPrefix=khong")
    time.sleep(1.5)

    assert rounds(stock, "yeu_cau, tu_choi, het") == [(2, 1, True)]


@pytest.mark.parametrize(("path", "face"), [("/oai?verb=ListRecords&metadataPrefix=oai_dc", "oai"), (FORM, "records")])
def test_an_outage_is_told_as_what_the_service_could_not_do(client: Client, stock: Stock, path: str, face: str) -> None:
    stock.unpublish()

    assert client.get(path).status_code == 503

    assert rounds(stock, "mat, het_phuc_vu, ban_ghi, het") == [(face, 1, 0, False)]
