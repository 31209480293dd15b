"""The key that signs the seals. It lies with the server, where who administers the database does not reach it."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from core.errors import SettingsError

_PRIVATE, _PUBLIC = "audit.key", "audit.pub"


def signing_key(home: Path) -> Ed25519PrivateKey:
    """Return the key in ``home/audit.key``, made when first asked for; its public half lies in ``home/audit.pub``.

    Raises:
        SettingsError: the file cannot be read or made, or holds something else.
    """
    path = home / _PRIVATE
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
    except OSError as exc:
        raise SettingsError(f"{path} cannot be used as the key of the audit: {exc}") from exc
    key = _read(path)
    public = home / _PUBLIC
    if not public.exists():
        public.write_bytes(public_text(key.public_key()))
    return key


def own_public_key(home: Path) -> Ed25519PublicKey:
    """Return the public half of the key in ``home/audit.key``, which must be there.

    Raises:
        SettingsError: the file cannot be read, or holds something else.
    """
    return _read(home / _PRIVATE).public_key()


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        SettingsError: the file cannot be read, or holds something else.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path} cannot be read as the public key of the audit: {exc}") from exc
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} does not hold an Ed25519 key.")
    return key


def public_file(home: Path) -> Path:
    """Return where the public key lies."""
    return home / _PUBLIC


def public_text(key: Ed25519PublicKey) -> bytes:
    """Return a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def is_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether a message was signed by the holder of a key."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path} cannot be used as the key of the audit: {exc}") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{path} does not hold an Ed25519 key.")
    return key


def _make(path: Path) -> None:
    """Make a key; two processes that both do end with the same."""
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(text)
    with suppress(FileExistsError):
        path.hardlink_to(new)
    new.unlink()
