"""What the server writes for its operator: one line for each event, on the standard error stream."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure(level: str, form: Literal["text", "json"], out: TextIO = sys.stderr) -> None:
    """Send all log records to one stream; warnings of Python go there too."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines() if form == "json" else OneLine(_TEXT, "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)


class OneLine(logging.Formatter):
    """A line for people; whatever a client sent into a message cannot begin a second one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is Python's
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


class JsonLines(logging.Formatter):
    """One JSON object a line, for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
