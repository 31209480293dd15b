"""Every right names what it stands on, and every refusal what is missing."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from auth.api import blueprint, document
from auth.api.http import Access
from auth.cli import explain as command
from auth.model import AccountKind, Caller
from auth.policy.compiler import NOTHING, Because
from auth.rights.explain import Denied, Granted, content_of, explain, lines_of
from catalogue.layer import Text
from catalogue.profile import OneOf, Operation, RowScope
from catalogue.record_keys import RECORDS
from core.clocks import StoppedClock
from core.commands import CommandParser
from core.errors import NotFound, Unauthorized
from core.settings import Settings
from database.writer import Writer
from server.cli import main
from tests.auth.rights import DAY, JULY, LAYERS, PARCELS, World, clause
from web.texts import error_texts

PLACES = ((1, 2, "689", "Huyện A", None, None), (2, 3, "25195", "Xã B", 1, JULY), (3, 3, "25198", "Xã C", 1, None))
_PLACE = """
INSERT INTO hc.don_vi (id, cap, ma, ten, loai, cha_id, hieu_luc_tu, hieu_luc_den, can_cu, geom_goc)
VALUES (%s, %s, %s, %s, 'thử', %s, '2020-01-01', %s, 'thử',
        ST_Multi(ST_MakeEnvelope(570000, 1275000, 571000, 1276000, 9212)))
"""


@pytest.fixture
def world(empty_db: str) -> Iterator[World]:
    """A tax office with two functions, of which its official holds one; a head; and the Sở."""
    with psycopg.connect(empty_db, autocommit=True) as own:
        found = World(empty_db, own)
        found.ask("UPDATE lg.ngay_phap_ly SET ngay = %s", DAY)
        for place in PLACES:
            found.ask(_PLACE, *place)
        tax = found.unit("cuc-thue")
        found.agree("tt-thue", tax, clause("thua-dat", PARCELS, 1, 2), clause("gia-thua", ["id", "xa_id"]))
        found.agree("dt-2025-001", tax, clause("thua-dat", ["id", "xa_id"]), kind="dac_thu")
        account = found.account("thue.canbo", tax)
        found.give(account, found.function(tax, "thua", {"layers": ["thua-dat"], "territory": [2, 3]}))
        found.function(tax, "gia", {"layers": ["gia-thua"]})
        found.account("thue.lanhdao", tax)
        found.ask("UPDATE acl.account SET kind = 'unit_head' WHERE code = 'thue.lanhdao'")
        department = found.unit("so", "so")
        found.account("so.quantri", department)
        found.ask("UPDATE acl.account SET kind = 'system_admin' WHERE code = 'so.quantri'")
        found.account("so.vanthu", department)
        found.account("khac.lanhdao", found.unit("so-khac", "so_nganh"))
        found.ask("UPDATE acl.account SET kind = 'unit_head' WHERE code = 'khac.lanhdao'")
        yield found


def decisions(world: World, account: str = "thue.canbo", layer: str = "thua-dat", day: date = DAY) -> Any:
    with world.login("identity") as connection:
        return explain(connection, LAYERS, account, layer, day=day).decisions


def reason(world: World, operation: str = "read", **asked: Any) -> str:
    (found,) = {each[Operation(operation)] for each in decisions(world, **asked).values()}
    assert isinstance(found, Denied)
    return found.reason.en


def test_a_right_names_its_rows_columns_agreements_and_functions(world: World) -> None:
    found = decisions(world)["thua-dat"][Operation.READ]

    assert isinstance(found, Granted)
    assert found.rows == RowScope((OneOf("xa_id", (2,)),))
    assert found.columns == tuple(PARCELS)
    assert found.because == Because(("tt-thue",), ("thua",))


def test_a_special_request_is_explained_as_the_collection_that_it_is(world: World) -> None:
    found = decisions(world)

    assert list(found) == ["thua-dat", "thua-dat~dt-2025-001"]
    special = found["thua-dat~dt-2025-001"][Operation.READ]
    assert special.because == Because(("dt-2025-001",), ("thua",))


def test_records_are_explained_by_what_is_read_and_by_clauses_on_records(world: World) -> None:
    unit = world.one("SELECT id FROM acl.unit WHERE code = 'cuc-thue'")
    names = [each.name for layer in LAYERS if layer.id == RECORDS for each in layer.columns]
    given = clause(RECORDS, names, 1, 2) | {"operations": ["query", "read"], "geometry": True}
    world.agree("tt-sdl", unit, given)
    world.ask("""UPDATE acl.function SET narrows = '{"territory": [2, 3]}' WHERE code = 'thua'""")

    found = decisions(world, layer=RECORDS)[RECORDS]
    with world.login("identity") as connection:
        said = list(lines_of(explain(connection, LAYERS, "thue.canbo", RECORDS, day=DAY), "vi"))

    assert found[Operation.READ].because.agreements == ("dt-2025-001", "tt-sdl", "tt-thue")
    assert found[Operation.EXPORT] == Denied(
        Text("Bản ghi siêu dữ liệu chỉ để đọc và truy vấn.", "Records are there to be read and queried.")
    )
    told = next(each for each in said if each.startswith("  đọc, truy vấn: được phép"))
    assert "các lớp đang đọc, không kèm số liệu tính từ dữ liệu: gia-thua, thua-dat, thua-dat~dt-2025-001" in told
    assert "bản ghi theo đơn vị hành chính của dia-chinh, gia-dat, hanh-chinh" in told
    assert "25195 Xã B" in told


def test_an_account_that_reads_nothing_has_no_record_and_is_told_why(world: World) -> None:
    world.ask("UPDATE acl.agreement_version SET state = 'revoked'")

    assert reason(world, layer=RECORDS) == "The account reads no layer, and no agreement gives it records."


def test_what_is_explained_is_what_is_published(world: World) -> None:
    world.publish()

    query = "SELECT p.body->'collections' FROM acl.profile p WHERE p.hash = acl.hash_of('account:' || %s, %s)"
    ((account,),) = world.ask("SELECT id FROM acl.account WHERE code = 'thue.canbo'")
    ((published,),) = world.ask(query, account, DAY)
    explained = {
        (id_, str(operation), each.columns)
        for layer in LAYERS
        for id_, found in decisions(world, layer=layer.id).items()
        for operation, each in found.items()
        if isinstance(each, Granted)
    }
    assert explained == {(c["id"], operation, tuple(c["columns"])) for c in published for operation in c["operations"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE acl.account SET state = 'suspended', suspended_for = 'unit'", "The account is suspended."),
        ("UPDATE acl.account SET state = 'revoked'", "The account was revoked."),
        ("UPDATE acl.account SET ends_on = '2025-06-30'", "The position ended on 2025-06-30."),
        ("UPDATE acl.unit SET kind = 'trung_tam_du_lieu'", "Who runs the data centre sees no row of data."),
        ("UPDATE acl.unit SET kind = 'vp_ubnd'", "The provincial office sees aggregates only; this layer is none."),
        ("UPDATE acl.unit SET valid_until = '2025-06-30'", "The unit does not exist on this day."),
        ("UPDATE acl.account_function SET valid_until = '2025-06-30'", "The account holds no function."),
        ("UPDATE acl.function SET valid_until = '2025-06-30'", "The account holds no function."),
        ("UPDATE acl.agreement_version SET state = 'revoked'", "No agreement of the unit is about this layer."),
        (
            """UPDATE acl.function SET narrows = '{"layers": ["ho-so"]}'""",
            "Function thua is not about this layer.",
        ),
        (
            """UPDATE acl.function SET narrows = '{"operations": ["tile"]}'""",
            "Function thua leaves out this operation.",
        ),
        (
            """UPDATE acl.function SET narrows = '{"territory": [9]}'""",
            "The territories of the functions and of the agreements have nothing in common.",
        ),
    ],
)
def test_a_refusal_says_which_step_is_missing(world: World, change: str, said: str) -> None:
    world.ask(change)

    found = decisions(world)["thua-dat"][Operation.READ]

    assert found.reason.en == said


MAY_ENTER = (
    ("", None),
    ("UPDATE acl.account SET password_until = now() + interval '1 day'", None),
    ("UPDATE acl.account SET state = 'must_change'", "The owner must set a new password first."),
    (
        "UPDATE acl.account SET password_until = now() - interval '1 second'",
        "The password is too old; the owner must set a new one.",
    ),
    (
        "INSERT INTO acl.stale_profile (account_id) SELECT id FROM acl.account",
        "The rights have changed and are being published anew; every request waits until they are.",
    ),
    ("UPDATE acl.account SET state = 'suspended', suspended_for = 'unit'", "The account is suspended."),
    ("UPDATE acl.account SET state = 'revoked'", "The account was revoked."),
    ("UPDATE acl.account SET ends_on = '2025-06-30'", "The position ended on 2025-06-30."),
    ("UPDATE acl.unit SET valid_until = '2025-06-30'", "The unit does not exist on this day."),
)


@pytest.mark.parametrize(("change", "said"), MAY_ENTER)
def test_what_is_explained_as_granted_is_let_in_and_what_is_denied_is_not(
    world: World, change: str, said: str | None
) -> None:
    world.ask(
        "INSERT INTO oauth.token (hash, kind, account_id, scopes, family, issued_at, expires_at) "
        "SELECT repeat('a', 64), 'access', id, '{features:read}', gen_random_uuid(), now(), now() + interval '1 hour' "
        "FROM acl.account WHERE code = 'thue.canbo'"
    )
    world.publish()
    if change:
        world.ask(change)

    found = decisions(world)["thua-dat"][Operation.READ]

    assert (found.reason.en if isinstance(found, Denied) else None) == said
    assert is_let_in(world) == isinstance(found, Granted)


def is_let_in(world: World) -> bool:
    """Tell whether the token of the account opens a profile with something in it."""
    try:
        with world.login("app") as connection:
            row = connection.execute("SELECT profile_hash FROM acl.caller_of('token', repeat('a', 64))").fetchone()
    except psycopg.Error:
        return False
    return row is not None and row[0] not in ("", NOTHING.profile.hash)


def test_an_operation_that_was_not_agreed_upon_names_the_agreements(world: World) -> None:
    assert reason(world, "delete", layer="gia-thua") == "Agreement tt-thue does not allow this operation."


def test_a_layer_that_only_another_function_is_about_names_the_function(world: World) -> None:
    assert reason(world, layer="gia-thua") == "Function thua is not about this layer."


def test_rights_that_cannot_be_put_together_are_said_to_be_so(world: World) -> None:
    ((unit,),) = world.ask("SELECT id FROM acl.unit WHERE code = 'cuc-thue'")
    world.agree("tt-cheo", unit, clause("thua-dat", ["id", "xa_id", "dia_chi"]))

    found = decisions(world)["thua-dat"][Operation.READ]

    assert "tt-cheo" in found.reason.en
    assert "tt-thue" in found.reason.vi


def test_an_explanation_is_of_one_legal_day(world: World) -> None:
    world.ask("UPDATE acl.account_function SET valid_until = %s", JULY)

    days = [decisions(world, day=day)["thua-dat"][Operation.READ] for day in (DAY, JULY)]

    assert [type(each) for each in days] == [Granted, Denied]


@pytest.mark.parametrize(("account", "layer"), [("nobody", "thua-dat"), ("thue.canbo", "nothing")])
def test_what_does_not_exist_is_not_found(world: World, account: str, layer: str) -> None:
    with pytest.raises(NotFound):
        decisions(world, account, layer)


def test_people_read_it_in_vietnamese_and_in_english(world: World) -> None:
    with world.login("identity") as connection:
        found = explain(connection, LAYERS, "thue.canbo", "thua-dat", day=DAY)

    vietnamese, english = (list(lines_of(found, language)) for language in ("vi", "en"))

    assert vietnamese[:3] == [
        "Tài khoản thue.canbo (cuc-thue), lớp thua-dat, ngày 2025-06-30",
        "thua-dat:",
        "  đọc, truy vấn: được phép; đối tượng: địa bàn 25195 Xã B (đến 2025-07-01); "
        "thuộc tính: id, xa_id, so_to, dien_tich; hình học: có; theo thỏa thuận tt-thue, chức năng thua",
    ]
    assert vietnamese[3] == (
        "  ô bản đồ, xuất, tạo, sửa, xóa, thực thi: không được phép: Thỏa thuận tt-thue không cho phép thao tác này."
    )
    assert english[3] == (
        "  tile, export, create, update, delete, execute: denied: Agreement tt-thue does not allow this operation."
    )


def test_rows_are_told_by_codes_and_names_and_a_whole_district_by_its_own(world: World) -> None:
    def rows() -> tuple[Any, str]:
        with world.login("identity") as connection:
            found = explain(connection, LAYERS, "thue.canbo", "thua-dat", day=DAY)
        content = content_of(found)["collections"][0]["operations"]["read"]["rows"][0]
        return content, list(lines_of(found, "en"))[2].partition("rows: ")[2].partition(";")[0]

    commune, said_of_commune = rows()
    world.ask("""UPDATE acl.function SET narrows = '{"layers": ["thua-dat"]}'""")
    ((unit,),) = world.ask("SELECT id FROM acl.unit WHERE code = 'cuc-thue'")
    world.agree("tt-xa", unit, clause("thua-dat", PARCELS, 3))
    district, said_of_district = rows()

    named = {"code": "25195", "name": "Xã B", "since": "2020-01-01", "until": "2025-07-01"}
    assert commune == {"column": "xa_id", "one_of": [2], "territory": [named]}
    assert said_of_commune == "territory 25195 Xã B (until 2025-07-01)"
    assert (district["one_of"], [each["code"] for each in district["territory"]]) == ([1, 2, 3], ["689"])
    assert said_of_district == "territory 689 Huyện A"


def test_the_command_writes_the_same_as_text_and_as_json(
    world: World, as_app: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> str:
        top = CommandParser()
        top.set_defaults(texts=error_texts)
        command.register(top.add_subparsers())
        chosen = top.parse_args(["explain", "thue.canbo", "thua-dat", *arguments])
        settings = Settings.from_env({"DATDAI_DATABASE_URL": as_app(world.dsn), "DATDAI_HOME": str(tmp_path)})
        assert command.run(chosen, settings) == 0
        return capsys.readouterr().out

    with world.login("identity") as connection:
        found = explain(connection, LAYERS, "thue.canbo", "thua-dat", day=DAY)

    assert json.loads(said("--json")) == content_of(found)
    assert said() == "".join(f"{line}\n" for line in lines_of(found, "vi"))
    assert said("--language", "en") == "".join(f"{line}\n" for line in lines_of(found, "en"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", "thua-dat"), "Không có tài khoản nobody."),
        (("thue.canbo", "nothing"), "Không có lớp dữ liệu nothing. Các lớp hiện có: "),
        (("nobody", "nothing"), "Không có tài khoản nobody. Không có lớp dữ liệu nothing. Các lớp hiện có: "),
        (("nobody", "thua-dat", "--language", "en"), "There is no account nobody."),
        (("thue.canbo", "nothing", "--language", "en"), "There is no layer nothing. There are: "),
    ],
)
def test_the_command_says_what_is_unknown_in_the_language_chosen(
    world: World, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code = main(["explain", *words], {"DATDAI_DATABASE_URL": as_app(world.dsn)})

    assert code == 2
    assert capsys.readouterr().err.startswith(f"datdai: {said}")


# --- over HTTP


@pytest.fixture
def asked_by(world: World, as_app: Callable[[str], str]) -> Iterator[Callable[[str | None], FlaskClient]]:
    """Ask the admin API as somebody; ``None``: nobody is signed in."""
    names = ("identity", "publisher", "auditor")
    logins = {each: Writer(as_app(world.dsn).replace("_app", f"_{each}"), purpose=each, size=1) for each in names}

    def client(account: str | None) -> FlaskClient:
        def caller() -> Caller:
            if account is None:
                raise Unauthorized
            query = "SELECT id, kind, unit_id FROM acl.account WHERE code = %s"
            ((id_, kind, unit),) = world.ask(query, account)
            kinds = {"account_kind": AccountKind(kind), "unit_id": unit}
            return Caller(f"account:{id_}", "session", "x", account_id=id_, account=account, **kinds)

        access = Access(
            **logins,
            layers=LAYERS,
            clock=StoppedClock(datetime(2025, 6, 30, tzinfo=UTC)),
            caller=caller,
            texts=error_texts,
        )
        app = Flask(__name__)
        app.register_blueprint(blueprint(access))
        return app.test_client()

    yield client
    for each in logins.values():
        each.close()


PATH = "/admin/api/accounts/thue.canbo/permissions/thua-dat"


@pytest.mark.parametrize("who", ["so.quantri", "thue.lanhdao", "thue.canbo"])
def test_the_department_the_head_and_the_person_may_ask(asked_by: Callable[..., FlaskClient], who: str) -> None:
    answer = asked_by(who).get(PATH)

    assert answer.status_code == 200
    first = answer.json["collections"][0]
    assert first["id"] == "thua-dat"
    assert first["operations"]["read"]["agreements"] == ["tt-thue"]
    assert first["operations"]["delete"] == {
        "decision": "denied",
        "reason": {
            "vi": "Thỏa thuận tt-thue không cho phép thao tác này.",
            "en": "Agreement tt-thue does not allow this operation.",
        },
    }


def test_what_cannot_be_put_together_is_told_in_both_languages(
    world: World, asked_by: Callable[..., FlaskClient]
) -> None:
    ((tax,),) = world.ask("SELECT id FROM acl.unit WHERE code = 'cuc-thue'")
    world.agree("tt-cheo", tax, clause("thua-dat", ["id", "xa_id"], 3))

    answer = asked_by("thue.lanhdao").get(PATH)

    reason = answer.json["collections"][0]["operations"]["read"]["reason"]
    assert reason["vi"].startswith("Các quyền không gộp được: Lớp dữ liệu 'thua-dat': gộp lại, ")
    assert reason["en"].startswith("The rights cannot be put together: Collection 'thua-dat': put together, ")


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        (None, PATH, 401),
        ("khac.lanhdao", PATH, 404),
        ("so.vanthu", PATH, 404),
        ("thue.canbo", PATH.replace("thue.canbo", "thue.lanhdao"), 404),
        ("so.quantri", PATH.replace("thue.canbo", "nobody"), 404),
        ("so.quantri", PATH.replace("thua-dat", "nothing"), 404),
    ],
)
def test_nobody_else_learns_even_that_the_account_exists(
    asked_by: Callable[..., FlaskClient], who: str | None, path: str, status: int
) -> None:
    answer = asked_by(who).get(path)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("who", ["thue.lanhdao", "thue.canbo"])
def test_a_layer_that_nobody_shared_with_the_unit_is_as_one_that_is_not_there(
    asked_by: Callable[..., FlaskClient], who: str
) -> None:
    hidden, absent = (asked_by(who).get(PATH.replace("thua-dat", each)) for each in ("ho-so", "nothing"))

    assert (hidden.status_code, hidden.data) == (404, absent.data)
    assert asked_by("so.quantri").get(PATH.replace("thua-dat", "ho-so")).status_code == 200


def test_who_may_not_act_any_more_may_not_ask(world: World, asked_by: Callable[..., FlaskClient]) -> None:
    world.ask("UPDATE acl.account SET ends_on = '2025-06-30' WHERE code = 'thue.lanhdao'")

    assert asked_by("thue.lanhdao").get(PATH).status_code == 403


def test_only_reading_is_offered(asked_by: Callable[..., FlaskClient]) -> None:
    assert asked_by("so.quantri").post(PATH, json={}).status_code == 405


def test_the_endpoint_stands_in_the_document() -> None:
    assert "get" in document()["paths"]["/admin/api/accounts/{code}/permissions/{layer}"]
