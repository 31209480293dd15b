"""The page of limits is the table of limits."""

import re
from dataclasses import asdict
from pathlib import Path

from core.limits import LIMITS

PAGE = Path(__file__).parents[2] / "docs/reference/limits.md"


def test_the_page_names_every_limit_with_its_value() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert {name: int(value) for name, value in rows} == asdict(LIMITS)
