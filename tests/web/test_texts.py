"""Texts: the same keys in both languages, each used, each there; numbers and dates."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from web import mapping
from web.texts import day, moment, number, texts, unit

WEB = Path(mapping.__file__).parent


def used_keys():
    templates = "\n".join(path.read_text(encoding="utf-8") for path in (WEB / "templates").glob("*.html"))
    named = set(re.findall(r"\bt\('([a-z0-9-]+)'", templates))
    indirect = set(re.findall(r"\('/[a-z]+', '(nav-[a-z]+)'\)", templates))
    return named | indirect | set(mapping._TEXTS) | {"admin-unit", "yes", "no"}


def test_both_languages_have_the_same_keys_in_order():
    keys = list(texts("vi"))

    assert keys == list(texts("en"))
    assert keys == sorted(keys)


def test_every_key_used_is_there_and_every_key_there_is_used():
    assert used_keys() == set(texts("vi"))


def test_both_languages_have_the_same_placeholders():
    for key, vietnamese in texts("vi").items():
        assert set(re.findall(r"\{\w+\}", vietnamese)) == set(re.findall(r"\{\w+\}", texts("en")[key])), key


def test_every_text_is_text():
    assert all(isinstance(each, str) and each for language in ("vi", "en") for each in texts(language).values())


def test_another_language_reads_vietnamese():
    assert texts("../../secret") is texts("xx")
    assert texts("xx") == texts("vi")


@pytest.mark.parametrize(
    ("value", "vietnamese", "english"),
    [
        (1234.5, "1.234,5", "1,234.5"),
        (1234567, "1.234.567", "1,234,567"),
        (0.1 + 0.2, "0,3", "0.3"),
        (-12.0, "-12", "-12"),
        (0, "0", "0"),
        (1e21, "1.000.000.000.000.000.000.000", "1,000,000,000,000,000,000,000"),
    ],
)
def test_a_number_in_both_languages(value, vietnamese, english):
    assert number(value, "vi") == vietnamese
    assert number(value, "en") == english


def test_a_number_of_a_sheet_is_not_grouped():
    assert number(1234, "vi", grouped=False) == "1234"


def test_dates_and_instants_in_both_languages():
    instant = datetime(2025, 6, 30, 18, 5, tzinfo=UTC)

    assert day(date(2025, 6, 30), "vi") == "30/06/2025"
    assert day(date(2025, 6, 30), "en") == "2025-06-30"
    assert moment(instant, "vi") == "01:05 01/07/2025"
    assert moment(instant, "en") == "01:05 2025-07-01"


def test_units_as_people_write_them():
    assert [unit(each) for each in ("m2", "{VND}/m2", "1", "km")] == ["m²", "đồng/m²", "", "km"]
