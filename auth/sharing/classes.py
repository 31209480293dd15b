"""Accounts by the functions that they hold, and what each class of them has before and after a version is published."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from auth.model import AgreementKind, Function, GrantInForce, Period, UnitKind
from auth.policy.clauses import Vocabulary
from auth.policy.compiler import NOTHING, Compiled, Giver, Refused, compile_profile_of, compile_public, kind_faults
from auth.rights.in_force import grants_in
from auth.sharing.agreements import PACKAGE, Agreement, Version
from auth.sharing.basis import Basis, Holding
from catalogue.layer import Text
from catalogue.profile import Profile
from core.phrases import ENGLISH, Translations

WHOLE = "-"
"""Stands for the unit as a whole, as if one account held a function that narrows nothing; or for everybody."""

_NO_HOLDER = Text(
    "Chưa tài khoản nào của đơn vị được giao chức năng: công bố xong chưa ai xem được gì.",
    "No account of the unit holds a function: once it is published nobody sees anything of it yet.",
)
_NOT_WHOLE = Text(
    "Quyền của cả đơn vị không gộp được cho một tài khoản; chỉ nêu theo chức năng của từng nhóm tài khoản.",
    "What the unit has cannot be put together for one account; it is shown by the functions of its accounts alone.",
)
_STUCK = Text(
    "Quyền hiện nay không gộp được hết; phần không gộp được bị bỏ ra và không tính vào.",
    "Their rights as they are cannot all be put together; what cannot is left out and does not count.",
)
_REFUSED = Text(
    "Quyền sau khi công bố không gộp được; việc công bố sẽ bị từ chối.",
    "Their rights afterwards cannot be put together; publishing would be refused.",
)


@dataclass(frozen=True, slots=True)
class Held:
    """What accounts that hold the same functions have before and after.

    Attributes:
        functions: codes; ``WHOLE`` alone is no function of anybody.
        after: ``None`` where it cannot be put together.
        reasons: facts about this class that no profile tells.
    """

    functions: tuple[str, ...]
    accounts: tuple[str, ...]
    before: Profile
    after: Profile | None
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """The grants before and after, and how they are compiled."""

    old: Sequence[GrantInForce]
    new: Sequence[GrantInForce]
    kind: AgreementKind
    vocabulary: Vocabulary
    day: date
    vietnamese: Translations

    def compiled(self, functions: Sequence[Function]) -> tuple[Compiled | Refused, Compiled | Refused]:
        layers = self.vocabulary.layers
        if self.kind is AgreementKind.PUBLIC:
            return compile_public(self.old, layers, self.day), compile_public(self.new, layers, self.day)
        old, new = (compile_profile_of(each, functions, layers, self.day) for each in (self.old, self.new))
        return old, new

    def reason(self, text: Text, refused: Refused) -> Text:
        """Return a fact, followed by what stands in the way."""
        vi, en = (
            " ".join([said, *(each.said(words) for each in refused.reasons)])
            for said, words in ((text.vi, self.vietnamese), (text.en, ENGLISH))
        )
        return Text(vi, en)


def classes_of(basis: Basis, *, vocabulary: Vocabulary, vietnamese: Translations = ENGLISH) -> tuple[Held, ...]:
    """Return the classes of accounts that a version touches; the unit as a whole, or everybody, comes first.

    Args:
        vietnamese: translations of what stands in the way of putting rights together.
    """
    agreement, version, day = basis.agreement, basis.version, basis.day
    kind = AgreementKind.DEFAULT if agreement.kind == PACKAGE else AgreementKind(agreement.kind)
    new = _replaced(basis.grants, agreement, kind, version)
    unit_kind = UnitKind(agreement.recipient_kind) if agreement.recipient_kind else None
    had, would_have = ([each for each in some if _is_had(each, unit_kind, vocabulary)] for some in (basis.grants, new))
    change = _Change(had, would_have, kind, vocabulary, day, vietnamese)
    holders = [_real(change, functions, accounts) for functions, accounts in _alike(basis.holdings, day)]
    if agreement.recipient_id is None:
        return (_real(change, (_whole(day),), ()),)
    return (_unit(change, has_holders=bool(holders)), *holders)


def _whole(day: date) -> Function:
    return Function(WHOLE, WHOLE, Period(day))


def _unit(change: _Change, *, has_holders: bool) -> Held:
    """Return what one account would have that held everything; that nobody could have it is a fact like any other."""
    old, new = change.compiled((_whole(change.day),))
    facts = () if has_holders else (_NO_HOLDER,)
    if isinstance(old, Compiled) and isinstance(new, Compiled):
        return Held((WHOLE,), (), old.profile, new.profile, facts)
    refused = [each for each in (old, new) if isinstance(each, Refused)][-1]
    return Held((WHOLE,), (), NOTHING.profile, None, (*facts, change.reason(_NOT_WHOLE, refused)))


def _real(change: _Change, functions: Sequence[Function], accounts: tuple[str, ...]) -> Held:
    old, new = change.compiled(functions)
    facts: list[Text] = []
    if isinstance(old, Refused):
        facts.append(change.reason(_STUCK, old))
    before = old.kept.profile if isinstance(old, Refused) else old.profile
    after: Profile | None
    if not isinstance(new, Refused):
        after = new.profile
    elif _left_out(new) <= _left_out(old):
        after = new.kept.profile
    else:
        after = None
        facts.append(change.reason(_REFUSED, new))
    return Held(tuple(each.code for each in functions), accounts, before, after, tuple(facts))


def _left_out(made: Compiled | Refused) -> frozenset[tuple[str, tuple[Giver, ...]]]:
    """Return what does not fit: what did not before either keeps nobody from publishing."""
    misfits = made.misfits if isinstance(made, Refused) else ()
    return frozenset((each.collection, each.pieces) for each in misfits)


def _is_had(grant: GrantInForce, kind: UnitKind | None, vocabulary: Vocabulary) -> bool:
    """Tell whether the unit's kind may have the layer: what it never has is published to nobody."""
    layer = vocabulary.layers.get(grant.grant.layer)
    return layer is None or not kind_faults(kind, layer)


def _replaced(
    old: Iterable[GrantInForce], agreement: Agreement, kind: AgreementKind, version: Version
) -> tuple[GrantInForce, ...]:
    """Return the grants after publishing: those of older versions end where this one begins."""
    kept = [_cut(each, version.valid_from) if each.agreement == agreement.code else each for each in old]
    return (*(each for each in kept if each), *grants_in(agreement.code, kind, version.body))


def _cut(grant: GrantInForce, day: date) -> GrantInForce | None:
    if grant.period.since >= day:
        return None
    until = day if grant.period.until is None else min(day, grant.period.until)
    return replace(grant, period=replace(grant.period, until=until))


def _alike(holdings: Iterable[Holding], day: date) -> Iterator[tuple[tuple[Function, ...], tuple[str, ...]]]:
    """Yield accounts by the functions that they hold on a day; without those that hold none."""
    alike: dict[tuple[str, ...], tuple[tuple[Function, ...], list[str]]] = {}
    for account, held in holdings:
        functions = tuple(each for each in held if each.period.holds(day))
        if functions:
            codes = tuple(each.code for each in functions)
            alike.setdefault(codes, (functions, []))[1].append(account)
    for functions, accounts in sorted(alike.values(), key=lambda each: each[1]):
        yield functions, tuple(accounts)
