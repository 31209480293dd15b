"""How complete a record is, line by line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue.layer import Text
from catalogue.record import Record, Role
from harvest.curation.completeness import CHECKS, GROUPS, Group, Level, completeness_of, summary_of
from harvest.curation.documents import SupplementDocument
from tests.harvest.curation.conftest import SO, record


def _with(part: str, **changed: Any) -> Callable[[Record], Record]:
    return lambda given: replace(given, **{part: replace(getattr(given, part), **changed)})


def _missing(given: Record) -> set[str]:
    return {each.code for each in completeness_of(given).missing}


def test_a_record_that_lacks_nothing_mandatory_says_so_and_what_is_recommended() -> None:
    found = completeness_of(record())

    assert found.mandatory == 100
    assert found.recommended < 100
    assert {each.level for each in found.missing} == {Level.RECOMMENDED}
    assert "Mục đích" in {each.name.vi for each in found.missing}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("1.contact", _with("general", parties=())),
        ("1.email", _with("general", parties=(replace(SO, email=None),))),
        ("1.phone", _with("general", parties=(replace(SO, phone=None),))),
        ("1.standard", _with("general", standard="")),
        ("1.language", _with("general", language="vi")),
        ("2.srid", _with("reference_system", srids=())),
        ("3.title", _with("description", title=Text("", ""))),
        ("3.abstract", _with("description", abstract=Text("", ""))),
        ("3.keywords", _with("description", keywords=())),
        ("3.topics", _with("description", topics=())),
        ("3.license", _with("description", license="")),
        ("3.abstract-long", _with("description", abstract=Text("Thửa đất", "Parcels"))),
        ("3.english", _with("description", abstract=Text("Thửa đất", "Thửa đất"))),
        ("3.frequency", _with("description", frequency="unknown")),
        ("4.lineage", _with("quality", lineage=Text("", ""))),
        ("5.format", _with("distribution", formats=())),
        ("5.access", _with("distribution", access=())),
    ],
)
def test_what_is_taken_away_is_missing(code: str, change: Callable[[Record], Record]) -> None:
    assert code not in _missing(record())
    assert code in _missing(change(record()))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("1.owner", _with("general", parties=(replace(SO, roles=(Role.OWNER,)),))),
        ("1.address", _with("general", parties=(replace(SO, address=Text("Đồng Xoài", "Dong Xoai")),))),
        ("3.purpose", _with("description", purpose=Text("Quản lý", "Administration"))),
        ("3.items", _with("description", items=0)),
        ("3.scale", _with("description", scales=(500,))),
        ("3.constraints", _with("description", constraints=(Text("Nội bộ", "Internal"),))),
        ("3.legal-basis", _with("description", legal_basis=(Text("Luật", "Law"),))),
        ("5.fees", _with("distribution", fees=Text("Miễn phí", "Free"))),
        ("5.ordering", _with("distribution", ordering=Text("Qua Sở", "At the department"))),
    ],
)
def test_what_is_said_is_missing_no_more(code: str, change: Callable[[Record], Record]) -> None:
    assert code in _missing(record())
    assert code not in _missing(change(record()))


def test_of_a_table_no_reference_system_and_no_scale_is_asked() -> None:
    table = _with("description", representation="textTable")(_with("reference_system", srids=())(record()))

    assert not {"2.srid", "3.scale"} & _missing(table)


def test_what_is_nearly_whole_is_never_told_as_whole() -> None:
    found = completeness_of(_with("quality", lineage=Text("", ""))(record()))

    assert found.mandatory < 100
    assert found.groups[Group.QUALITY] < 100


def test_many_records_are_summed_with_what_is_missing_most_often() -> None:
    found = [completeness_of(each) for each in (record(), _with("distribution", formats=())(record()))]

    summary = summary_of(found)

    assert (summary.records, summary.whole) == (2, 1)
    assert next(each.records for each in summary.missing if each.code == "5.format") == 1
    assert summary.missing[0].records == 2


def test_nothing_is_summed_to_nothing_missing() -> None:
    assert summary_of([]).records == 0


def test_each_group_has_lines_and_each_line_a_place_in_the_supplement_that_there_is() -> None:
    assert {each.group for each in CHECKS} == set(GROUPS) == set(Group)
    assert {each.supplement for each in CHECKS if each.supplement} <= set(SupplementDocument.model_fields)
    assert len({each.code for each in CHECKS}) == len(CHECKS)
