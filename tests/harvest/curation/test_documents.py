"""A supplement as people write it: every fault is named, and what was read is written again as it was."""

import json
from typing import Any

import pytest

from core.errors import BadDocument
from harvest.curation.documents import body_as_written, read_supplement
from harvest.making.supplement import body_of_supplement, supplement_of

PAIR = {"vi": "Thửa đất", "en": "Parcels"}
WHOLE: dict[str, Any] = {
    "abstract": PAIR,
    "purpose": PAIR,
    "keywords": [PAIR],
    "topics": ["planningCadastre", "boundaries"],
    "legal_basis": [{"vi": "Luật Đất đai 2024", "en": "Land Law 2024"}],
    "scales": [500, 2000],
    "lineage": PAIR,
    "contacts": [
        {
            "name": PAIR,
            "roles": ["pointOfContact", "owner"],
            "email": "so@example.vn",
            "phone": "+842713879427",
            "url": "https://example.vn",
            "address": PAIR,
        }
    ],
    "frequency": "annually",
    "constraints": [PAIR],
    "license": "CC-BY-4.0",
    "fees": PAIR,
    "ordering": PAIR,
    "external_ids": ["nsdi:70-dc-2025", "urn:x:y"],
}


def test_what_is_read_is_kept_and_written_again_as_it_was() -> None:
    read = read_supplement(WHOLE)

    kept = supplement_of(json.dumps(body_of_supplement(read)))

    assert kept == read
    assert body_as_written(kept) == WHOLE


def test_an_empty_document_says_nothing() -> None:
    assert body_as_written(read_supplement({})) == {}


def test_texts_are_kept_in_nfc() -> None:
    read = read_supplement({"fees": {"vi": "Phi\u0301", "en": " Fee "}})

    assert body_as_written(read) == {"fees": {"vi": "Phí", "en": "Fee"}}


def _of_contact(**members: Any) -> dict[str, Any]:
    return {"contacts": [{"name": PAIR, "roles": ["owner"]} | members]}


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ([], ["supplement"]),
        ("x", ["supplement"]),
        ({"title": PAIR}, ["title"]),
        ({"abstract": "một thứ tiếng"}, ["abstract"]),
        ({"abstract": {"vi": "chỉ tiếng Việt"}}, ["abstract.en"]),
        ({"abstract": {"vi": " ", "en": "x"}}, ["abstract.vi"]),
        ({"abstract": {"vi": "x" * 4001, "en": "x"}}, ["abstract.vi"]),
        ({"abstract": {"vi": "a\x00b", "en": "a\x0bb"}}, ["abstract.vi", "abstract.en"]),
        ({"abstract": {"vi": "a\ufffeb", "en": "x"}}, ["abstract.vi"]),
        ({"keywords": []}, ["keywords"]),
        ({"keywords": [PAIR, PAIR]}, ["keywords.1"]),
        ({"topics": ["land"]}, ["topics.0"]),
        ({"topics": ["farming", "farming"]}, ["topics.1"]),
        ({"scales": [0, 1.5, "1:500"]}, ["scales.0", "scales.1", "scales.2"]),
        ({"frequency": "yearly"}, ["frequency"]),
        ({"license": "CC BY"}, ["license"]),
        ({"parent": "11111111-1111-5111-8111-111111111111"}, ["parent"]),
        ({"external_ids": ["nsdi", "https://example.vn", "a:b c"]}, [f"external_ids.{n}" for n in range(3)]),
        ({"contacts": []}, ["contacts"]),
        (_of_contact(roles=[]), ["contacts.0.roles"]),
        (_of_contact(roles=["chef"]), ["contacts.0.roles.0"]),
        (_of_contact(roles=["owner", "owner"]), ["contacts.0.roles"]),
        (_of_contact(phone="(028) 38207202"), ["contacts.0.phone"]),
        (_of_contact(email="so"), ["contacts.0.email"]),
        (_of_contact(url="javascript:alert(1)"), ["contacts.0.url"]),
        ({"fees": 1, "license": 2, "la": 3}, ["license", "fees", "la"]),
    ],
)
def test_every_fault_is_named_by_its_place(written: Any, places: list[str]) -> None:
    with pytest.raises(BadDocument) as refused:
        read_supplement(written)

    assert [place for place, _ in refused.value.faults] == places
