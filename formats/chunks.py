"""Gathering of small pieces of output into chunks worth sending."""

from collections.abc import Iterable, Iterator

CHUNK_BYTES = 65_536


def gathered(pieces: Iterable[bytes], *, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Join pieces in order until ``size`` bytes are there; no chunk is empty."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held.clear()
            length = 0
    if length:
        yield b"".join(held)
