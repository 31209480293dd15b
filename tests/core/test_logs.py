"""One line for each event."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from core import logs


@pytest.fixture(autouse=True)
def _put_the_root_logger_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_client_sent_cannot_begin_a_second_line(form: Literal["text", "json"]) -> None:
    out = io.StringIO()
    logs.configure("info", form, out)

    logging.getLogger("datdai").info("asked for %s", "x\r\n2026-01-01 ERROR root: forged")

    assert len(out.getvalue().splitlines()) == 1


def test_json_lines_carry_the_error_and_vietnamese_as_it_is() -> None:
    out = io.StringIO()
    logs.configure("info", "json", out)

    logging.getLogger("datdai").error("hỏng", exc_info=ValueError("thửa đất"))

    entry = json.loads(out.getvalue())
    assert (entry["level"], entry["message"]) == ("error", "hỏng")
    assert "ValueError: thửa đất" in entry["exception"]


def test_what_is_below_the_level_is_not_written() -> None:
    out = io.StringIO()
    logs.configure("warning", "text", out)

    logging.getLogger("datdai").info("quiet")

    assert out.getvalue() == ""
