"""Reading of the hand-written fragments: YAML beside this module, one language at a time."""

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "fragments"
# The one in C takes a tenth of the time; not every PyYAML has it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LANGUAGES = {"vi", "en"}


def fragment(name: str, language: str) -> dict[str, Any]:
    """Return one fragment file with its texts in ``vi`` or ``en``; a copy, which the caller may change."""
    return deepcopy(_read(name, language))


@lru_cache
def _read(name: str, language: str) -> dict[str, Any]:
    written = yaml.load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe loaders
    return {key: _in_language(value, language) for key, value in written.items()}


def text(name: str, language: str, **values: str) -> str:
    """Return one sentence of ``texts.yml`` with its placeholders filled."""
    return str(_read("texts", language)[name]).format(**values)


def _in_language(value: Any, language: str) -> Any:
    if isinstance(value, dict):
        if value.keys() == _LANGUAGES:
            return value[language]
        return {key: _in_language(each, language) for key, each in value.items()}
    if isinstance(value, list):
        return [_in_language(each, language) for each in value]
    return value
