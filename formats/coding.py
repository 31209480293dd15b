"""Content codings: which one a client takes, and compression of bounded answers and of streams."""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import brotli
import zstandard

MINIMUM_BYTES = 1_024
"""Below it an answer goes as it is: it fits into one packet anyway."""

# Levels by measurement, see docs/reference/formats.md.
_ZSTD_LEVEL, _BROTLI_QUALITY, _GZIP_LEVEL = 3, 4, 5
_PREFERENCE = ("zstd", "br", "gzip")
_CODING = re.compile(r"^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$")
_GZIP_CONTAINER = 31
_ELEMENTS_MAX = 64


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


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
    match coding:
        case "zstd":
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(content)
        case "br":
            return brotli.compress(content, quality=_BROTLI_QUALITY)
        case "gzip":
            compressor = _compressor(coding)
            return compressor.compress(content) + compressor.flush()
        case _:
            raise ValueError(coding)


def compress_stream(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield chunks in a coding as they come. The source is closed with this generator.

    Raises:
        ValueError: not one of the three codings.
    """
    compressor = _compressor(coding)
    for chunk in chunks:
        if compressed := compressor.compress(chunk):
            yield compressed
    if rest := compressor.flush():
        yield rest


class _Brotli:
    """Brotli's compressor under the names that the other two have."""

    def __init__(self) -> None:
        self._inner = brotli.Compressor(quality=_BROTLI_QUALITY)

    def compress(self, data: bytes, /) -> bytes:
        return self._inner.process(data)

    def flush(self) -> bytes:
        return self._inner.finish()


def _compressor(coding: str) -> _Compressor:
    match coding:
        case "zstd":
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        case "br":
            return _Brotli()
        case "gzip":
            return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_CONTAINER)
        case _:
            raise ValueError(coding)
