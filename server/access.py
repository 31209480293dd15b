"""Who asks, and what they may see: a token, a session or nobody to a caller and the shelf of the caller's profile.

What is kept here only saves the look-up: every request enters the database, which refuses whoever may not come in any
more, and says when the profile is another one by now.
"""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, cast

from auth.credentials.tokens import is_from
from auth.model import PUBLIC, AccountKind, Caller
from catalogue.layer import Layer
from catalogue.profile import Profile, compile_profile
from catalogue.record_keys import RECORDS
from core.errors import Unauthorized
from database.lines import Entry
from database.profiles import NOTHING, Reasons, read_profile
from database.queries import load
from database.reader import Reader
from server.shelf import Documents, Shelf

FEATURES_SCOPE = "features:read"
"""Of tokens that read all that the account reads, its records among it."""
RECORDS_SCOPE = "records:read"
"""Of tokens that read the catalogue of records, and nothing else."""
_QUERIES = load("server", "access.sql")
_FRESH_S = 60.0
_VISITORS_MAX = 20_000
_SHELVES_MAX = 1_000
_TOKEN_LENGTH_MAX = 200

type Networks = tuple[tuple[IPv4Network | IPv6Network, ...], ...]
type Principal = tuple[str, str]
"""Kind and key by which PostgreSQL knows who asks; the key of a token is the hash of it."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller with the shelf of what the caller may see.

    Attributes:
        profile_hash: the profile in force, which a token may narrow.
        networks: from one network of each of these groups the token may come; no group: from anywhere.
        agreements: codes of those by which the profile is the caller's, for the record.
        since: when this was looked up, on a clock that only goes forward.
    """

    caller: Caller
    profile_hash: str
    shelf: Shelf
    networks: Networks = ()
    agreements: Reasons = field(default_factory=dict[str, Mapping[str, Sequence[str]]])
    since: float = 0.0

    def may_come_from(self, address: str) -> bool:
        """Tell whether a request from an address may bear the token."""
        return all(is_from(group, address) for group in self.networks)

    def given_by(self, collection: str | None, operation: str | None) -> tuple[str, ...]:
        """Return the agreements by which the caller may do something with a collection."""
        return tuple(self.agreements.get(collection or "", {}).get(operation or "", ()))

    @property
    def may_ask_for_records(self) -> bool:
        """Tell whether the caller's token, if there is one, is for the catalogue of records."""
        scopes = self.caller.scopes
        return scopes is None or not scopes.isdisjoint((FEATURES_SCOPE, RECORDS_SCOPE))

    @property
    def sees_nothing_public(self) -> bool:
        """Tell whether nobody is signed in and nothing is published to everybody."""
        return self.caller.kind == PUBLIC.kind and not self.shelf.profile.facets

    def entry(
        self, part: str, bbox: tuple[float, float, float, float] | None = None, search: str | None = None
    ) -> Entry:
        """Return by whom, as which part of the profile, and narrowed to what, the database is entered."""
        return Entry(self.caller.kind, self.caller.key, self.profile_hash, part, bbox, search)


NOBODY = Visitor(PUBLIC, "", Shelf(NOTHING))
"""Who could not be let in: sees what is the same for everybody."""


class Access:
    """Lets callers in; one for the process."""

    def __init__(
        self,
        reader: Reader,
        layers: Sequence[Layer],
        note_use: Callable[[Principal], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nobody known.

        Args:
            note_use: called with a principal about once a minute while it is used.
        """
        self._reader = reader
        self._layers = tuple(layers)
        self._note_use = note_use
        self._now = now
        self._visitors: OrderedDict[Principal, Visitor] = OrderedDict()
        self._shelves: OrderedDict[tuple[str, str | None], Shelf] = OrderedDict()
        self._documents = Documents()
        self._lock = threading.Lock()

    def admit(self, principal: Principal, address: str) -> Visitor:
        """Return who a principal is, as known from the last time or looked up.

        Raises:
            Unauthorized: there is no such principal, or not any more.
            Unavailable: the database is away.
        """
        known = self._visitors.get(principal)
        if known is None or self._now() - known.since > _FRESH_S:
            known = self._look_up(principal)
            self._note_use(principal)
            with self._lock:
                self._visitors[principal] = known
                if len(self._visitors) > _VISITORS_MAX:
                    self._visitors.popitem(last=False)
        if not known.may_come_from(address):
            raise Unauthorized
        return known

    def forget(self, principal: Principal) -> None:
        """Look a principal up again the next time."""
        with self._lock:
            self._visitors.pop(principal, None)

    def _look_up(self, principal: Principal) -> Visitor:
        caller, hash_, networks, agreements = self._caller(principal)
        return Visitor(caller, hash_, self._shelf_for(caller, hash_), networks, agreements, self._now())

    def _shelf_for(self, caller: Caller, hash_: str) -> Shelf:
        """Return what a caller sees of a profile by the scopes of the token, if there is one."""
        if caller.scopes is None or FEATURES_SCOPE in caller.scopes:
            return self._shelf(hash_)
        return self._shelf(hash_, only=RECORDS) if RECORDS_SCOPE in caller.scopes else NOBODY.shelf

    def _caller(self, principal: Principal) -> tuple[Caller, str, Networks, Reasons]:
        row = self._reader.read(None, [(_QUERIES["caller"], principal)])[0][0]
        who, (*networks, agreements) = row[:9], cast("Any", row[9:])
        subject, account_id, account, account_kind, unit_id, unit, client_id, scopes, hash_ = cast("Any", who)
        caller = Caller(
            subject=subject,
            kind=principal[0],
            key=principal[1],
            account_id=account_id,
            account=account,
            account_kind=AccountKind(account_kind) if account_kind else None,
            unit_id=unit_id,
            unit=unit,
            client_id=client_id,
            scopes=None if scopes is None else frozenset(scopes),
        )
        groups = tuple(tuple(map(ip_network, each)) for each in networks if each)
        return caller, hash_, groups, json.loads(agreements or "{}")

    def _shelf(self, hash_: str, only: str | None = None) -> Shelf:
        """Return the shelf of a profile, or of one collection of it; what is made for the one is never the other's."""
        known = self._shelves.get((hash_, only))
        if known is None:
            profile = read_profile(self._reader, hash_, self._layers)
            known = Shelf(profile if only is None else narrowed(profile, only), self._documents)
            with self._lock:
                known = self._shelves.setdefault((hash_, only), known)
                if len(self._shelves) > _SHELVES_MAX:
                    self._shelves.popitem(last=False)
        return known


def narrowed(profile: Profile, collection: str) -> Profile:
    """Return the part of a profile that is one collection."""
    facets = {id(each): each for (id_, _), each in profile.facets.items() if id_ == collection}
    return compile_profile(facets.values(), profile.valid_until)


def principal_of(authorization: str, cookie: str, name: str) -> Principal:
    """Return by which kind and key two headers say who asks; ``name`` is that of the cookie of a session.

    Raises:
        Unauthorized: what stands in ``Authorization`` is no bearer token.
    """
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token.strip()) <= _TOKEN_LENGTH_MAX:
            raise Unauthorized
        return "token", _digest(token.strip())
    session = _session(cookie, name)
    return ("session", _digest(session)) if session else ("public", "")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _session(cookie: str, name: str) -> str:
    if f"{name}=" not in cookie:
        return ""
    try:
        morsels = SimpleCookie(cookie)
    except CookieError:
        return ""
    return morsels[name].value if name in morsels else ""
