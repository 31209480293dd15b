"""Content codings: choice, and that what was packed comes back."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from formats.coding import PASS_ON_BYTES, compress, compress_stream, negotiate_coding

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda content: zstandard.ZstdDecompressor().decompressobj().decompress(content),
}
INCREMENTAL: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "gzip": lambda: zlib.decompressobj(31).decompress,
    "br": lambda: brotli.Decompressor().process,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
}
each_coding = pytest.mark.parametrize("coding", UNPACK)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, br;q=0.9", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("*, zstd;q=0", "br"),
        ("deflate", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip;q=7", None),
        ("gzip;level=9", None),
    ],
)
def test_the_client_gets_a_coding_that_it_takes(header: str | None, expected: str | None) -> None:
    assert negotiate_coding(header) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_it(header: str) -> None:
    assert negotiate_coding(header) in (None, "gzip", "br", "zstd")


@each_coding
@given(content=st.binary(max_size=5_000))
def test_a_whole_answer_comes_back(coding: str, content: bytes) -> None:
    assert UNPACK[coding](compress(content, coding)) == content


@each_coding
@given(chunks=st.lists(st.binary(max_size=2_000), max_size=8))
def test_a_stream_comes_back(coding: str, chunks: list[bytes]) -> None:
    assert UNPACK[coding](b"".join(compress_stream(chunks, coding))) == b"".join(chunks)


@each_coding
def test_equal_answers_are_equal_in_every_coding(coding: str) -> None:
    content = "Đất ở nông thôn ".encode() * 1_000

    assert compress(content, coding) == compress(content, coding)
    assert len(compress(content, coding)) < len(content) / 10


@each_coding
def test_a_stream_goes_out_while_it_comes_in(coding: str) -> None:
    taken = 0

    def source() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(2_000):
            taken += 1
            yield b"x" * 10_000

    chunks = compress_stream(source(), coding)
    received = next(chunks)
    while taken < 500:
        received += next(chunks)

    unpacker = INCREMENTAL[coding]()
    assert len(unpacker(received)) >= taken * 10_000 - PASS_ON_BYTES


class Source(Iterator[bytes]):
    closed = False

    def __next__(self) -> bytes:
        return b"x" * PASS_ON_BYTES

    def close(self) -> None:
        self.closed = True


@each_coding
@pytest.mark.parametrize("taken", [0, 2])
def test_closing_a_stream_closes_its_source(coding: str, taken: int) -> None:
    source = Source()
    chunks = compress_stream(source, coding)
    for _ in range(taken):
        next(chunks)

    chunks.close()

    assert source.closed
    assert next(chunks, None) is None


def test_an_unknown_coding_is_an_error() -> None:
    with pytest.raises(ValueError, match="deflate"):
        compress(b"", "deflate")
    with pytest.raises(ValueError, match="deflate"):
        list(compress_stream([b""], "deflate"))
