"""Browsers by the names that people know, out of what they call themselves."""

import re

_BROWSERS = (
    ("Edge", r"Edge?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Cốc Cốc", r"coc_coc_browser/(\d+)"),
    ("Firefox", r"Firefox/(\d+)"),
    ("Chrome", r"Chrome/(\d+)"),
    ("Safari", r"Version/(\d+).* Safari/"),
)
"""The rarer first: each calls itself by the names behind it as well."""
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
"""The same."""


def browser_of(agent: str) -> tuple[str, str] | None:
    """Return a browser with its version, and its system; ``None`` for any other program."""
    system = next((each for each in _SYSTEMS if each in agent), None)
    for name, pattern in _BROWSERS:
        if system and (found := re.search(pattern, agent)):
            return f"{name} {found[1]}", system
    return None
