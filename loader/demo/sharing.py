"""Agree as people do: an officer of the Sở drafts, the heads accept, another officer publishes; units join packages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from auth.model import AccountKind, Caller, Period
from auth.policy.clauses import AgreementDocument, PackageDocument, Vocabulary
from auth.sharing import acceptance, drafting, packages, publication, requests
from auth.sharing.effect import effect_of
from auth.sharing.manager_changes import approve_change, propose_manager
from auth.sharing.requests import RequestDocument
from loader.demo.files import Demo, RequestEntry
from loader.demo.stage import Stage

MAKER, CHECKER = "so.quantri1", "so.quantri2"
"""The two officers of the Sở."""
JOINED_ON = date(2025, 1, 1)
_ANSWER_TIME = timedelta(days=20)
"""How long before its term a special request was made."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who agrees with whom.

    Attributes:
        people: by account.
        heads: the accounts of the heads, by unit.
    """

    stage: Stage
    demo: Demo
    people: Mapping[str, Caller]
    heads: Mapping[str, Caller]
    vocabulary: Vocabulary


def sharing_of(stage: Stage, demo: Demo, people: Mapping[str, Caller], vocabulary: Vocabulary) -> Sharing:
    """Return the demo with who speaks for whom."""
    heads = {each.unit: people[each.code] for each in demo.accounts if each.kind is AccountKind.UNIT_HEAD}
    return Sharing(stage, demo, people, heads, vocabulary)


def agree(on: Sharing) -> None:
    """Name managing units, publish the packages, let units join, answer the requests, make the agreements."""
    for entry in on.demo.managing:
        _manage(on, entry.layer, entry.unit)
    for package in on.demo.packages:
        _agree(on, package, package.package)
    for unit in on.demo.units:
        for package in unit.joins:
            _join(on, package, unit.code)
    for request in on.demo.requests:
        _ask(on, request)
    for agreement in on.demo.agreements:
        _agree(on, agreement, agreement.agreement)


def _manage(on: Sharing, layer: str, unit: str) -> None:
    proposed = on.stage.keep(
        propose_manager,
        on.people[MAKER],
        layer=layer,
        territory=None,
        unit=unit,
        period=Period(on.demo.unit(unit).valid_from),
        vocabulary=on.vocabulary,
        day=JOINED_ON,
    )
    on.stage.keep(approve_change, on.people[CHECKER], proposed.number, day=JOINED_ON)


def _agree(on: Sharing, document: AgreementDocument | PackageDocument, code: str) -> None:
    """Take a document through all its states on the day on which it begins."""
    stage, words, day = on.stage, on.vocabulary, document.valid_from
    drafted = stage.keep(drafting.draft, on.people[MAKER], document, vocabulary=words, day=day)
    parties = stage.keep(drafting.propose, on.people[MAKER], code, vocabulary=words, day=day)
    seen = drafted.body_hash
    for each in parties:
        stage.keep(acceptance.accept, on.heads[each.unit], code, body_hash=seen, day=day)
    second = on.people[CHECKER]
    effect_of(stage.publishing, second, code, vocabulary=words, day=day)
    stage.publish(publication.publish, second, code, body_hash=seen, vocabulary=words, clock=stage.clock, day=day)


def _join(on: Sharing, package: str, unit: str) -> None:
    for who in (on.people[MAKER], on.heads[unit]):
        on.stage.publish(
            packages.join, who, package, unit, vocabulary=on.vocabulary, clock=on.stage.clock, day=JOINED_ON
        )


def _ask(on: Sharing, entry: RequestEntry) -> None:
    document = RequestDocument.model_validate(entry.model_dump(exclude={"unit"}))
    day = entry.valid_from - _ANSWER_TIME
    code = on.stage.keep(requests.send, on.heads[entry.unit], document, day=day)
    officer = on.people[MAKER]
    on.stage.keep(requests.answer, officer, code, note="Yêu cầu hợp lệ, Sở tiếp nhận.", day=day)
    on.stage.keep(requests.prepare, officer, code, note="Chuẩn bị kỹ thuật, dự thảo thỏa thuận.", day=day)
