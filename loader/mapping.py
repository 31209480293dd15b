"""Column mappings: what the columns of a file mean in a layer. Read from ``config/mappings``; pure."""

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import shapely
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import LoadRefused
from loader.files import Chunk
from quality.codes import CodeList, code_at, split_codes
from quality.encodings import Encoding, to_unicode
from quality.rules import Batch, Finding, Values
from quality.values import (
    UnreadableError,
    check_readable,
    read_boolean,
    read_date,
    read_integer,
    read_number,
    read_text,
)


class Reading(StrEnum):
    """How a value of a file becomes a value of a column."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    UUID = "uuid"
    AREA = "area"
    """A number rounded to 0.1 m²."""
    LETTERS = "letters"
    """A sheet named by letters as a number: A is 1, Z 26, AA 27."""
    JOINED_CODES = "joined-codes"
    """Codes in order, joined by a plus sign."""
    CODES = "codes"
    """The same as a list."""
    FIRST_CODE = "first-code"
    FIRST_GROUP = "first-group"
    """The top of the tree in which the first code stands, at the date of the load."""
    CODE_SYSTEM = "code-system"
    """The code system in which the first code is in force at the date of the load."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a column comes from: the first of ``sources`` that the file has, else ``value``.

    Args:
        reading: ``None`` follows the type of the column.
        computed: take the area of the geometry (m²) where the file has none above zero.
    """

    sources: tuple[str, ...] = ()
    value: str | int | float | bool | None = None
    reading: Reading | None = None
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """A move of foreign geometries into the province, for tests and demonstrations.

    Args:
        plane: EPSG number of a metric plane over the foreign place.
        origin: point of that plane that goes to ``onto``; ``None`` is the middle of the file.
        onto: point of ``srid``.
    """

    plane: int
    origin: tuple[float, float] | None
    onto: tuple[float, float]
    srid: int


@dataclass(frozen=True, slots=True)
class Checks:
    """Which rules on sets of rows a layer is held to; ``None`` leaves one out.

    Args:
        overlap_m2: overlaps above this area.
        outside_m: rows that leave their commune by more than this.
        area: column with the stated area.
        point_error_m: for the tolerance of that area.
        codes: list of codes that columns read as codes come from.
        box: where the coordinates must lie (WGS 84); ``None`` takes the units of the database.
    """

    overlap_m2: float | None = None
    outside_m: float | None = 25.0
    area: str | None = None
    point_error_m: float = 0.3
    codes: str | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class LayerMapping:
    """The mapping of one layer; columns that it does not name are taken by their own name."""

    name: str
    source_layers: tuple[str, ...] = ()
    columns: Mapping[str, Origin] = field(default_factory=dict[str, Origin])
    checks: Checks = field(default_factory=Checks)
    placement: Placement | None = None

    def with_values(self, values: Mapping[str, str]) -> "LayerMapping":
        """Return the mapping with constants for some columns, whatever the file says.

        What is read from a column of that name follows the constant.
        """
        columns = {**{name: Origin((name,)) for name in values}, **self.columns}
        return replace(self, columns={name: _constant(name, each, values) for name, each in columns.items()})


def _constant(column: str, origin: Origin, values: Mapping[str, str]) -> Origin:
    given = next((values[name] for name in (column, *origin.sources) if name in values), None)
    return origin if given is None else replace(origin, sources=(), value=given)


@dataclass(frozen=True, slots=True)
class Target:
    """One column of the table: its type as PostgreSQL names it, and whether it must have a value.

    Args:
        longest: characters that a text may have, ``None`` where nothing bounds it.
    """

    name: str
    type: str
    required: bool
    codelist: str | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What reading needs beyond the file: the date, code lists by name, encodings by column of the file."""

    day: date
    codes: Mapping[str, CodeList]
    encodings: Mapping[str, Encoding]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Origin(_Part):
    sources: list[str] = Field(default_factory=list, alias="from")
    value: str | int | float | bool | None = None
    reading: Reading | None = Field(default=None, alias="as")
    otherwise: Literal["computed"] | None = None

    def build(self) -> Origin:
        return Origin(tuple(self.sources), self.value, self.reading, self.otherwise == "computed")


_Pair = Annotated[tuple[float, float], Field()]


class _Placement(_Part):
    plane: int
    origin: _Pair | None = None
    onto: _Pair
    srid: int


class _Checks(_Part):
    overlap_m2: float | None = None
    outside_m: float | None = 25.0
    area: str | None = None
    point_error_m: float = 0.3
    codes: str | None = None
    box: tuple[float, float, float, float] | None = None


class _Layer(_Part):
    source_layers: list[str] = Field(default_factory=list)
    columns: dict[str, _Origin] = Field(default_factory=dict)
    checks: _Checks = Field(default_factory=_Checks)
    placement: _Placement | None = None

    def build(self, name: str) -> LayerMapping:
        placement = self.placement and Placement(**self.placement.model_dump())
        columns = {column: origin.build() for column, origin in self.columns.items()}
        return LayerMapping(name, tuple(self.source_layers), columns, Checks(**self.checks.model_dump()), placement)


class _File(_Part):
    title: dict[Literal["vi", "en"], str]
    layers: dict[str, _Layer]


def read_mapping(path: Path, layer: str) -> LayerMapping:
    """Return the mapping of a layer; one that the file does not name takes every column by its own name.

    Raises:
        LoadRefused: no such file, or it is malformed; the text lists all faults.
    """
    try:
        content = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise LoadRefused(f"There is no mapping {path}.") from exc
    except (yaml.YAMLError, ValidationError) as exc:
        raise LoadRefused(f"The mapping {path.name} is malformed: {exc}") from exc
    return content.layers.get(layer, _Layer()).build(path.stem)


def origin_of(mapping: LayerMapping, column: str, fields: Sequence[str]) -> Origin | None:
    """Return where a column comes from in a file with these fields; ``None`` when from nowhere."""
    origin = mapping.columns.get(column, Origin((column,)))
    by_name = {name.lower(): name for name in fields}
    found = next((by_name[name.lower()] for name in origin.sources if name.lower() in by_name), None)
    if found is not None:
        return Origin((found,), origin.value, origin.reading, origin.computed)
    return None if origin.value is None and not origin.computed else Origin((), *_rest(origin))


def _rest(origin: Origin) -> tuple[str | int | float | bool | None, Reading | None, bool]:
    return origin.value, origin.reading, origin.computed


def read_columns(
    chunk: Chunk,
    origins: Mapping[str, Origin],
    targets: Mapping[str, Target],
    context: Context,
    *,
    codelist: str | None,
) -> tuple[dict[str, Values], list[Finding]]:
    """Return the columns of the table in their types, and what could not be read, which is missing then.

    Args:
        codelist: the list that columns read as codes come from.
    """
    values: dict[str, Values] = {}
    findings: list[Finding] = []
    for name, origin in origins.items():
        raw = _raw(chunk, origin, context)
        kind = targets[name].type
        read = _bounded(reader(origin.reading or reading_of(kind), context, codelist), kind)
        values[name], failed = _read_all(raw, read)
        if failed:
            findings += _unreadable(chunk, name, raw, read)
    return values, findings


def reading_of(kind: str) -> Reading:
    """Return how values become a type of PostgreSQL's; what is not listed is read as text."""
    return _BY_TYPE.get(kind, Reading.TEXT)


_BY_TYPE: Final = {
    "int2": Reading.INTEGER,
    "int4": Reading.INTEGER,
    "int8": Reading.INTEGER,
    "float8": Reading.NUMBER,
    "bool": Reading.BOOLEAN,
    "date": Reading.DATE,
    "uuid": Reading.UUID,
    "_text": Reading.CODES,
}
_LARGEST: Final = {"int2": 2**15, "int4": 2**31, "int8": 2**63}


def reader(reading: Reading, context: Context, codelist: str | None) -> Callable[[object], object]:
    """Return the function that reads one value."""
    codes = context.codes.get(codelist or "", {})
    match reading:
        case Reading.FIRST_GROUP:
            return lambda value: (code := _first_code(value)) and _group(codes, code, context.day)
        case Reading.CODE_SYSTEM:
            return lambda value: (code := _first_code(value)) and _system(codes, code, context.day)
        case _:
            return _READERS[reading]


def _bounded(read: Callable[[object], object], kind: str) -> Callable[[object], object]:
    """Refuse whole numbers that the type of the column cannot hold."""
    largest = _LARGEST.get(kind)
    if largest is None:
        return read

    def bounded(value: object) -> object:
        number = read(value)
        if isinstance(number, int) and not -largest <= number < largest:
            raise UnreadableError(str(value))
        return number

    return bounded


def _area(value: object) -> float | None:
    number = read_number(value)
    return None if number is None else round(number, 1)


def _uuid(value: object) -> str | None:
    text = read_text(value)
    try:
        return None if text is None else str(uuid.UUID(text))
    except ValueError as exc:
        raise UnreadableError(text) from exc


def _letters(value: object) -> int | None:
    text = read_text(value)
    if text is None:
        return None
    if not (text.isascii() and text.isalpha()):
        raise UnreadableError(text)
    number = 0
    for letter in text.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _codes(value: object) -> list[str] | None:
    if isinstance(value, list):
        return [str(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    text = read_text(value)
    return list(split_codes(text)) or None if text else None


def _joined(value: object) -> str | None:
    codes = _codes(value)
    return "+".join(codes) if codes else None


def _first_code(value: object) -> str | None:
    codes = _codes(value)
    return codes[0] if codes else None


def _group(codes: CodeList, code: str, day: date) -> str | None:
    found = code_at(codes, code, day)
    return found.group if found else None


def _system(codes: CodeList, code: str, day: date) -> str | None:
    found = code_at(codes, code, day)
    return found.system if found else None


_READERS: Final[Mapping[Reading, Callable[[object], object]]] = {
    Reading.TEXT: read_text,
    Reading.INTEGER: read_integer,
    Reading.NUMBER: read_number,
    Reading.BOOLEAN: read_boolean,
    Reading.DATE: read_date,
    Reading.UUID: _uuid,
    Reading.AREA: _area,
    Reading.LETTERS: _letters,
    Reading.JOINED_CODES: _joined,
    Reading.CODES: _codes,
    Reading.FIRST_CODE: _first_code,
}


def _raw(chunk: Chunk, origin: Origin, context: Context) -> Values:
    """Return the values as the file has them, text in Unicode; constants and computed areas where it has none."""
    if not origin.sources:
        values = np.full(len(chunk), origin.value, object)
    else:
        encoding = context.encodings.get(origin.sources[0], Encoding.UNICODE)
        values = _decoded(chunk.values[origin.sources[0]], encoding)
    return _with_areas(values, chunk.shapes) if origin.computed else values


def _decoded(values: Values, encoding: Encoding) -> Values:
    decoded = values.copy()
    for i, value in enumerate(values):
        if isinstance(value, str) and not value.isascii():
            decoded[i] = to_unicode(value, encoding)
    return decoded


def _with_areas(values: Values, shapes: Values) -> Values:
    areas = shapely.area(shapes)
    filled = values.copy()
    for i, value in enumerate(values):
        if not value and math.isfinite(areas[i]):
            filled[i] = max(0.1, float(areas[i]))
    return filled


def _read_all(raw: Values, read: Callable[[object], object]) -> tuple[Values, bool]:
    values = np.empty(len(raw), object)
    failed = False
    for i, value in enumerate(raw):
        try:
            values[i] = read(value)
        except UnreadableError:
            failed = True
    return values, failed


def _unreadable(chunk: Chunk, name: str, raw: Values, read: Callable[[object], object]) -> list[Finding]:
    rows = np.arange(chunk.first, chunk.first + len(chunk))
    batch = Batch(rows, [""] * len(chunk), {name: raw}, None)
    return list(check_readable(batch, name, read))
