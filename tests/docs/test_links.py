"""Pages of the documentation lead to pages that are there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for name, heading in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / name if name else page

        assert target.exists(), name
        if heading:
            assert heading in _headings(target), f"{name}#{heading}"


def test_every_page_is_led_to_from_another_one() -> None:
    led_to = {
        (page.parent / name).resolve()
        for page in PAGES
        for name, _ in _LINK.findall(page.read_text(encoding="utf-8"))
        if name
    }

    assert [page.name for page in PAGES if page.resolve() not in led_to and page.name != "README.md"] == []


def _headings(page: Path) -> set[str]:
    """Return the anchors of a page, as repositories make them."""
    found = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in found}
