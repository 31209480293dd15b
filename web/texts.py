"""Texts of the pages in Vietnamese and English, and how numbers and dates are written in each."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import yaml

from core.phrases import ENGLISH, Translations

LANGUAGES = ("vi", "en")
_FOLDER = Path(__file__).parent / "locale"
_VIETNAM = timezone(timedelta(hours=7))
_UNITS = {"m2": "m²", "har": "ha", "{VND}": "đồng", "{VND}/m2": "đồng/m²", "1": ""}


def texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language by their key; an unknown language reads Vietnamese."""
    return _read(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _read(name: str) -> Mapping[str, str]:
    return yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"))


def error_texts(language: str) -> Translations:
    """Return the texts of errors in a language by their English templates; English needs none."""
    return ENGLISH if language == "en" else _read("errors.vi")


def number(value: float, language: str, *, grouped: bool = True) -> str:
    """Write a number: 1.234,5 in Vietnamese, 1,234.5 in English; up to six decimals, no trailing zeros."""
    if isinstance(value, int):
        written = f"{value:,}" if grouped else str(value)
    else:
        written = f"{value:,.6f}".rstrip("0").rstrip(".")
    if language == "en":
        return written
    return written.translate(str.maketrans({",": ".", ".": ","}))


def day(value: date, language: str) -> str:
    """Write a date: 30/06/2025 in Vietnamese, 2025-06-30 in English."""
    return value.isoformat() if language == "en" else value.strftime("%d/%m/%Y")


def moment(value: datetime, language: str) -> str:
    """Write an instant in the legal time of Vietnam, to the minute."""
    local = value.astimezone(_VIETNAM)
    return f"{local:%H:%M} {day(local.date(), language)}"


def unit(code: str) -> str:
    """Return how people write a UCUM unit; an unknown one as it is."""
    return _UNITS.get(code, code)
