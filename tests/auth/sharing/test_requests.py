"""A special request on its way: sent by the unit's head, answered, prepared, agreed to or refused, all on record."""

from collections.abc import Callable
from contextlib import closing
from datetime import date

import psycopg
import pytest
from pydantic import ValidationError

from auth.sharing import acceptance, drafting, publication, requests
from core.errors import BadParameter, Conflict, Forbidden, NotFound, TooManyRequests
from core.limits import LIMITS
from tests.auth.sharing.conftest import CLOCK, DAY, VOCABULARY, World, document

NAME = "yc-2025-001"
CODE = f"cuc-thue.{NAME}"


def asked(**changes) -> requests.RequestDocument:
    return requests.RequestDocument(
        **{
            "request": NAME,
            "data": "Thửa đất huyện 692",
            "purpose": "Rà soát thuế",
            "legal_basis": "Quy chế, Điều 9",
            "valid_from": date(2025, 7, 1),
        }
        | changes
    )


@pytest.fixture
def sent(world: World) -> World:
    world.act(requests.send, "thue.lanhdao", asked(), day=DAY)
    return world


def step(world: World, do: Callable[..., None], who: str, text: str = "đã xem") -> None:
    name = "note" if do in (requests.answer, requests.prepare) else "reason"
    world.act(do, who, CODE, day=DAY, **{name: text})


def record(world: World) -> list[tuple]:
    return world.rows(
        "SELECT s.state, s.note, a.code FROM acl.request_step s JOIN acl.account a ON a.id = s.account_id "
        "ORDER BY s.number"
    )


def test_a_request_becomes_an_agreement_and_everything_is_on_record(sent: World):
    step(sent, requests.answer, "so.mot", "Sở tiếp nhận")
    step(sent, requests.prepare, "so.mot", "dự thảo")
    special = document(agreement="dt-2025-017", kind="dac_thu", request=CODE)
    version = sent.act(drafting.draft, "so.mot", special, vocabulary=VOCABULARY, day=DAY)
    sent.act(drafting.propose, "so.mot", "dt-2025-017", vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        sent.act(acceptance.accept, who, "dt-2025-017", body_hash=version.body_hash, day=DAY)

    sent.look("dt-2025-017")
    sent.publisher(
        publication.publish,
        "so.hai",
        "dt-2025-017",
        body_hash=version.body_hash,
        vocabulary=VOCABULARY,
        clock=CLOCK,
        day=DAY,
    )

    assert record(sent) == [
        ("sent", "Rà soát thuế", "thue.lanhdao"),
        ("answered", "Sở tiếp nhận", "so.mot"),
        ("preparing", "dự thảo", "so.mot"),
        ("agreed", "Thỏa thuận dt-2025-017", "so.hai"),
    ]
    assert sent.rows("SELECT state FROM acl.request") == [("agreed",)]


@pytest.mark.parametrize("who", ["thue.canbo", "so.mot"])
def test_only_a_head_asks(world: World, who: str):
    with pytest.raises(Forbidden):
        world.act(requests.send, who, asked(), day=DAY)


def test_the_unit_does_not_answer_itself(sent: World):
    with pytest.raises(Forbidden):
        step(sent, requests.answer, "thue.lanhdao")


def test_a_refusal_ends_a_request_with_its_reason(sent: World):
    step(sent, requests.refuse, "so.mot", "không có căn cứ")

    assert record(sent)[-1] == ("refused", "không có căn cứ", "so.mot")
    with pytest.raises(Conflict, match="refused"):
        step(sent, requests.answer, "so.mot")


def test_the_head_takes_a_request_back(sent: World):
    step(sent, requests.withdraw, "thue.lanhdao", "không cần nữa")

    assert sent.rows("SELECT state FROM acl.request") == [("withdrawn",)]


def test_a_request_is_answered_before_it_is_prepared(sent: World):
    with pytest.raises(Conflict, match="answered"):
        step(sent, requests.prepare, "so.mot")


def test_a_name_is_taken_within_its_unit_alone(sent: World):
    with pytest.raises(Conflict, match=NAME):
        sent.act(requests.send, "thue.lanhdao", asked(), day=DAY)

    assert sent.act(requests.send, "689.lanhdao", asked(), day=DAY) != CODE
    assert sent.rows("SELECT count(*) FROM acl.request") == [(2,)]


def test_a_unit_has_so_many_requests_open_and_no_more(world: World):
    for number in range(LIMITS.open_requests_of_unit_max):
        world.act(requests.send, "thue.lanhdao", asked(request=f"yc-{number}"), day=DAY)

    with pytest.raises(Conflict, match="have not ended"):
        world.act(requests.send, "thue.lanhdao", asked(), day=DAY)

    world.act(requests.withdraw, "thue.lanhdao", "cuc-thue.yc-0", reason="thôi", day=DAY)
    assert world.act(requests.send, "thue.lanhdao", asked(), day=DAY) == CODE


def test_a_unit_sends_so_many_requests_a_day_and_no_more(world: World):
    for number in range(LIMITS.requests_of_unit_a_day_max):
        code = world.act(requests.send, "thue.lanhdao", asked(request=f"yc-{number}"), day=DAY)
        world.act(requests.withdraw, "thue.lanhdao", code, reason="thôi", day=DAY)

    with pytest.raises(TooManyRequests):
        world.act(requests.send, "thue.lanhdao", asked(), day=DAY)

    assert world.act(requests.send, "689.lanhdao", asked(), day=DAY)


@pytest.mark.parametrize("name", ["data", "purpose", "legal_basis"])
def test_a_request_is_no_longer_than_people_write(name: str):
    assert asked(**{name: "ư" * LIMITS.request_text_max})

    with pytest.raises(ValidationError, match="at most"):
        asked(**{name: "ư" * (LIMITS.request_text_max + 1)})


def test_a_term_ends_after_it_begins(world: World):
    with pytest.raises(BadParameter, match="valid_until"):
        world.act(requests.send, "thue.lanhdao", asked(valid_until=date(2025, 7, 1)), day=DAY)


def test_a_request_of_another_unit_is_not_found(sent: World):
    with pytest.raises(NotFound):
        sent.act(requests.request_named, "689.lanhdao", CODE, day=DAY)
    with pytest.raises(NotFound):
        step(sent, requests.withdraw, "689.lanhdao")
    assert sent.act(requests.listed, "689.lanhdao", day=DAY) == ()
    assert [each.code for each in sent.act(requests.listed, "so.hai", day=DAY)] == [CODE]


def test_an_agreement_of_the_special_kind_answers_a_request_in_preparation(sent: World):
    def draft(**changes):
        special = document(agreement="dt-1", kind="dac_thu", **changes)
        sent.act(drafting.draft, "so.mot", special, vocabulary=VOCABULARY, day=DAY)

    with pytest.raises(BadParameter, match="request"):
        draft()
    with pytest.raises(BadParameter, match="no request"):
        draft(request="cuc-thue.khong-co")
    with pytest.raises(BadParameter, match="no request"):
        draft(request=CODE, recipient="ubnd-689")
    with pytest.raises(Conflict, match="preparing"):
        draft(request=CODE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acl.request SET state = 'answered'",
        "UPDATE acl.request SET state = 'agreed'",
        "DELETE FROM acl.request_step",
    ],
)
def test_postgresql_wants_every_step_on_record(sent: World, statement: str):
    with closing(psycopg.connect(sent.login("identity"))) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)
        connection.commit()
    assert sent.rows("SELECT state FROM acl.request") == [("sent",)]
