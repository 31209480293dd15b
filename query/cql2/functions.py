"""The functions that a filter may call: closed, typed, total, and blind to everything but their arguments."""

from dataclasses import dataclass

from catalogue.layer import Text
from catalogue.types import ColumnType
from core.errors import BadFilter
from query.cql2.literals import shown, wrong_count
from query.cql2.operand import NUMERIC, Operand, exact, expect

_TEXT = frozenset({ColumnType.TEXT})
_INSTANT = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Function:
    """One published function."""

    name: str
    description: Text
    arguments: tuple[frozenset[ColumnType], ...]
    """For each argument the types that it may have."""
    returns: ColumnType
    sql: str
    """The expression, with ``{0}``, ``{1}`` for the arguments."""


FUNCTIONS = (
    Function("abs", Text("Giá trị tuyệt đối.", "Absolute value."), (NUMERIC,), ColumnType.NUMBER, "abs({0})"),
    Function(
        "floor",
        Text("Số nguyên lớn nhất không vượt quá một số.", "Greatest integer that is not above a number."),
        (NUMERIC,),
        ColumnType.NUMBER,
        "floor({0})",
    ),
    Function(
        "ceil",
        Text("Số nguyên nhỏ nhất không bé hơn một số.", "Least integer that is not below a number."),
        (NUMERIC,),
        ColumnType.NUMBER,
        "ceil({0})",
    ),
    Function(
        "length",
        Text("Số ký tự của một văn bản.", "Number of characters of a text."),
        (_TEXT,),
        ColumnType.INTEGER,
        "char_length({0})",
    ),
    Function(
        "starts_with",
        Text("Văn bản có bắt đầu bằng một văn bản khác hay không.", "Whether a text starts with another."),
        (_TEXT, _TEXT),
        ColumnType.BOOLEAN,
        "starts_with({0}, {1})",
    ),
    Function(
        "array_size",
        Text("Số phần tử của một mảng.", "Number of elements of an array."),
        (frozenset({ColumnType.TEXT_ARRAY}),),
        ColumnType.INTEGER,
        "cardinality({0})",
    ),
    Function(
        "year",
        Text("Năm của một ngày, hoặc của một thời điểm theo giờ UTC.", "Year of a date, or of a timestamp in UTC."),
        (_INSTANT,),
        ColumnType.NUMBER,
        "date_part('year', {0})",
    ),
    Function(
        "month",
        Text("Tháng của một ngày, hoặc của một thời điểm theo giờ UTC.", "Month of a date, or of a timestamp in UTC."),
        (_INSTANT,),
        ColumnType.NUMBER,
        "date_part('month', {0})",
    ),
    Function(
        "centroid",
        Text("Trọng tâm của một hình học.", "Geometric centre of a geometry."),
        (frozenset({ColumnType.GEOMETRY}),),
        ColumnType.GEOMETRY,
        "ST_Centroid({0})",
    ),
)
"""Every function beside the standardized ones, for the list of functions and the API document."""

_FOLDS = {"casei": "dm.chu_thuong({0})", "accenti": "dm.bo_dau({0})"}
_BY_NAME = {each.name: each for each in FUNCTIONS}


def call(name: str, arguments: list[Operand]) -> Operand:
    """Call a function.

    Raises:
        BadFilter: it is not published, or its arguments do not fit.
    """
    if name in _FOLDS:
        return _fold(name, arguments)
    function = _BY_NAME.get(name)
    if function is None:
        raise BadFilter("there is no function {}.", shown(name))
    if len(arguments) != len(function.arguments):
        raise wrong_count(name, len(function.arguments))
    found = [_argument(each, kinds) for each, kinds in zip(arguments, function.arguments, strict=True)]
    params = tuple(value for each in found for value in each.params)
    is_exact = function.arguments == (NUMERIC,)
    return Operand(function.returns, function.sql.format(*(each.sql for each in found)), params, exact=is_exact)


def _fold(name: str, arguments: list[Operand]) -> Operand:
    (text,) = arguments
    folded = expect(text, _TEXT)
    return Operand(ColumnType.TEXT, _FOLDS[name].format(folded.sql), folded.params)


def _argument(operand: Operand, kinds: frozenset[ColumnType]) -> Operand:
    found = expect(operand, kinds)
    if found.type in NUMERIC:
        return exact(found)
    if found.type is ColumnType.TIMESTAMP:
        return Operand(found.type, f"({found.sql} AT TIME ZONE 'UTC')", found.params)
    return found
