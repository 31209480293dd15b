"""What of a request goes on record: its shape in clear, each literal as an HMAC.

Equal literals have equal HMACs, however they are written (``5`` and ``5.0``, in a parameter or in a filter), so the
audit can be searched for who asked for one parcel or one person; without the key nothing can be read or guessed.
Words stay only where they are known: parameters, names of columns, keywords. Everything else is a literal.
"""

import base64
import hmac
import json
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
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

_PLAIN = {
    "limit": re.compile(r"\d{1,6}"),
    "f": re.compile(r"[a-z0-9-]{1,12}"),
    "lang": re.compile(r"[a-z]{2}"),
    "crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "bbox-crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "filter-crs": re.compile(r"\S{0,60}/EPSG/0/\d{4,5}|\S{0,60}/OGC/1\.3/CRS84"),
    "filter-lang": re.compile(r"cql2-(text|json)"),
    "skipGeometry": re.compile(r"true|false"),
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
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<shape>\b(?:{_SHAPES})\s*[zm]*\s*(?=\())
    |(?P<string>'(?:[^']|'')*'?)
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
        columns: columns that it names, in the order of the alphabet; ``None`` when it names none.
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
        self, query: str, names: Collection[str], *, path: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Question:
        """Return what goes on record of a request.

        Args:
            query: as it came, without the question mark.
            names: columns of the collection that the caller may see; other words are literals.
            path: literals of the path by what they are: ``item``, ``tile``.
            body: CQL2 as JSON or text, of a search by POST.
        """
        if not (query or path or body):
            return NOTHING
        found = _Names(names)
        parts = [f"{name}={self.literal(value)}" for name, value in (path or {}).items()]
        parts += [self._parameter(*pair, found) for pair in parse_qsl(query, keep_blank_values=True)]
        if body:
            parts.append(f"body={self._filter(body.decode('utf-8', 'replace'), found)}")
        text = "&".join(parts)
        if len(text) > TEXT_MAX:
            text = f"{text[:TEXT_MAX]}...{self.literal(text)}"
        return Question(text, found.used, self._seal(query, path, body))

    def literal(self, value: str) -> str:
        """Return the HMAC of a literal."""
        normal = _normal(value).encode("utf-8", "replace")
        return "#" + hmac.digest(self._key, normal, "sha256")[:8].hex()

    def _parameter(self, name: str, value: str, names: "_Names") -> str:
        """Return one parameter."""
        if name in _PLAIN:
            shown = value if _PLAIN[name].fullmatch(value) else self.literal(value)
        elif name in _NAMES:
            shown = ",".join(self._sorted_name(each, names) for each in value.split(","))
        elif name == "filter":
            shown = self._filter(value, names)
        else:
            known = name in _LITERAL or names.take(name)
            name, shown = name if known else self.literal(name), self.literal(value)
        return f"{name}={shown}"

    def _sorted_name(self, text: str, names: "_Names") -> str:
        sign = text[:1] if text[:1] in {"+", "-"} else ""
        name = text.removeprefix(sign).strip()
        return sign + (name if names.take(name) else self.literal(name))

    def _filter(self, text: str, names: "_Names") -> str:
        if text.lstrip()[:1] == "{":
            try:
                return json.dumps(self._json(json.loads(text), names), separators=(",", ":"), ensure_ascii=False)
            except (ValueError, RecursionError):
                return self.literal(text)
        return "".join(self._tokens(text, names))

    def _tokens(self, text: str, names: "_Names") -> Iterator[str]:
        place = 0
        while found := _TOKEN.match(text, place):
            place = found.end()
            kind, token = cast("str", found.lastgroup), found[0]
            match kind:
                case "space":
                    yield " "
                case "sign":
                    yield token
                case "shape":
                    place = _end_of(text, place)
                    yield self.literal(" ".join(text[found.start() : place].lower().split()))
                case "word" | "quoted":
                    yield self._word(token, names)
                case _:
                    yield self.literal(token)

    def _word(self, token: str, names: "_Names") -> str:
        name = token.strip('"')
        if token[0] != '"' and token.lower() in _KEYWORDS:
            return token.lower()
        return name if names.take(name) else self.literal(name)

    def _json(self, node: Any, names: "_Names") -> Any:
        """Return a CQL2 tree with its literals hidden; a geometry is one literal."""
        match node:
            case {"coordinates": _} | {"geometries": _} | {"bbox": _}:
                return self.literal(json.dumps(node, sort_keys=True))
            case {"property": str() as name}:
                return {"property": name if names.take(name) else self.literal(name)}
            case dict():
                tree = cast("dict[str, Any]", node)
                return {self._key_of(key): self._member(key, value, names) for key, value in tree.items()}
            case list():
                return [self._json(each, names) for each in cast("list[Any]", node)]
            case None | bool():
                return node
            case _:
                return self.literal(str(node))

    def _key_of(self, key: str) -> str:
        return key if key in _KEYWORDS else self.literal(key)

    def _member(self, key: str, value: Any, names: "_Names") -> Any:
        if key == "op" and isinstance(value, str):
            return (
                value if value.lower() in _KEYWORDS or re.fullmatch(r"[=<>+*/%^-]{1,2}", value) else self.literal(value)
            )
        return self._json(value, names)

    def _seal(self, query: str, path: Mapping[str, str] | None, body: bytes | None) -> str | None:
        if not self._envelope:
            return None
        told = {"query": query, "path": dict(path or {}), "body": (body or b"").decode("utf-8", "replace")}
        return self._envelope.seal(json.dumps(told, ensure_ascii=False))


class _Names:
    """The names that a request may use, and those that it used."""

    __slots__ = ("_known", "_used")

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._used: set[str] = set()

    def take(self, name: str) -> bool:
        """Tell whether a name is known, and remember that it was used."""
        if name not in self._known:
            return False
        self._used.add(name)
        return True

    @property
    def used(self) -> tuple[str, ...] | None:
        return tuple(sorted(self._used)) or None


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


def _normal(value: str) -> str:
    """Return a literal in its one form: a string without its quotes, a number without its zeros."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    try:
        number = Decimal(value)
        return str(number.normalize()) if number.is_finite() else value
    except ArithmeticError:  # no number, or one beyond all bounds
        return unicodedata.normalize("NFC", value)


def _end_of(text: str, place: int) -> int:
    """Return where the parenthesis that opens at a place ends, or the end of the text."""
    depth = 0
    for found in re.compile(r"[()]").finditer(text, place):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return len(text)
