"""The reference of the admin API names what is there, and nothing else."""

import re

from auth.api import TOPICS
from core.limits import LIMITS
from server.mounted import MORE_TOPICS
from tests.docs.conftest import DOCS

PAGE = (DOCS / "reference/admin-api.md").read_text(encoding="utf-8")


def test_the_index_lists_every_endpoint_with_what_the_api_itself_says_of_it() -> None:
    described = re.findall(r"^\| `([A-Z]+ /\S*)` \| (.*) \|$", PAGE, re.MULTILINE)

    assert described == [
        (f"{method.upper()} {path}", operation["summary"].rstrip("."))
        for topic in (*TOPICS, *MORE_TOPICS)
        for path, item in topic.PATHS.items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def test_the_sizes_of_pages_are_the_real_ones() -> None:
    assert f"{LIMITS.admin_page_default} if not said, {LIMITS.admin_page_max} at most" in PAGE
