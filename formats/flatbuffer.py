"""A FlatBuffers writer, as small as the header of a FlatGeobuf file needs it.

Everything is little-endian. A table is written after its vtable and before what it points at, so that every offset is
positive and the buffer grows at its end only.

Source: FlatBuffers internals, https://flatbuffers.dev/internals/.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number inside a table; ``code`` is its format character in ``struct``."""

    code: str
    value: int


@dataclass(frozen=True, slots=True)
class Table:
    """Fields by their number in the schema; what is absent has its default."""

    fields: Mapping[int, "Scalar | str | Table | Sequence[Table]"]


def size_prefixed(root: Table) -> bytes:
    """Return a finished buffer behind its length; alignment counts from the length on, as in the official writers."""
    buffer = bytearray(8)
    struct.pack_into("<I", buffer, 4, _write_table(buffer, root) - 4)
    _align(buffer, 8)
    struct.pack_into("<I", buffer, 0, len(buffer) - 4)
    return bytes(buffer)


def _write_table(buffer: bytearray, table: Table) -> int:
    """Append a table and all below it; return its position."""
    inline, places = _inline(table)
    _align(buffer, 2)
    vtable = len(buffer)
    slots = [places.get(number, 0) for number in range(max(places, default=-1) + 1)]
    buffer += struct.pack(f"<{len(slots) + 2}H", 4 + 2 * len(slots), len(inline), *slots)
    _align(buffer, 8)
    position = len(buffer)
    struct.pack_into("<i", inline, 0, position - vtable)
    buffer += inline
    for number, place in places.items():
        _write_child(buffer, position + place, table.fields[number])
    return position


def _inline(table: Table) -> tuple[bytearray, dict[int, int]]:
    """Lay out the table itself: scalars are written, offsets left open. Return it, and the place of each field."""
    inline = bytearray(4)
    places: dict[int, int] = {}
    for number, field in table.fields.items():
        content = struct.pack("<" + field.code, field.value) if isinstance(field, Scalar) else bytes(4)
        _align(inline, len(content))
        places[number] = len(inline)
        inline += content
    _align(inline, 4)
    return inline, places


def _write_child(buffer: bytearray, pointer: int, field: "Scalar | str | Table | Sequence[Table]") -> None:
    match field:
        case Scalar():
            return
        case str():
            child = _write_string(buffer, field)
        case Table():
            child = _write_table(buffer, field)
        case _:
            child = _write_tables(buffer, field)
    struct.pack_into("<I", buffer, pointer, child - pointer)


def _write_string(buffer: bytearray, text: str) -> int:
    _align(buffer, 4)
    position = len(buffer)
    encoded = text.encode()
    buffer += struct.pack("<I", len(encoded)) + encoded + b"\0"
    return position


def _write_tables(buffer: bytearray, tables: Sequence[Table]) -> int:
    _align(buffer, 4)
    position = len(buffer)
    buffer += struct.pack("<I", len(tables)) + bytes(4 * len(tables))
    for i, table in enumerate(tables):
        pointer = position + 4 + 4 * i
        struct.pack_into("<I", buffer, pointer, _write_table(buffer, table) - pointer)
    return position


def _align(buffer: bytearray, size: int) -> None:
    buffer += bytes(-len(buffer) % size)
