"""The chain over the audit: what is hashed, in which order. Pure: no database, no key.

A row is a canonical JSON array of its columns; its leaf is SHA-256 of that text. A seal takes rows in their order::

    h_0 = the seal before (zeros before the first),  h_n = SHA-256(h_n-1 || leaf_n)
    seal = SHA-256(what the seal says of itself || root of the Merkle tree over the leaves || h_last)

The leaf stands for its row, so the chain can still be followed when the rows have left the database.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

HASH_LENGTH = 32
NOTHING = bytes(HASH_LENGTH)
"""The seal before the first one."""

_LEAF, _NODE, _SEAL = b"\0", b"\1", b"\2"  # so that no hash of one kind passes for one of another (RFC 9162)


@dataclass(frozen=True, slots=True)
class Interval:
    """Transactions ``since`` until, not including, ``until``, of one era."""

    era: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of the chain over some rows.

    Attributes:
        n: 1, 2, 3 ...
        rows: how many.
        leaves: one for each row, joined; ``None`` when they were kept long enough.
        chain: h_n of the last row.
        digest: the seal itself.
    """

    n: int
    interval: Interval
    rows: int
    leaves: bytes | None
    root: bytes
    chain: bytes
    made_at: datetime
    digest: bytes


def leaf(canonical: str) -> bytes:
    """Return the leaf of a row."""
    return hashlib.sha256(_LEAF + canonical.encode()).digest()


def make(n: int, interval: Interval, leaves: Sequence[bytes], *, before: bytes, made_at: datetime) -> Seal:
    """Seal rows.

    Args:
        leaves: of the rows in their order; at least one.
        before: digest of the seal before.
    """
    root, chain = root_of(leaves), chain_of(leaves, before)
    digest = digest_of(n, interval, len(leaves), root, chain, before=before, made_at=made_at)
    return Seal(n, interval, len(leaves), b"".join(leaves), root, chain, made_at, digest)


def is_whole(seal: Seal, before: bytes) -> bool:
    """Tell whether a seal is what its own parts say; without leaves, as far as these do not matter."""
    if seal.leaves is not None:
        leaves = list(split(seal.leaves))
        if len(leaves) != seal.rows or root_of(leaves) != seal.root or chain_of(leaves, before) != seal.chain:
            return False
    interval, made_at = seal.interval, seal.made_at
    return seal.digest == digest_of(seal.n, interval, seal.rows, seal.root, seal.chain, before=before, made_at=made_at)


def split(leaves: bytes) -> Iterator[bytes]:
    """Return single leaves."""
    return (leaves[start : start + HASH_LENGTH] for start in range(0, len(leaves), HASH_LENGTH))


def chain_of(leaves: Iterable[bytes], before: bytes) -> bytes:
    """Return h_n of the last row."""
    chain = before
    for each in leaves:
        chain = hashlib.sha256(chain + each).digest()
    return chain


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the Merkle tree; a node without a neighbour goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        above = [
            hashlib.sha256(_NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = above + level[len(level) // 2 * 2 :]
    return level[0] if level else NOTHING


def digest_of(
    n: int, interval: Interval, rows: int, root: bytes, chain: bytes, *, before: bytes, made_at: datetime
) -> bytes:
    """Return the digest of a seal."""
    numbers = (n, interval.era, interval.since, interval.until, rows)
    written = made_at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    head = b"".join(number.to_bytes(8) for number in numbers)
    return hashlib.sha256(_SEAL + before + head + written + root + chain).digest()
