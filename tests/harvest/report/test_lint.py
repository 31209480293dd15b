"""Each rule of the lint fires where it must, and keeps silent where nothing is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from catalogue.layer import Text
from catalogue.record import Access, Extent, Record
from harvest.report.lint import EXAMPLES_MAX, RULES, Around, Seen, Severity, lint
from tests.docs.conftest import DOCS
from tests.harvest.curation.conftest import NOWHERE, PLANS, SO, record

NOW = datetime(2025, 7, 1, tzinfo=UTC)
CLEAN = Around("https://dat.binhphuoc.gov.vn", "so@example.vn", NOW, NOW, NOW)
THEN = NOW - timedelta(days=1)


def seen(given: Record, *, created: datetime = THEN, updated: datetime = THEN) -> Seen:
    return Seen(given, created, updated)


def codes(*found: Seen, around: Around = CLEAN) -> set[str]:
    return {each.code for each in lint(found, around)}


def _with(part: str, **changed: Any) -> Callable[[Record], Record]:
    return lambda given: replace(given, **{part: replace(getattr(given, part), **changed)})


def _party(**changed: Any) -> Callable[[Record], Record]:
    return _with("general", parties=(replace(SO, **changed),))


def _link(href: str, rel: str = "item") -> Access:
    return Access(href, rel, "text/html", Text("Liên kết", "Link"))


RECORDS: dict[str, Callable[[Record], Record]] = {
    "phone": _party(phone="(028) 38207202"),
    "email": _party(email=None),
    "contact": _with("general", parties=()),
    "license-other": _with("description", license="other"),
    "license-id": _with("description", license="Theo thỏa thuận"),
    "title": _with("description", title=Text("", "")),
    "title-long": _with("description", title=Text("a" * 101, "b")),
    "abstract": _with("description", abstract=Text("", "x")),
    "keywords": _with("description", keywords=()),
    "keyword-long": _with("description", keywords=(Text("a" * 101, "b"),)),
    "topics": _with("description", topics=()),
    "format": _with("distribution", formats=()),
    "language": _with("general", language="vi"),
    "one-language": _with("description", abstract=Text("Thửa đất", "")),
    "external-id-cut": lambda given: replace(given, external_ids=(("doi", "10.1/abc"),)),
    "date-behind": _with("description", current_on=date(2025, 7, 1)),
    "text-too-big": _with("description", purpose=Text("ệ" * 11_000, "x")),
    "record-too-big": _with("description", legal_basis=(Text("a" * 1_000_000, "x"),)),
    "extent": _with("description", extent=Extent(107.0, 11.0, 106.0, 12.0)),
    "extent-flat": _with("description", extent=Extent(107.0, 11.0, 107.0, 12.0)),
    "link": _with("distribution", access=(_link("ftp://example.vn/a"),)),
    "parent-gone": _with("general", parent=NOWHERE),
}
INSTANTS = {
    "date-ahead": seen(record(), updated=NOW + timedelta(hours=1)),
    "date-backwards": seen(record(), created=NOW),
    "date-fraction": seen(record(), updated=THEN + timedelta(microseconds=1)),
}
SERVICE = {
    "https": replace(CLEAN, base_url="http://dat.binhphuoc.gov.vn"),
    "host": replace(CLEAN, base_url="https://10.1.2.3"),
    "admin-email": replace(CLEAN, contact_email="so"),
    "never-published": replace(CLEAN, published=None),
    "publisher-late": replace(CLEAN, looked=NOW - timedelta(hours=1)),
}


def test_nothing_is_said_of_a_catalogue_in_order() -> None:
    other = _with("distribution", access=(_link("/a"), _link("/license", "license")))(record(PLANS))

    assert codes(seen(record()), seen(_with("description", license="other")(other))) == set()


@pytest.mark.parametrize("code", RECORDS)
def test_a_record_that_breaks_a_rule_is_found(code: str) -> None:
    assert code in codes(seen(RECORDS[code](record())))


@pytest.mark.parametrize("code", INSTANTS)
def test_instants_that_break_a_rule_are_found(code: str) -> None:
    assert codes(INSTANTS[code]) == {code}


@pytest.mark.parametrize("code", SERVICE)
def test_a_service_that_breaks_a_rule_is_found(code: str) -> None:
    assert codes(seen(record()), around=SERVICE[code]) == {code}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "may-chu", "dat.local"])
def test_an_address_that_only_the_inside_knows_is_found(host: str) -> None:
    assert codes(seen(record()), around=replace(CLEAN, base_url=f"https://{host}:8000")) == {"host"}


def test_records_of_one_title_are_found_together() -> None:
    same = replace(record(PLANS), description=record().description)

    (found,) = lint([seen(record()), seen(same)], CLEAN)

    assert (found.code, found.records) == ("title-twice", 2)
    assert set(found.examples) == {record().id, PLANS}


def test_a_catalogue_without_a_record_is_an_error() -> None:
    assert codes() == {"no-record"}


def test_a_parent_in_the_catalogue_is_no_finding() -> None:
    assert codes(seen(record()), seen(_with("general", parent=record().id)(record(PLANS)))) == set()


def test_of_many_records_all_are_counted_and_few_are_named() -> None:
    many = [
        seen(replace(_party(phone="1")(record(UUID(int=n))), description=record(UUID(int=n)).description))
        for n in range(1, EXAMPLES_MAX + 10)
    ]

    found = next(each for each in lint(many, CLEAN) if each.code == "phone")

    assert found.records == EXAMPLES_MAX + 9
    assert len(found.examples) == EXAMPLES_MAX


def test_errors_stand_before_warnings() -> None:
    found = lint([seen(_party(phone="1", email=None)(record()))], CLEAN)

    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARNING]


def test_every_rule_has_a_case_here() -> None:
    assert {*RECORDS, *INSTANTS, *SERVICE, "title-twice", "no-record"} == {each.code for each in RULES}


def test_the_reference_lists_every_rule_with_what_it_is() -> None:
    page = (DOCS / "reference/harvest-lint.md").read_text(encoding="utf-8")

    for each in RULES:
        line = f"| `{each.code}` | {each.severity} | {', '.join(each.clients)} | {each.text.en} | {each.source} |"
        assert line in page
