"""Heads of the chain: what is signed, and the files that leave with the backup.

``home/audit/latest.json`` is the newest seal, ``home/audit/heads/2025-06-30.json`` the last one of a day. A copy of
them on another machine shows what who owns the database cut off or wrote anew.
"""

import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auth.audit.keys import is_signed, public_text


@dataclass(frozen=True, slots=True)
class Head:
    """A signed seal.

    Attributes:
        day: whose last seal it is; ``None`` for the newest one.
    """

    day: date | None
    n: int
    digest: bytes
    signature: bytes


type Files = tuple[tuple[Path, Head | None], ...]
"""Files with the heads in them; ``None`` for a file that holds none."""


def seal_message(digest: bytes) -> bytes:
    """Return what is signed of a seal."""
    return b"datdai audit seal\0" + digest


def head_message(day: date | None, n: int, digest: bytes) -> bytes:
    """Return what is signed of a head."""
    return b"datdai audit head\0" + f"{day or 'latest'} {n} ".encode() + digest


def sign(key: Ed25519PrivateKey, day: date | None, n: int, digest: bytes) -> Head:
    """Make a head."""
    return Head(day, n, digest, key.sign(head_message(day, n, digest)))


def is_genuine(head: Head, key: Ed25519PublicKey) -> bool:
    """Tell whether a head was signed by the holder of a key."""
    return is_signed(key, head.signature, head_message(head.day, head.n, head.digest))


def folder_of(home: Path) -> Path:
    """Return the folder that the backup copies."""
    return home / "audit"


def write(folder: Path, head: Head, key: Ed25519PublicKey) -> None:
    """Write a head to its file, in place of an older one."""
    content = {
        "day": head.day.isoformat() if head.day else None,
        "n": head.n,
        "seal": head.digest.hex(),
        "signature": head.signature.hex(),
        "public_key": public_text(key).decode(),
    }
    path = _file(folder, head.day)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def read(folder: Path) -> Files:
    """Return the heads that lie in a folder, days first."""
    files = [*sorted((folder / "heads").glob("*.json")), folder / "latest.json"]
    return tuple((file, _read(file)) for file in files if file.exists())


def _file(folder: Path, day: date | None) -> Path:
    return folder / "heads" / f"{day}.json" if day else folder / "latest.json"


def _read(file: Path) -> Head | None:
    try:
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        day = date.fromisoformat(told["day"]) if told["day"] else None
        return Head(day, int(told["n"]), bytes.fromhex(told["seal"]), bytes.fromhex(told["signature"]))
    except (ValueError, KeyError, TypeError):
        return None
