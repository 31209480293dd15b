"""Entity tags: keyed digests of answers."""

import hashlib
import hmac

from server.http import Request


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
