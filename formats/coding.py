"""Content codings: which one a client takes, and compression of bounded answers and of streams."""

import re
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

import brotli
import zstandard

MINIMUM_BYTES = 1_024
"""Below it an answer goes as it is: it fits into one packet anyway."""

PASS_ON_BYTES = 262_144
"""A stream gives out what it holds after so many bytes: brotli alone would hold back megabytes."""

# Levels by measurement, see docs/reference/formats.md.
_ZSTD_LEVEL, _BROTLI_QUALITY, _GZIP_LEVEL = 1, 3, 5
_PREFERENCE = ("zstd", "br", "gzip")
_CODING = re.compile(r"^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$")
_GZIP_CONTAINER = 31
_ELEMENTS_MAX = 64


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def pass_on(self) -> bytes:
        """Return what was held back, so that a reader can read all that came in."""
        ...

    def finish(self) -> bytes: ...


def negotiate_coding(accept_encoding: str | None) -> str | None:
    """Return ``zstd``, ``br`` or ``gzip`` as the client likes it best, the fastest among equals; ``None``: as it is.

    Source: RFC 9110, clause 12.5.3.
    """
    qualities: dict[str, float] = {}
    for element in (accept_encoding or "").split(",")[:_ELEMENTS_MAX]:
        if match := _CODING.match(element):
            qualities[match[1].lower().removeprefix("x-")] = float(match[2] or 1)
    wished = {each: qualities.get(each, qualities.get("*", 0.0)) for each in _PREFERENCE}
    best = max(_PREFERENCE, key=lambda each: wished[each])
    plain = qualities.get("identity", 0.0)
    return best if wished[best] > 0 and wished[best] >= plain else None


def compress(content: bytes, coding: str) -> bytes:
    """Return a whole answer in a coding; equal content gives equal bytes.

    Raises:
        ValueError: not one of the three codings.
    """
    compressor = _compressor(coding)
    return compressor.compress(content) + compressor.finish()


class Compressed(Iterator[bytes]):
    """A stream in a coding. Closing it closes its source, also before the first chunk."""

    def __init__(self, chunks: Iterable[bytes], coding: str) -> None:
        self.source = chunks
        self._pieces = _pieces(chunks, _compressor(coding))

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self._pieces.close()
        if isinstance(self.source, _Closable):
            self.source.close()


def compress_stream(chunks: Iterable[bytes], coding: str) -> Compressed:
    """Return chunks in a coding as they come; at most ``PASS_ON_BYTES`` and one chunk are held back.

    Raises:
        ValueError: not one of the three codings.
    """
    return Compressed(chunks, coding)


def _pieces(chunks: Iterable[bytes], compressor: _Compressor) -> Generator[bytes]:
    held = 0
    for chunk in chunks:
        compressed = compressor.compress(chunk)
        held += len(chunk)
        if held >= PASS_ON_BYTES:
            compressed += compressor.pass_on()
            held = 0
        if compressed:
            yield compressed
    if rest := compressor.finish():
        yield rest


class _Brotli:
    def __init__(self) -> None:
        inner = brotli.Compressor(quality=_BROTLI_QUALITY)
        self.compress, self.pass_on, self.finish = inner.process, inner.flush, inner.finish


class _Zstd:
    def __init__(self) -> None:
        inner = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        self.compress, self.finish = inner.compress, inner.flush
        self.pass_on = partial(inner.flush, zstandard.COMPRESSOBJ_FLUSH_BLOCK)


class _Gzip:
    def __init__(self) -> None:
        inner = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_CONTAINER)
        self.compress, self.finish = inner.compress, inner.flush
        self.pass_on = partial(inner.flush, zlib.Z_SYNC_FLUSH)


_COMPRESSORS: dict[str, Callable[[], _Compressor]] = {"zstd": _Zstd, "br": _Brotli, "gzip": _Gzip}


def _compressor(coding: str) -> _Compressor:
    if coding not in _COMPRESSORS:
        raise ValueError(coding)
    return _COMPRESSORS[coding]()
