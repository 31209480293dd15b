"""Entity tags: keyed digests of answers, and which of them still hold without asking the data."""

import hashlib
import hmac
import threading
from collections import OrderedDict

from server.http import Request

_KEPT_MAX = 20_000


def entity_tag(secret: bytes, profile_hash: str, coding: str | None, body: bytes) -> str:
    """Return the strong tag of a bounded answer; it tells nothing to who does not hold the answer."""
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    digest.update(f"{profile_hash} {coding or 'identity'} ".encode())
    digest.update(body)
    return f'"{digest.hexdigest()[:32]}"'


def matches(request: Request, tag: str) -> bool:
    """Tell whether ``If-None-Match`` holds this tag. Source: RFC 9110, clause 13.1.2."""
    sent = request.header("if-none-match")
    if not sent or request.method not in ("GET", "HEAD"):
        return False
    return sent.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in sent.split(",")]


class KnownTags:
    """Tags of answers by the version of the data that gave them, the last 20,000 asked for.

    Versions stay in here: what leaves the server is only 304 or an answer.
    """

    def __init__(self) -> None:
        self._tags: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, version: str) -> str | None:
        """Return the tag of an answer at this version of the data, where it is known."""
        known = self._tags.get(key)
        return known[1] if known and known[0] == version else None

    def put(self, key: str, version: str, tag: str) -> None:
        """Remember the tag of an answer."""
        with self._lock:
            self._tags[key] = (version, tag)
            self._tags.move_to_end(key)
            if len(self._tags) > _KEPT_MAX:
                self._tags.popitem(last=False)
