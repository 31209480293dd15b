"""A client for what is asked once: one kept connection, no timing inside but that of whole answers."""

import json
import re
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

_PIECE = 1 << 20
_END = 20_000


def bearer(token: str | None) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def get_json(url: str, timeout_s: float = 120, *, token: str | None = None) -> Any:
    """Return the document at an address.

    Raises:
        urllib.error.HTTPError: the status is not one of success.
    """
    with urlopen(Request(url, headers={"Accept": "*/*"} | bearer(token)), timeout=timeout_s) as answer:
        return json.loads(answer.read())


def timed(url: str, times: int, *, budget_s: float, timeout_s: float = 300, token: str | None = None) -> list[float]:
    """Ask for one address again and again over one connection; return seconds to the last byte of each answer."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=timeout_s)
    taken: list[float] = []
    try:
        while len(taken) < times and (not taken or sum(taken) < budget_s):
            begin = time.perf_counter()
            connection.request("GET", f"{parts.path}?{parts.query}", headers=bearer(token))
            answer = connection.getresponse()
            while answer.read(_PIECE):
                pass
            taken.append(time.perf_counter() - begin)
            if answer.status != 200:
                raise SystemExit(f"benchmarks: {url} answered {answer.status}")
    finally:
        connection.close()
    return taken


def download(url: str, timeout_s: float = 1800, *, token: str | None = None) -> tuple[float, int]:
    """Take in an answer, keeping its end only; return the seconds and the features that it says it holds."""
    begin, tail, head = time.perf_counter(), b"", b""
    with urlopen(Request(url, headers=bearer(token)), timeout=timeout_s) as answer:
        while piece := answer.read(_PIECE):
            head = head or piece[:_END]
            tail = (tail + piece)[-_END:]
    return time.perf_counter() - begin, number_returned(head, tail)


def number_returned(head: bytes, tail: bytes) -> int:
    """Find ``numberReturned`` where it stands, at the begin or the end; 0 where it does not."""
    found = re.search(rb'"numberReturned":\s*(\d+)', tail) or re.search(rb'"numberReturned":\s*(\d+)', head)
    return int(found[1]) if found else 0


def etag_of(url: str, token: str | None = None) -> str:
    """Return the entity tag of an answer."""
    with urlopen(Request(url, headers=bearer(token)), timeout=60) as answer:
        answer.read()
        return str(answer.headers["ETag"])
