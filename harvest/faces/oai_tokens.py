"""Resumption tokens: they carry all that the next page needs, signed, so that the server need not remember any.

They hold what their list has told already, and nothing secret; who else shows one gets the rest of the list as far as
their own rights reach.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from harvest.faces.oai_request import Listing, Refused

GOOD_FOR = timedelta(days=7)
"""A list is to be ended so long after its first page."""
_MAC_BYTES = 16
_LENGTH_MAX = 1_024


class TokenSeal:
    """Writes and reads tokens."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"datdai resumption token", hashlib.sha256)

    def seal(self, listing: Listing) -> str:
        """Return the token of a page; equal pages have equal tokens."""
        content = json.dumps(_members(listing), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(content) + content).rstrip(b"=").decode()

    def open(self, token: str, verb: str) -> Listing:
        """Return the page of a token.

        Raises:
            Refused: ``badResumptionToken``: it was not made here, or for another verb.
        """
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise _bad() from None
        mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if len(token) > _LENGTH_MAX or not hmac.compare_digest(mac, self._mac(content)):
            raise _bad()
        listing = _listing(json.loads(content))
        if listing.verb != verb or self.seal(listing) != token:
            raise _bad()
        return listing

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)[:_MAC_BYTES]


def expires(begun: datetime) -> datetime:
    """Return until when tokens of a list are good."""
    return begun + GOOD_FOR


def _bad() -> Refused:
    return Refused("badResumptionToken", "The token was not made here, or for another request. Begin the list again.")


def _members(listing: Listing) -> list[Any]:
    span = [each and int(each.timestamp()) for each in (listing.since, listing.until, listing.begun)]
    after = listing.after and listing.after.hex
    return [listing.verb, listing.prefix, listing.component, *span, after, listing.given, listing.size]


def _listing(members: list[Any]) -> Listing:
    verb, prefix, component, since, until, begun, after, given, size = members
    listing = Listing(verb, prefix, component, _instant(since), _instant(until))
    return replace(listing, begun=_instant(begun), after=after and UUID(hex=after), given=given, size=size)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
