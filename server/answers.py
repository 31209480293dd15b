"""From an encoded document to a response: entity tag, 304, content coding, headers that every answer has."""

import hashlib
from functools import lru_cache

from core.limits import LIMITS
from formats.coding import MINIMUM_BYTES, compress, negotiate_coding
from server.context import Context
from server.etags import entity_tag, matches
from server.http import Headers, Response
from server.representations import HTML_SENT
from web.csp import CSP

_VARY = "Authorization, Cookie, Accept, Accept-Language, Accept-Encoding, Origin"
_REVALIDATE = "private, no-cache"
_EXPOSED = (
    "Link, Location, ETag, Content-Crs, WWW-Authenticate, Retry-After, OGC-NumberMatched, OGC-NumberReturned, "
    "Content-Disposition"
)
GENERAL: Headers = (
    ("Server", "datdai"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _EXPOSED),
)
"""Headers of every response, errors included."""


class Conditional:
    """A request with ``If-None-Match``: 304 without a query on the data where its tag is known at this version."""

    def __init__(self, context: Context) -> None:
        self.is_asked = context.request.method == "GET" and bool(context.request.header("if-none-match"))
        self._context = context
        self._version = ""

    def unchanged(self, version: str) -> Response | None:
        """Return 304 where the client holds the answer of this version of the data, as far as is known."""
        self._version = version
        tag = self._context.parts.known_tags.at(self._key(), version)
        return not_modified(self._context, tag) if tag and matches(self._context.request, tag) else None

    def remember(self, tag: str) -> None:
        """Remember the tag of the answer at the version asked for; an older version is never taken for a newer one."""
        if self._version:
            self._context.parts.known_tags.put(self._key(), self._version, tag)

    def _key(self) -> str:
        """Return a digest of all that an answer depends on besides the data: a client chooses how long that is."""
        context, request = self._context, self._context.request
        parts = (context.profile.hash, context.language, coding_for(context), request.header("accept"), request.path)
        return hashlib.sha256("\n".join(map(str, (*parts, request.query))).encode()).hexdigest()


def document(
    context: Context, media_type: str, body: bytes, *more: tuple[str, str], after: Conditional | None = None
) -> Response:
    """Return a bounded answer, or 304 where the client holds it already."""
    coding = coding_for(context) if len(body) >= MINIMUM_BYTES else None
    tag = entity_tag(context.parts.secret, context.profile.hash, coding, body)
    if after:
        after.remember(tag)
    if matches(context.request, tag):
        return not_modified(context, tag)
    headers = (("Content-Type", media_type), *common(context), ("ETag", tag), *more)
    if coding is None:
        return Response(200, headers, body)
    return Response(200, (*headers, ("Content-Encoding", coding)), compress(body, coding))


def coding_for(context: Context) -> str | None:
    """Return the content coding that the client takes, or ``None``."""
    return _negotiated(context.request.header("accept-encoding")[: LIMITS.accept_max])


@lru_cache(maxsize=256)
def _negotiated(accept_encoding: str) -> str | None:
    return negotiate_coding(accept_encoding)


def not_modified(context: Context, tag: str) -> Response:
    """Return 304 for a tag that the client holds."""
    return Response(304, (*common(context), ("ETag", tag)), rows=0)


def page(context: Context, html: str) -> Response:
    """Return a page for people."""
    return document(context, HTML_SENT, html.encode(), ("Content-Security-Policy", CSP))


def common(context: Context) -> Headers:
    """Return the headers of every answer that a profile determines."""
    return (("Cache-Control", _REVALIDATE), ("Vary", _VARY), ("Content-Language", context.language))
