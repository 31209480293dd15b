"""Why somebody may do something with a layer, or may not: by which agreement and function, or what is missing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import AccountState, AgreementKind, Caller, Function, GrantInForce, UnitKind
from auth.policy.compiler import Because, Compiled, Misfit, Refused, collection_id, compile_profile_of, kind_faults
from auth.rights.publishing import functions_of, read_grants, read_holders
from auth.standing import standing
from auth.territory import Named, Territories, read_territories
from auth.written import content_of as written
from catalogue.layer import Layer, Text
from catalogue.profile import READING, Allowance, Between, Collection, OneOf, Operation, RowScope, Term
from catalogue.record_keys import KEY, RECORDS
from core.errors import NotFound
from core.phrases import ENGLISH, Translations
from database.queries import load

type Json = dict[str, Any]

_SQL = load("auth.rights", "explain.sql")


@dataclass(frozen=True, slots=True)
class Granted:
    """Access, limited to these rows and columns."""

    rows: RowScope
    columns: tuple[str, ...]
    geometry: bool
    allowance: Allowance
    because: Because


@dataclass(frozen=True, slots=True)
class Denied:
    """No access. ``reason`` is for who administers the account, never for who asks for data."""

    reason: Text


type Decision = Granted | Denied


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an account may do with a layer on a legal day, by collection and operation.

    ``territory``: the layer's column with the administrative unit of a row, whose values ``territories`` names.
    """

    account: str
    unit: str
    layer: str
    day: date
    decisions: Mapping[str, Mapping[Operation, Decision]]
    territory: str
    territories: Territories


@dataclass(frozen=True, slots=True)
class Subject:
    """An account as far as its rights depend on it, on one legal day.

    Attributes:
        is_expired: its password is too old.
        is_stale: its rights have changed and are not published yet.
        is_withheld: its unit never has the layer.
    """

    id: int
    code: str
    unit_id: int
    unit: str
    unit_kind: UnitKind
    state: AccountState
    ends_on: date | None
    unit_exists: bool
    is_expired: bool
    is_stale: bool
    is_withheld: bool = False


def explain(
    connection: Connection[Any],
    layers: Iterable[Layer],
    account: str,
    layer: str,
    *,
    day: date,
    vietnamese: Translations = ENGLISH,
) -> Explanation:
    """Explain what an account may do with a layer: its own collection, and those of special requests.

    Args:
        vietnamese: translations of what stands in the way of putting rights together.

    Raises:
        NotFound: there is no such account or layer.
    """
    known = {each.id: each for each in layers}
    subject = _subject(connection, account, day)
    if layer not in known:
        raise NotFound
    subject = replace(subject, is_withheld=bool(kind_faults(subject.unit_kind, known[layer])))
    grants = _about(layer, _grants(connection, subject, day), subject, known)
    functions = [each for each in _functions(connection, subject, day) if each.period.holds(day)]
    compiled = compile_profile_of(grants, functions, known, day)
    own = {collection_id(each) for each in grants if each.grant.layer == layer}
    ids = sorted({layer, *own}, key=lambda each: ("~" in each, each))
    kept = compiled.kept if isinstance(compiled, Refused) else compiled
    misfits = {each.collection: each for each in compiled.misfits} if isinstance(compiled, Refused) else {}
    stuck = {id_: _stuck(each, vietnamese) for id_, each in misfits.items()}
    decisions = {id_: _decisions(id_, subject, grants, functions, kept, stuck.get(id_), day) for id_ in ids}
    return Explanation(
        account, subject.unit, layer, day, decisions, known[layer].territory, read_territories(connection)
    )


def explain_for(
    connection: Connection[Any],
    actor: Caller,
    layers: Iterable[Layer],
    account: str,
    layer: str,
    *,
    day: date,
    vietnamese: Translations = ENGLISH,
) -> Explanation:
    """Explain an account's rights to who may know them: the Sở, the head of its unit, and itself.

    Raises:
        Forbidden: the actor may do nothing today.
        NotFound: there is no such account or layer, or it is none of the actor's business; that a layer is there, only
            the Sở and units with an agreement about it may know.
    """
    who = standing(connection, actor, day)
    subject = _subject(connection, account, day)
    if not (who.officer or subject.id == who.account or (who.head and subject.unit_id == who.unit)):
        raise NotFound
    if not who.officer and layer not in known_layers(connection, subject.unit_id, day):
        raise NotFound
    return explain(connection, layers, account, layer, day=day, vietnamese=vietnamese)


def known_layers(connection: Connection[Any], unit: int, day: date) -> frozenset[str]:
    """Return the layers that a unit knows of: by an agreement that has not ended, or because they are public."""
    found = read_grants(connection, [unit], day)
    layers = frozenset(each.grant.layer for each in (*found.get(unit, ()), *found.get(None, ())))
    return layers | {RECORDS} if layers else layers


def content_of(explanation: Explanation) -> Json:
    """Return an explanation as JSON; reasons in Vietnamese and English."""
    return {
        "account": explanation.account,
        "unit": explanation.unit,
        "layer": explanation.layer,
        "day": explanation.day.isoformat(),
        "collections": [
            {
                "id": id_,
                "operations": {str(operation): _content(explanation, each) for operation, each in decisions.items()},
            }
            for id_, decisions in explanation.decisions.items()
        ],
    }


def lines_of(explanation: Explanation, language: str) -> Iterator[str]:
    """Yield an explanation as lines of text, ``vi`` or ``en``; operations with one decision stand together."""
    head = _HEAD.in_language(language)
    yield head.format(explanation.account, explanation.unit, explanation.layer, explanation.day)
    for id_, decisions in explanation.decisions.items():
        yield f"{id_}:"
        lines = {operation: _said(explanation, each, language) for operation, each in decisions.items()}
        for said in dict.fromkeys(lines.values()):
            operations = [_OPERATIONS[each].in_language(language) for each, told in lines.items() if told == said]
            yield f"  {', '.join(operations)}: {said}"


_HEAD = Text("Tài khoản {} ({}), lớp {}, ngày {}", "Account {} ({}), layer {}, day {}")
_GRANTED = Text(
    "được phép; đối tượng: {}; thuộc tính: {}; hình học: {}; theo thỏa thuận {}, chức năng {}",
    "granted; rows: {}; columns: {}; geometry: {}; by agreement {}, function {}",
)
_DENIED = Text("không được phép: {}", "denied: {}")
_EVERY_ROW = Text("tất cả", "all")
_TERRITORY = Text("địa bàn {}", "territory {}")
_UNTIL = Text(" (đến {})", " (until {})")
_STUCK = Text("Các quyền không gộp được: {}", "The rights cannot be put together: {}")
_OPERATIONS = {
    Operation.READ: Text("đọc", "read"),
    Operation.QUERY: Text("truy vấn", "query"),
    Operation.TILE: Text("ô bản đồ", "tile"),
    Operation.EXPORT: Text("xuất", "export"),
    Operation.CREATE: Text("tạo", "create"),
    Operation.UPDATE: Text("sửa", "update"),
    Operation.DELETE: Text("xóa", "delete"),
    Operation.EXECUTE: Text("thực thi", "execute"),
}
_YES, _NO = Text("có", "yes"), Text("không", "no")
_STATES = {
    AccountState.ISSUED: Text("Tài khoản chưa được kích hoạt.", "The account was not activated yet."),
    AccountState.MUST_CHANGE: Text(
        "Chủ tài khoản phải đặt mật khẩu mới trước đã.", "The owner must set a new password first."
    ),
    AccountState.SUSPENDED: Text("Tài khoản đang bị tạm dừng.", "The account is suspended."),
    AccountState.REVOKED: Text("Tài khoản đã bị thu hồi.", "The account was revoked."),
}


def _text(text: Text, *values: object) -> Text:
    return Text(text.vi.format(*values), text.en.format(*values))


def _subject(connection: Connection[Any], code: str, day: date) -> Subject:
    row = connection.execute(_SQL["account"].encode(), {"code": code, "day": day}).fetchone()
    if row is None:
        raise NotFound
    id_, unit_id, unit, kind, state, *rest = row
    return Subject(id_, code, unit_id, unit, UnitKind(kind), AccountState(state), *rest)


def _grants(connection: Connection[Any], subject: Subject, day: date) -> list[GrantInForce]:
    found = read_grants(connection, [subject.unit_id], day).get(subject.unit_id, [])
    return [each for each in found if each.kind is not AgreementKind.PUBLIC and each.period.holds(day)]


def _about(
    layer: str, grants: Iterable[GrantInForce], subject: Subject, layers: Mapping[str, Layer]
) -> list[GrantInForce]:
    """Return the grants that rights to a layer come of: for that of records, all by which anything is read."""
    if layer != RECORDS:
        return [each for each in grants if each.grant.layer == layer]
    given = [(each, layers.get(each.grant.layer)) for each in grants]
    return [each for each, found in given if found is None or not kind_faults(subject.unit_kind, found)]


def _functions(connection: Connection[Any], subject: Subject, day: date) -> tuple[Function, ...]:
    return tuple(each for holder in read_holders(connection, [subject.id], day) for each in functions_of(holder))


def _stuck(misfit: Misfit, vietnamese: Translations) -> Text:
    """Return why the pieces of a collection do not fit, in both languages."""
    vi, en = (" ".join(each.said(words) for each in misfit.reasons) for words in (vietnamese, ENGLISH))
    return Text(_STUCK.vi.format(vi), _STUCK.en.format(en))


def _decisions(
    id_: str,
    subject: Subject,
    grants: Sequence[GrantInForce],
    functions: Sequence[Function],
    compiled: Compiled,
    stuck: Text | None,
    day: date,
) -> dict[Operation, Decision]:
    here = [each for each in grants if collection_id(each) == id_]
    return {each: _decision(id_, each, subject, here, functions, compiled, stuck, day) for each in Operation}


def _decision(
    id_: str,
    operation: Operation,
    subject: Subject,
    grants: Sequence[GrantInForce],
    functions: Sequence[Function],
    compiled: Compiled,
    stuck: Text | None,
    day: date,
) -> Decision:
    if reason := _standing_reason(subject, day):
        return Denied(reason)
    if found := compiled.profile.facet(id_, operation):
        return _granted(found, compiled.because[id_, operation])
    if id_ == RECORDS:
        return Denied(_no_record(operation, grants, functions, stuck))
    if reason := _right_reason(operation, grants, functions):
        return Denied(reason)
    return Denied(stuck or _NO_ROWS)


def _no_record(
    operation: Operation, grants: Sequence[GrantInForce], functions: Sequence[Function], stuck: Text | None
) -> Text:
    """Return why an account sees no record, or does not do this with records."""
    if operation not in READING.operations:
        return _READ_ALONE
    if not functions:
        return _NO_FUNCTION
    return stuck or (_right_reason(operation, grants, functions) if grants else None) or _NO_RECORD


def _granted(found: Collection, because: Because) -> Granted:
    columns = tuple(each.name for each in found.columns)
    return Granted(found.scope, columns, found.geometry is not None, found.allowance, because)


_NO_ROWS = Text(
    "Địa bàn của chức năng và của thỏa thuận không có phần chung.",
    "The territories of the functions and of the agreements have nothing in common.",
)
_NO_RECORD = Text(
    "Tài khoản không đọc được lớp nào, và không có thỏa thuận nào cung cấp bản ghi siêu dữ liệu.",
    "The account reads no layer, and no agreement gives it records.",
)
_READ_ALONE = Text("Bản ghi siêu dữ liệu chỉ để đọc và truy vấn.", "Records are there to be read and queried.")
_FRAMES = Text(
    "bản ghi của các lớp đang đọc, không kèm số liệu tính từ dữ liệu: {}",
    "records of the layers that are read, without what is computed from rows: {}",
)
_FULL = Text(
    "bản ghi đầy đủ kèm đường dẫn đến dữ liệu, do đọc cả lớp lẫn bản ghi toàn tỉnh: {}",
    "full records with links to the items, by reading both the layer and the records of the province: {}",
)
_UNLINKED = Text(
    "bản ghi đầy đủ không kèm đường dẫn, do chỉ có bản ghi toàn tỉnh: {}",
    "full records without links, by the records of the province alone: {}",
)
_OF_UNITS = Text("bản ghi theo đơn vị hành chính của {}: {}", "records by administrative unit of {}: {}")
_ENDED = Text("Vị trí công tác đã kết thúc ngày {}.", "The position ended on {}.")
_DATA_CENTRE = Text(
    "Đơn vị vận hành trung tâm dữ liệu không được xem dữ liệu.", "Who runs the data centre sees no row of data."
)
_AGGREGATES = Text(
    "Văn phòng UBND tỉnh chỉ được xem số liệu tổng hợp; lớp này không phải.",
    "The provincial office sees aggregates only; this layer is none.",
)
_NO_UNIT = Text("Đơn vị không tồn tại vào ngày này.", "The unit does not exist on this day.")
_EXPIRED = Text(
    "Mật khẩu đã quá hạn; chủ tài khoản phải đặt mật khẩu mới.",
    "The password is too old; the owner must set a new one.",
)
_STALE = Text(
    "Quyền vừa thay đổi và đang được công bố lại; mọi yêu cầu phải chờ đến khi xong.",
    "The rights have changed and are being published anew; every request waits until they are.",
)
_NO_FUNCTION = Text("Tài khoản chưa được giao chức năng nào.", "The account holds no function.")
_NO_AGREEMENT = Text("Đơn vị không có thỏa thuận nào về lớp này.", "No agreement of the unit is about this layer.")
_NOT_AGREED = Text("Thỏa thuận {} không cho phép thao tác này.", "Agreement {} does not allow this operation.")
_OTHER_LAYERS = Text("Chức năng {} không bao gồm lớp này.", "Function {} is not about this layer.")
_OTHER_OPERATIONS = Text("Chức năng {} không bao gồm thao tác này.", "Function {} leaves out this operation.")


def _standing_reason(subject: Subject, day: date) -> Text | None:
    """Return why an account may do nothing at all: what PostgreSQL asks before it lets anybody in, and the unit."""
    if subject.state in _STATES:
        return _STATES[subject.state]
    if subject.ends_on is not None and subject.ends_on <= day:
        return _text(_ENDED, subject.ends_on)
    if subject.unit_kind is UnitKind.DATA_CENTRE:
        return _DATA_CENTRE
    if subject.is_withheld:
        return _AGGREGATES
    if not subject.unit_exists:
        return _NO_UNIT
    if subject.is_expired:
        return _EXPIRED
    return _STALE if subject.is_stale else None


def _right_reason(operation: Operation, grants: Sequence[GrantInForce], functions: Sequence[Function]) -> Text | None:
    """Return which step between agreement and right is missing, or ``None``: each is there."""
    if not grants:
        return _NO_AGREEMENT
    giving = [each for each in grants if operation in each.grant.allowance.operations]
    if not giving:
        return _text(_NOT_AGREED, _names(each.agreement for each in grants))
    if not functions:
        return _NO_FUNCTION
    about = [each for each in functions if each.layers is None or giving[0].grant.layer in each.layers]
    if not about:
        return _text(_OTHER_LAYERS, _names(each.code for each in functions))
    if not any(each.operations is None or operation in each.operations for each in about):
        return _text(_OTHER_OPERATIONS, _names(each.code for each in about))
    return None


def _names(codes: Iterable[str]) -> str:
    return ", ".join(sorted(set(codes)))


def _content(explanation: Explanation, decision: Decision) -> Json:
    match decision:
        case Denied(reason):
            return {"decision": "denied", "reason": {"vi": reason.vi, "en": reason.en}}
        case Granted(rows, columns, geometry, allowance, because):
            return {
                "decision": "granted",
                "rows": [_term(explanation, each) for each in rows.terms],
                "columns": list(columns),
                "geometry": geometry,
                "formats": None if allowance.formats is None else sorted(allowance.formats),
                "page_max": allowance.page_max,
                "daily_items": allowance.daily_items,
                "agreements": list(because.agreements),
                "functions": list(because.functions),
            }


def _term(explanation: Explanation, term: Term) -> Json:
    match term:
        case OneOf(column, values):
            told: Json = {"column": column, "one_of": list(values)}
            return told | ({"territory": _places(explanation, values)} if column == explanation.territory else {})
        case Between(column, begin, end):
            return {"column": column, "begin": begin, "end": end}


def _places(explanation: Explanation, values: Iterable[object]) -> list[Json]:
    return [written(each) for each in _folded(explanation, values)]


def _folded(explanation: Explanation, values: Iterable[object]) -> list[Named]:
    return explanation.territories.folded(each for each in values if isinstance(each, int))


def _said(explanation: Explanation, decision: Decision, language: str) -> str:
    match decision:
        case Denied(reason):
            return _DENIED.in_language(language).format(reason.in_language(language))
        case Granted(rows, columns, geometry, _, because):
            said = (
                " & ".join(_row(explanation, each, language) for each in rows.terms)
                or _EVERY_ROW.in_language(language),
                ", ".join(columns),
                (_YES if geometry else _NO).in_language(language),
                ", ".join(because.agreements),
                ", ".join(because.functions),
            )
            return _GRANTED.in_language(language).format(*said)


def _row(explanation: Explanation, term: Term, language: str) -> str:
    match term:
        case OneOf(column, values) if column == explanation.territory:
            places = ", ".join(_place(each, language) for each in _folded(explanation, values))
            return _TERRITORY.in_language(language).format(places)
        case OneOf(column, values) if column == KEY and explanation.layer == RECORDS:
            return "; ".join(_keys_said(explanation, list(map(str, values)), language))
        case OneOf(column, values):
            return f"{column} ∈ {{{', '.join(map(str, values))}}}"
        case Between(column, begin, end):
            return f"{begin or '…'} ≤ {column} < {end or '…'}"


def _keys_said(explanation: Explanation, keys: Sequence[str], language: str) -> Iterator[str]:
    """Yield what the keys of records show, and what each kind of them comes of."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, _, of in (each.partition(":") for each in keys):
        by_kind[kind].append(of)
    for kind, text in (("khung", _FRAMES), ("ca-hai", _FULL), ("day-du", _UNLINKED)):
        if kind in by_kind:
            yield text.in_language(language).format(", ".join(by_kind[kind]))
    units: dict[str, list[int]] = defaultdict(list)
    for component, _, unit in (each.partition("/") for each in by_kind["don-vi"]):
        units[component] += [int(unit)] if unit else []
    components: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for component, of in units.items():
        components[tuple(sorted(of))].append(component)
    for of, named in components.items():
        places = ", ".join(_place(each, language) for each in _folded(explanation, of))
        yield _OF_UNITS.in_language(language).format(", ".join(named), places or _EVERY_ROW.in_language(language))


def _place(named: Named, language: str) -> str:
    until = "" if named.until is None else _UNTIL.in_language(language).format(named.until)
    return f"{named.code} {named.name}{until}"
