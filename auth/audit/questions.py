"""What of a request goes on record: its shape in clear, each literal as an HMAC.

Equal literals have equal HMACs, however they are written (``5`` and ``5.0``, in a parameter or in a filter), so the
audit can be searched for who asked for one parcel or one person; without the key nothing can be read or guessed.
Words stay only where they are known: parameters, names of columns, keywords. Everything else is a literal.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from core.errors import SettingsError

TEXT_MAX = 4_096
"""Characters of a question; a longer one is cut and ends with an HMAC of the whole."""
STEPS_MAX = 65_536
"""Words and signs that are looked at for names of columns; no filter that is answered has more."""
FIELDS_MAX = 100
"""Parameters of a query string that are told one by one; no collection takes more."""
SEALED_MAX = 65_536
"""Characters of a clear copy; a longer one is cut, and tells the SHA-256 of the whole."""
ALL = "*"
"""What stands among the columns where a request got all that the caller may see, or may have named any."""

_HMAC_LENGTH = 17
HMACS_MAX = TEXT_MAX // _HMAC_LENGTH + 1
"""HMACs of literals in one question: what would stand behind them is cut off anyway."""
_LOOKED_AT_MAX = 16_384
"""Characters of a query string that are told, and of a tree of CQL2 that is refused; a longer one is one literal."""
_NORMAL_MAX = 256
"""Characters of a literal that is brought to its one form; that takes the square of its length."""
_PLAIN = {
    "limit": re.compile(r"\d{1,6}"),
    "f": re.compile(r"[a-z0-9-]{1,12}"),
    "lang": re.compile(r"[a-z]{2}"),
    "crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "bbox-crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "filter-crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "filter-lang": re.compile(r"cql2-(text|json)"),
    "skipGeometry": re.compile(r"true|false"),
    "resulttype": re.compile(r"hits|results"),
}
"""Parameters whose values tell nothing of anybody, when they look like this."""
_LITERAL = frozenset(
    {"bbox", "datetime", "q", "ids", "offset", "cursor", "thoi-diem", "thoi_diem", "item", "tile", "job"}
)
_NAMES = frozenset({"properties", "exclude-properties", "sortby"})
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "and or not in like between is null true false casei accenti date timestamp interval bbox div isnull "
        "s_intersects s_equals s_disjoint s_touches s_within s_overlaps s_crosses s_contains "
        "t_after t_before t_contains t_disjoint t_during t_equals t_finishedby t_finishes t_intersects t_meets t_metby "
        "t_overlappedby t_overlaps t_startedby t_starts a_equals a_contains a_containedby a_overlaps "
        "op args property function name",
    )
)
_SHAPES = r"(?:multi)?(?:point|linestring|polygon)|geometrycollection|bbox|envelope"
_PARENTHESIS = re.compile(r"[()]")
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<shape>\b(?:{_SHAPES})\s*+[zm]*+\s*+(?=\())
    |(?P<string>'(?:[^']++|'')*+'?)
    |(?P<quoted>"[^"]*"?)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<word>[^\W\d][\w.]*)
    |(?P<sign>[()=<>,+*/%-])
    |(?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks.

    Attributes:
        text: None when it asks nothing beyond its path.
        columns: columns that it names, in the order of the alphabet, and ``*`` where it got all; ``None``: neither.
        sealed: the same in clear, encrypted; ``None`` when no key is set.
    """

    text: str | None
    columns: tuple[str, ...] | None
    sealed: str | None = None


NOTHING = Question(None, None)


class Questions:
    """Writes questions with one key."""

    def __init__(self, key: bytes, envelope: "Envelope | None" = None) -> None:
        """Prepare.

        Args:
            key: 32 bytes, as ``core.settings.secret_key`` returns them.
            envelope: encrypts the clear copy; ``None`` keeps none.
        """
        self._key = hmac.digest(key, b"datdai audit literals", "sha256")
        self._envelope = envelope

    def of(
        self,
        query: str,
        names: Collection[str],
        *,
        path: Mapping[str, str] | None = None,
        form: Sequence[tuple[str, str]] = (),
        is_answered: bool = True,
        gives_items: bool = False,
    ) -> Question:
        """Return what goes on record of a request; that costs no more than a bound, however much was sent.

        Args:
            query: as it came, without the question mark.
            names: columns of the collection that the caller may see; other words are literals.
            path: literals of the path by what they are: ``item``, ``tile``.
            form: parameters of a search by POST.
            is_answered: of what is refused, names of columns are told only as far as the text goes.
            gives_items: the answer holds items, with every column that ``properties`` does not leave out.
        """
        if not (query or path or form or gives_items):
            return NOTHING
        reading = Reading(names, STEPS_MAX if is_answered else TEXT_MAX)
        head = "&".join(query.split("&", FIELDS_MAX)[:FIELDS_MAX])[:_LOOKED_AT_MAX]
        pairs = [*parse_qsl(head, keep_blank_values=True), *form]
        text = "".join(self._told(path or {}, pairs, reading))[1:]
        if len(text) > TEXT_MAX or reading.is_over or head != query:
            whole = "&".join((query, *(f"{name}={value}" for name, value in form)))
            text = f"{text[:TEXT_MAX]}...{self.literal(whole)}"
        if gives_items and _gives_all(pairs):
            reading.used.add(ALL)
        return Question(text or None, reading.columns, self._seal(query, path, form))

    def literal(self, value: str) -> str:
        """Return the HMAC of a literal."""
        normal = _normal(value).encode("utf-8", "replace")
        return "#" + hmac.digest(self._key, normal, "sha256")[:8].hex()

    def _told(self, path: Mapping[str, str], pairs: Sequence[tuple[str, str]], reading: "Reading") -> Iterator[str]:
        """Yield a text piece by piece, as far as it may be read."""
        try:
            for name, value in path.items():
                yield f"&{name}={self._hidden(value, reading)}"
            for pair in pairs:
                reading.step()
                yield "&"
                yield from self._parameter(*pair, reading)
        except _EnoughError:
            return

    def _hidden(self, value: str, reading: "Reading") -> str:
        """Return the HMAC of a literal; none where the text is long enough without it."""
        return self.literal(value) if reading.may_hide() else ""

    def _parameter(self, name: str, value: str, reading: "Reading") -> Iterator[str]:
        """Yield one parameter."""
        if name in _PLAIN:
            yield f"{name}={value if _PLAIN[name].fullmatch(value) else self._hidden(value, reading)}"
        elif name in _NAMES:
            yield f"{name}="
            yield from self._list(value, reading)
        elif name == "filter":
            yield "filter="
            yield from self._filter(value, reading)
        else:
            known = name in _LITERAL or reading.take(name)
            yield f"{name if known else self._hidden(name, reading)}={self._hidden(value, reading)}"

    def _list(self, text: str, reading: "Reading") -> Iterator[str]:
        """Yield a list of names, each with a sign or without."""
        for place, each in enumerate(text.split(",", reading.steps)):
            reading.step()
            sign = each[:1] if each[:1] in {"+", "-"} else ""
            name = each.removeprefix(sign).strip()
            yield ("," if place else "") + sign + (name if reading.take(name) else self._hidden(name, reading))

    def _filter(self, text: str, reading: "Reading") -> Iterator[str]:
        if text.lstrip()[:1] == "{":
            yield self._tree(text, reading)
        else:
            yield from self._tokens(text, reading)

    def _tree(self, text: str, reading: "Reading") -> str:
        if len(text) > _LOOKED_AT_MAX and reading.steps <= TEXT_MAX:
            return self._hidden(text, reading)
        try:
            return json.dumps(self._json(json.loads(text), reading), separators=(",", ":"), ensure_ascii=False)
        except (ValueError, RecursionError):
            return self._hidden(text, reading)

    def _tokens(self, text: str, reading: "Reading") -> Iterator[str]:
        place = 0
        while found := _TOKEN.match(text, place):
            reading.step()
            place = found.end()
            kind, token = cast("str", found.lastgroup), found[0]
            match kind:
                case "space":
                    yield " "
                case "sign":
                    yield token
                case "shape":
                    place = _end_of(text, place, reading)
                    yield self._hidden(" ".join(text[found.start() : place].lower().split()), reading)
                case "word" | "quoted":
                    yield self._word(token, reading)
                case _:
                    yield self._hidden(token, reading)

    def _word(self, token: str, reading: "Reading") -> str:
        name = token.strip('"')
        if token[0] != '"' and token.lower() in _KEYWORDS:
            return token.lower()
        return name if reading.take(name) else self._hidden(name, reading)

    def _json(self, node: Any, reading: "Reading") -> Any:
        """Return a CQL2 tree with its literals hidden; a geometry is one literal."""
        reading.step()
        match node:
            case {"coordinates": _} | {"geometries": _} | {"bbox": _}:
                return self._hidden(json.dumps(node, sort_keys=True), reading)
            case {"property": str() as name}:
                return {"property": name if reading.take(name) else self._hidden(name, reading)}
            case dict():
                tree = cast("dict[str, Any]", node)
                return {self._key_of(key, reading): self._member(key, value, reading) for key, value in tree.items()}
            case list():
                return [self._json(each, reading) for each in cast("list[Any]", node)]
            case None | bool():
                return node
            case _:
                return self._hidden(str(node), reading)

    def _key_of(self, key: str, reading: "Reading") -> str:
        return key if key in _KEYWORDS else self._hidden(key, reading)

    def _member(self, key: str, value: Any, reading: "Reading") -> Any:
        if key == "op" and isinstance(value, str):
            is_known = value.lower() in _KEYWORDS or re.fullmatch(r"[=<>+*/%^-]{1,2}", value)
            return value if is_known else self._hidden(value, reading)
        return self._json(value, reading)

    def _seal(self, query: str, path: Mapping[str, str] | None, form: Sequence[tuple[str, str]]) -> str | None:
        if not self._envelope:
            return None
        told = json.dumps({"query": query, "path": dict(path or {}), "form": form}, ensure_ascii=False)
        if len(told) > SEALED_MAX:
            digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
            told = json.dumps({"cut": told[:SEALED_MAX], "sha256": digest}, ensure_ascii=False)
        return self._envelope.seal(told)


class _EnoughError(Exception):
    """Ends the reading of a question that has more than is looked at."""


class Reading:
    """How much of a question may be looked at still, which names it may use, and which it used.

    Attributes:
        steps: how many words and signs may be looked at still.
        used: columns that were named.
        is_over: there was more than could be looked at.
    """

    __slots__ = ("_hmacs", "_known", "is_over", "steps", "used")

    def __init__(self, known: Collection[str], steps: int) -> None:
        self._known = known
        self._hmacs = HMACS_MAX
        self.steps = steps
        self.used: set[str] = set()
        self.is_over = False

    def step(self) -> None:
        """Look at one word or sign more.

        Raises:
            _EnoughError: there were too many, and any column may be named in the rest.
        """
        if self.steps <= 0:
            self.is_over = True
            self.used.add(ALL)
            raise _EnoughError
        self.steps -= 1

    def may_hide(self) -> bool:
        """Tell whether one HMAC more may be made; what stands behind so many is cut off."""
        self._hmacs -= 1
        return self._hmacs >= 0

    def take(self, name: str) -> bool:
        """Tell whether a name is known, and remember that it was used."""
        if name not in self._known:
            return False
        self.used.add(name)
        return True

    @property
    def columns(self) -> tuple[str, ...] | None:
        return tuple(sorted(self.used)) or None


class Envelope:
    """Encrypts to a public key (X25519, HKDF-SHA256, AES-256-GCM); only the holder of the private one reads it.

    A key of its own serves for some messages and a process: making one costs more than a request may.
    """

    _MESSAGES_MAX = 10_000

    def __init__(self, public: X25519PublicKey) -> None:
        self._public = public
        self._lock = threading.Lock()
        self._count = self._MESSAGES_MAX
        self._own = b""
        self._encrypt: Callable[[bytes, bytes, bytes | None], bytes] = _no_key

    def seal(self, text: str) -> str:
        """Return a text encrypted: the key of its own, the number of the message, the cipher text, in base64."""
        with self._lock:
            if self._count >= self._MESSAGES_MAX:
                self._renew()
            self._count += 1
            own, encrypt, nonce = self._own, self._encrypt, self._count.to_bytes(12)
        sealed = own + nonce + encrypt(nonce, text.encode("utf-8", "replace"), own)
        return base64.urlsafe_b64encode(sealed).decode()

    def _renew(self) -> None:
        private = X25519PrivateKey.generate()
        self._own = private.public_key().public_bytes_raw()
        self._encrypt = AESGCM(_shared(private.exchange(self._public), self._own)).encrypt
        self._count = 0


def unseal(private: X25519PrivateKey, text: str) -> str:
    """Return the text of an envelope.

    Raises:
        cryptography.exceptions.InvalidTag: it was sealed to another key, or changed.
    """
    sealed = base64.urlsafe_b64decode(text)
    own, nonce, cipher = sealed[:32], sealed[32:44], sealed[44:]
    shared = _shared(private.exchange(X25519PublicKey.from_public_bytes(own)), own)
    return AESGCM(shared).decrypt(nonce, cipher, own).decode()


def envelope_to(path: Path | None) -> Envelope | None:
    """Return what encrypts to the public key of a file (PEM); ``None`` without a file.

    Raises:
        SettingsError: the file cannot be read, or holds something else.
    """
    if path is None:
        return None
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path} cannot be read as a public key: {exc}") from exc
    if not isinstance(key, X25519PublicKey):
        raise SettingsError(f"{path} does not hold an X25519 key.")
    return Envelope(key)


def private_key(path: Path) -> X25519PrivateKey:
    """Read the private key that opens envelopes (PEM).

    Raises:
        SettingsError: the file cannot be read, or holds something else.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as exc:
        raise SettingsError(f"{path} cannot be read as a private key: {exc}") from exc
    if not isinstance(key, X25519PrivateKey):
        raise SettingsError(f"{path} does not hold an X25519 key.")
    return key


def _no_key(_nonce: bytes, _text: bytes, _beside: bytes | None) -> bytes:
    raise AssertionError("an envelope makes its key first")


def _shared(secret: bytes, own: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=own, info=b"datdai audit envelope").derive(secret)


def _gives_all(pairs: Sequence[tuple[str, str]]) -> bool:
    """Tell whether an answer with items holds all columns: nothing chose some, and not only their number was asked."""
    return not any(name == "properties" or (name, value) == ("resulttype", "hits") for name, value in pairs)


def _normal(value: str) -> str:
    """Return a literal in its one form: a string without its quotes, a number without its zeros."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    if len(value) > _NORMAL_MAX:
        return value
    try:
        number = Decimal(value)
        return str(number.normalize()) if number.is_finite() else value
    except ArithmeticError:  # no number, or one beyond all bounds
        return unicodedata.normalize("NFC", value)


def _end_of(text: str, place: int, reading: Reading) -> int:
    """Return where the parenthesis that opens at a place ends, or the end of the text."""
    depth = 0
    for found in _PARENTHESIS.finditer(text, place):
        reading.step()
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return len(text)
