"""Browsers by the names that people know."""

import pytest

from web.agents import browser_of

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ("Firefox 128", "Linux")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", ("Chrome 141", "Windows")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/141.0.1", ("Edge 141", "Windows")),
        (
            f"Mozilla/5.0 (Windows NT 10.0) coc_coc_browser/130.0 {CHROME} Safari/537.36",
            ("Cốc Cốc 130", "Windows"),
        ),
        (f"Mozilla/5.0 (Linux; Android 15; K) {CHROME} Mobile Safari/537.36", ("Chrome 141", "Android")),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 Version/18.1 Mobile Safari/604.1",
            ("Safari 18", "iPhone"),
        ),
        ("curl/8.5.0", None),
        ("", None),
        ("Firefox/<script>", None),
    ],
)
def test_a_browser_is_told_by_name_and_system(agent, told):
    assert browser_of(agent) == told
