"""Clauses of an agreement: from the document that people write to grants, with every fault in one list.

A document names layers, columns, operations, formats and administrative codes. What is drafted is a body in which all
of them are written out: ``all`` has become names, a district the ids of its row and of its communes on one legal day.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints
from pydantic import ValidationError as Invalid

from auth.model import Grant, UnitKind
from auth.policy.compiler import NO_REQUEST, grant_faults
from auth.territory import COMMUNE, DISTRICT, Territories
from catalogue.files import Slug, Words
from catalogue.layer import Column, Layer
from catalogue.profile import Allowance, Between, OneOf, Operation, RowScope, Term
from catalogue.record_keys import RECORDS
from catalogue.types import ColumnType
from core.errors import BadDocument
from core.faults import Fault, excess_of, faults_of
from core.limits import LIMITS
from core.phrases import Phrase

type Json = dict[str, Any]

FORMATS = frozenset({"json", "jsonfg", "csv", "fgb", "gpkg", "gml", "html"})
"""Keys of the formats in which a collection may leave, as a client names them by ``f``."""
CLAUSES_MAX = 100
_FAULTS_MAX = 20
_VALUES_MAX = LIMITS.in_list_max
_ORDERED = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DATE)
_LISTED: Mapping[ColumnType, type] = {
    ColumnType.TEXT: str,
    ColumnType.INTEGER: int,
    ColumnType.BOOLEAN: bool,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What clauses may name: layers by id, and the keys of the formats that there are."""

    layers: Mapping[str, Layer]
    formats: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is read.

    Attributes:
        own: id of the recipient's own administrative unit; ``None``: it has none.
        own_is_open: ``own`` stays open, as in a package: nobody's territory yet, hence no row.
        public: the document is a publication to everybody.
        special: the document answers a request.
        recipient: the kind of the unit that receives; ``None``: no unit does, or none yet.
    """

    territories: Territories
    day: date
    own: int | None = None
    own_is_open: bool = False
    public: bool = False
    special: bool = False
    recipient: UnitKind | None = None


def vocabulary_of(layers: Iterable[Layer], formats: frozenset[str] = FORMATS) -> Vocabulary:
    """Return what clauses may name."""
    return Vocabulary({each.id: each for each in layers}, formats)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{2,5}$")]
Value = StrictBool | StrictInt | Annotated[str, StringConstraints(strict=True, min_length=1)]


RequestCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$")]
"""The code of the unit, a point, and how the unit names its request."""


class _Units(_Part):
    districts: list[Code] = Field(default_factory=list[str], max_length=_VALUES_MAX)
    communes: list[Code] = Field(default_factory=list[str], max_length=_VALUES_MAX)
    units: list[StrictInt] = Field(default_factory=list[int], max_length=_VALUES_MAX)
    """Ids, each one administrative unit alone: a migration to a successor, whose codes are of two days, writes them."""


class _Term(_Part):
    column: str
    one_of: list[Value] | None = Field(None, min_length=1, max_length=_VALUES_MAX)
    begin: date | float | int | None = None
    end: date | float | int | None = None


class _Rows(_Part):
    territory: Literal["province", "own"] | _Units
    terms: list[_Term] = Field(default_factory=list[_Term], max_length=20)


class Clause(_Part):
    """One clause as it is written."""

    layer: str
    operations: list[str] = Field(min_length=1)
    columns: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    geometry: StrictBool
    rows: _Rows
    formats: Annotated[list[str], Field(min_length=1)] | None = None
    page_max: Annotated[StrictInt, Field(ge=1, le=LIMITS.page_size_max)] | None = None
    daily_items: Annotated[StrictInt, Field(ge=1)] | None = None


def _is_hash(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("a SHA-256 is 64 lower-case hexadecimal digits")
    return text


class Terms(_Part):
    """What is agreed upon, as it is written: the paper, the purpose, the days and the clauses."""

    document: Words
    document_sha256: Annotated[str, AfterValidator(_is_hash)] | None = None
    purpose: Words
    legal_basis: Words
    valid_from: date
    valid_until: date | None = None
    territory_day: date | None = None
    clauses: list[Clause] = Field(min_length=1, max_length=CLAUSES_MAX)


class AgreementDocument(Terms):
    """An agreement as it is written in YAML or JSON."""

    agreement: Slug
    kind: Literal["mac_dinh", "dac_thu", "cong_khai"]
    title: Words | None = None
    recipient: Slug | None = None
    request: RequestCode | None = None


class PackageDocument(Terms):
    """A package of default sharing as it is written in YAML or JSON."""

    package: Slug
    title: Words


def read_document[Kind: BaseModel](kind: type[Kind], written: Any) -> Kind:
    """Read a document of a kind.

    Raises:
        BadDocument: it is not as it must be; the text lists every fault.
    """
    if too_much := list(islice(excess_of(written), _FAULTS_MAX)):
        raise BadDocument(too_much)
    try:
        return kind.model_validate(written)
    except Invalid as error:
        raise BadDocument(faults_of(error, whole="-")) from error


def body_of(terms: Terms, vocabulary: Vocabulary, place: Place) -> Json:
    """Return the body of a version: the terms with everything written out.

    Raises:
        BadDocument: a clause names what there is not, or grants what may not be granted; the text lists every fault.
    """
    faults = list(_term_faults(terms))
    for number, clause in enumerate(terms.clauses):
        faults += ((f"clauses.{number}.{where}", what) for where, what in _faults(clause, vocabulary, place))
    if faults:
        raise BadDocument(faults)
    grants = [_written(each, vocabulary.layers[each.layer], place) for each in terms.clauses]
    faults = [
        (f"clauses.{number}", each)
        for number, grant in enumerate(grants)
        for each in grant_faults(_grant(grant), vocabulary.layers, place.recipient)
    ]
    if faults:
        raise BadDocument(faults)
    return {
        "document": terms.document,
        "document_sha256": terms.document_sha256,
        "purpose": terms.purpose,
        "legal_basis": terms.legal_basis,
        "valid_from": terms.valid_from.isoformat(),
        "valid_until": terms.valid_until and terms.valid_until.isoformat(),
        "territory_day": place.day.isoformat(),
        "grants": grants,
    }


def terms_of(body: Json) -> Json:
    """Return the terms of a body as they are written in a document; ``body_of`` makes the same body of them."""
    kept = {
        key: body[key] for key in ("document", "purpose", "legal_basis", "valid_from", "valid_until", "territory_day")
    }
    sealed = {"document_sha256": body["document_sha256"]} if body.get("document_sha256") else {}
    return kept | sealed | {"clauses": [_clause(each) for each in body["grants"]]}


def grants_of(body: Json) -> tuple[Grant, ...]:
    """Return the grants of a body."""
    return tuple(_grant(each) for each in body["grants"])


def _term_faults(terms: Terms) -> Iterator[Fault]:
    if terms.valid_until and terms.valid_until <= terms.valid_from:
        yield "valid_until", Phrase("the end lies after the begin.")


def _faults(clause: Clause, vocabulary: Vocabulary, place: Place) -> Iterator[Fault]:
    layer = vocabulary.layers.get(clause.layer)
    if layer is None:
        yield "layer", _allowed(Phrase("there is no layer {}.", (clause.layer,)), vocabulary.layers)
        return
    if place.special and layer.id == RECORDS:
        yield "layer", NO_REQUEST
    yield from _column_faults(clause, layer, place)
    yield from _operation_faults(clause, layer)
    yield from _format_faults(clause, sorted(vocabulary.formats))
    yield from _territory_faults(clause, layer, place)
    for number, term in enumerate(clause.rows.terms):
        yield from ((f"rows.terms.{number}", what) for what in _scope_faults(term, clause, layer))
    named = [each.column for each in clause.rows.terms]
    for name in sorted({each for each in named if named.count(each) > 1}):
        yield "rows.terms", Phrase("{} is limited twice.", (name,))


def _column_faults(clause: Clause, layer: Layer, place: Place) -> Iterator[Fault]:
    names = [each.name for each in layer.columns]
    if clause.columns != "all":
        for name in _strangers(clause.columns, names):
            yield "columns", _allowed(Phrase("there is no column {}.", (name,)), names)
        yield from _repeated("columns", clause.columns)
    if clause.geometry and layer.geometry is None:
        yield "geometry", Phrase("the layer has no geometry.")
    personal = sorted(each.name for each in layer.columns if each.personal and each.name in _columns(clause, layer))
    if place.public and personal:
        yield "columns", Phrase("personal data are not published to everybody: {}.", (", ".join(personal),))


def _operation_faults(clause: Clause, layer: Layer) -> Iterator[Fault]:
    for name in _strangers(clause.operations, Operation):
        yield "operations", _allowed(Phrase("there is no operation {}.", (name,)), Operation)
    yield from _repeated("operations", clause.operations)
    others = sorted(set(clause.operations) - {Operation.READ, Operation.EXECUTE})
    if others and Operation.READ not in clause.operations:
        yield "operations", Phrase("without read there is no {}.", (", ".join(others),))
    if Operation.TILE in clause.operations and not (clause.geometry and layer.geometry):
        yield "operations", Phrase("tiles show the geometry, which the clause does not grant.")


def _format_faults(clause: Clause, formats: list[str]) -> Iterator[Fault]:
    for name in _strangers(clause.formats or (), formats):
        yield "formats", _allowed(Phrase("there is no format {}.", (name,)), formats)
    yield from _repeated("formats", clause.formats or ())


def _territory_faults(clause: Clause, layer: Layer, place: Place) -> Iterator[Fault]:
    where = "rows.territory"
    match clause.rows.territory:
        case "province":
            return
        case "own":
            if place.own is None and not place.own_is_open:
                yield where, Phrase("the recipient has no territory of its own.")
        case units:
            yield from _unit_faults(units, place)
    shown = {each.name for each in layer.columns} & {layer.territory} <= _columns(clause, layer)
    if not shown:
        yield where, Phrase("rows are limited by {}, which is not among the columns of the clause.", (layer.territory,))


def _unit_faults(units: _Units, place: Place) -> Iterator[Fault]:
    if not (units.districts or units.communes or units.units):
        yield "rows.territory", Phrase("at least one code is needed.")
    for key, level, codes in (("districts", DISTRICT, units.districts), ("communes", COMMUNE, units.communes)):
        known = place.territories.codes(level, place.day)
        for code in codes:
            if code not in known:
                yield f"rows.territory.{key}", Phrase("nothing had the code {} on {}.", (code, place.day))
    for id_ in units.units:
        if id_ not in place.territories.places:
            yield "rows.territory.units", Phrase("there is no administrative unit {}.", (id_,))


def _scope_faults(term: _Term, clause: Clause, layer: Layer) -> Iterator[Phrase]:
    column = next((each for each in layer.columns if each.name == term.column), None)
    if term.column not in layer.scopes or column is None:
        yield _allowed(Phrase("rows are not limited by {} here.", (term.column,)), layer.scopes)
        return
    if term.column not in _columns(clause, layer):
        yield Phrase("rows are limited by {}, which is not among the columns of the clause.", (term.column,))
    has_limits = term.begin is not None or term.end is not None
    if (term.one_of is not None) == has_limits:
        yield Phrase("either one_of is needed, or begin or end.")
    elif term.one_of is not None:
        yield from _value_faults(term.one_of, column)
    else:
        yield from _limit_faults(term, column)


def _value_faults(values: list[bool | int | str], column: Column) -> Iterator[Phrase]:
    wanted = _LISTED.get(column.type)
    if wanted is None or any(type(each) is not wanted for each in values):
        yield Phrase("{} holds values of the type {}; these are others.", (column.name, column.type))


def _limit_faults(term: _Term, column: Column) -> Iterator[Phrase]:
    limits = [each for each in (term.begin, term.end) if each is not None]
    is_date = column.type is ColumnType.DATE
    if column.type not in _ORDERED or any(isinstance(each, date) != is_date for each in limits):
        yield Phrase("{} holds values of the type {}; these are others.", (column.name, column.type))
    elif len(limits) == 2 and not _number(limits[0]) < _number(limits[1]):
        yield Phrase("the end lies after the begin.")


def _number(limit: date | float) -> float:
    return limit.toordinal() if isinstance(limit, date) else limit


def _strangers(given: Iterable[str], known: Iterable[str]) -> list[str]:
    return [each for each in dict.fromkeys(given) if each not in known]


def _repeated(where: str, given: Iterable[str]) -> Iterator[Fault]:
    names = list(given)
    for each in sorted({each for each in names if names.count(each) > 1}):
        yield where, Phrase("{} stands there twice.", (each,))


def _allowed(problem: Phrase, allowed: Iterable[str]) -> Phrase:
    return Phrase("{} Allowed: {}.", (problem, ", ".join(allowed) or "-"))


def _columns(clause: Clause, layer: Layer) -> frozenset[str]:
    return frozenset(each.name for each in layer.columns) if clause.columns == "all" else frozenset(clause.columns)


def _written(clause: Clause, layer: Layer, place: Place) -> Json:
    territory = clause.rows.territory
    rows = [*_territory_rows(clause, layer, place), *(_written_term(each) for each in clause.rows.terms)]
    return {
        "layer": layer.id,
        "operations": sorted(clause.operations),
        "columns": sorted(_columns(clause, layer)),
        "geometry": clause.geometry,
        "territory": territory if isinstance(territory, str) else _written_units(territory),
        "territory_column": layer.territory,
        "rows": sorted(rows, key=lambda each: each["column"]),
        "formats": None if clause.formats is None else sorted(clause.formats),
        "page_max": clause.page_max,
        "daily_items": clause.daily_items,
    } | ({"aggregate": True} if layer.aggregate else {})


def _written_units(units: _Units) -> Json:
    written: Json = {"districts": sorted(set(units.districts)), "communes": sorted(set(units.communes))}
    written["units"] = sorted(set(units.units))
    return {key: codes for key, codes in written.items() if codes}


def _territory_rows(clause: Clause, layer: Layer, place: Place) -> Iterator[Json]:
    ids = _ids(clause.rows.territory, place)
    if ids is not None:
        yield {"column": layer.territory, "one_of": sorted(ids)}


def _ids(territory: str | _Units, place: Place) -> frozenset[int] | None:
    """Return the ids that a territory stands for on the day; ``None`` is every row, an open ``own`` none."""
    match territory:
        case "own":
            return frozenset() if place.own is None else own_ids(place.territories, place.own, place.day)
        case _Units(districts=districts, communes=communes, units=units):
            found = [
                *(place.territories.find(DISTRICT, each, place.day) for each in districts),
                *(place.territories.find(COMMUNE, each, place.day) for each in communes),
            ]
            ids = {id_ for each in found if each for id_ in place.territories.whole(each.id, place.day)}
            return frozenset(ids | set(units))
        case _:
            return None


def own_ids(territories: Territories, own: int, day: date) -> frozenset[int] | None:
    """Return the ids of a unit's own territory on a day; ``None``: it is the province."""
    return None if territories.is_province(own) else territories.whole(own, day)


def _written_term(term: _Term) -> Json:
    if term.one_of is not None:
        return {"column": term.column, "one_of": sorted(set(term.one_of), key=lambda each: (str(type(each)), each))}
    return {"column": term.column, "begin": _limit(term.begin), "end": _limit(term.end)}


def _limit(limit: date | float | None) -> str | None:
    return None if limit is None else str(limit)


def _clause(grant: Json) -> Json:
    rows = {"territory": grant["territory"]} | _further(grant)
    optional = {key: grant[key] for key in ("formats", "page_max", "daily_items") if grant[key] is not None}
    return {key: grant[key] for key in ("layer", "operations", "columns", "geometry")} | {"rows": rows} | optional


def _further(grant: Json) -> Json:
    """Return the terms besides the territory, which stands there by its codes."""
    resolved = [] if grant["territory"] == "province" else [grant["territory_column"]]
    terms = [each for each in grant["rows"] if each["column"] not in resolved]
    return {"terms": [_readable(each) for each in terms]} if terms else {}


def _readable(term: Json) -> Json:
    if "one_of" in term:
        return dict(term)
    return {"column": term["column"]} | {key: _value(term[key]) for key in ("begin", "end") if term[key] is not None}


def _value(limit: str) -> str | float | int:
    if re.fullmatch(r"-?\d+", limit):
        return int(limit)
    return float(limit) if re.fullmatch(r"-?\d+\.\d+", limit) else limit


def _grant(written: Json) -> Grant:
    return Grant(
        layer=written["layer"],
        columns=frozenset(written["columns"]),
        geometry=written["geometry"],
        rows=RowScope(tuple(_term(each) for each in written["rows"])),
        allowance=Allowance(
            operations=frozenset(Operation(each) for each in written["operations"]),
            formats=None if written["formats"] is None else frozenset(written["formats"]),
            page_max=written["page_max"],
            daily_items=written["daily_items"],
        ),
    )


def _term(written: Json) -> Term:
    if "one_of" in written:
        return OneOf(written["column"], tuple(written["one_of"]))
    return Between(written["column"], written["begin"], written["end"])
