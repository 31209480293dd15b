"""Agreements by command: the same acts, with the authority of the account that ``--as`` names."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.cli import main
from tests.auth.sharing.conftest import World, clause, written

CODE = "thue-2025-01"
PACKAGE = {key: each for key, each in written().items() if key not in ("agreement", "kind", "recipient")} | {
    "package": "dung-chung",
    "title": "Dùng chung",
}


@pytest.fixture
def run(
    world: World, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Any]:
    """Run a command that goes well, for somebody; a mapping among its arguments is a file. Return what it says."""

    def command(who: str, *arguments: Any, status: int = 0) -> Any:
        words: list[str] = []
        for each in arguments:
            if isinstance(each, dict):
                (tmp_path / "document.yml").write_text(yaml.safe_dump(each, allow_unicode=True), encoding="utf-8")
            words.append(str(tmp_path / "document.yml") if isinstance(each, dict) else each)
        environ = {"DATDAI_DATABASE_URL": as_app(world.dsn), "DATDAI_HOME": str(tmp_path)}
        ended = main([*words, "--as", who], environ)
        said = capsys.readouterr()
        assert ended == status, said.err
        if status:
            return said.err
        return json.loads(said.out) if said.out[:1] in "[{" and said.out else said.out

    return command


def agreed(run: Callable[..., Any], document: dict[str, Any], topic: str = "agreement") -> None:
    drafted = run("so.mot", topic, "draft", document)
    code, seen = drafted["agreement"], drafted["body_hash"]
    run("so.mot", "agreement", "propose", code)
    for party in run("so.mot", "agreement", "show", code)["versions"][0]["parties"]:
        head = "so.lanhdao" if party["unit"] == "so" else "thue.lanhdao"
        run(head, "agreement", "accept", code, "--hash", seen)
    run("so.hai", "agreement", "effect", code)
    run("so.hai", "agreement", "publish", code, "--hash", seen)


def test_an_agreement_is_drafted_accepted_published_exported_and_revoked(run: Callable[..., Any]):
    agreed(run, written())

    exported = yaml.safe_load(run("thue.canbo", "agreement", "export", CODE))
    assert exported["agreement"] == CODE
    assert run("thue.canbo", "agreement", "export", CODE, "--odrl", "https://x.vn")["@type"] == "Agreement"
    again = run("so.mot", "agreement", "draft", exported)
    assert again["body_hash"] == run("so.mot", "agreement", "show", CODE)["versions"][1]["body_hash"]
    run("so.mot", "agreement", "redraft", exported)
    assert run("so.hai", "agreement", "effect", CODE)["classes"][0]["collections"][0]["id"] == "thua-dat"
    run("so.mot", "agreement", "withdraw", CODE, "--reason", "thôi")
    run("so.mot", "agreement", "revoke", CODE, "--reason", "hết hạn", "--on", "2025-12-31")
    assert [each["code"] for each in run("so.hai", "agreement", "list")] == [CODE]


def test_a_party_declines(run: Callable[..., Any]):
    run("so.mot", "agreement", "draft", written())
    run("so.mot", "agreement", "propose", CODE)

    run("thue.lanhdao", "agreement", "decline", CODE, "--reason", "thiếu cột")

    assert run("so.mot", "agreement", "show", CODE)["versions"][0]["state"] == "draft"


def test_the_authority_of_the_account_is_checked(run: Callable[..., Any]):
    assert "officer" in run("thue.lanhdao", "agreement", "draft", written(), status=2)
    run("khong.co", "agreement", "list", status=2)


def test_a_file_that_is_wrong_is_refused_with_every_fault(run: Callable[..., Any], tmp_path: Path):
    said = run("so.mot", "agreement", "draft", {"agreement": "X Y", "kind": "goi"}, status=2)
    assert all(each in said for each in ("agreement:", "kind:", "clauses: is missing"))

    twice = tmp_path / "twice.yml"
    twice.write_text("agreement: a\nagreement: b\n", encoding="utf-8")
    assert "written twice" in run("so.mot", "agreement", "draft", str(twice), status=2)
    twice.write_text("[" * 100_000, encoding="utf-8")
    assert "nested too deeply" in run("so.mot", "agreement", "draft", str(twice), status=2)
    assert "cannot be read" in run("so.mot", "agreement", "draft", str(tmp_path / "khong-co.yml"), status=2)


def test_a_package_is_published_and_joined(run: Callable[..., Any]):
    agreed(run, PACKAGE, "package")

    assert run("so.mot", "package", "join", "dung-chung", "cuc-thue")["awaits"] == "head"
    assert run("thue.lanhdao", "package", "join", "dung-chung", "cuc-thue")["agreement"] == "dung-chung-cuc-thue"
    assert len(run("so.mot", "package", "joinings", "dung-chung")) == 1
    assert [each["code"] for each in run("so.mot", "package", "list")] == ["dung-chung"]
    run("so.mot", "package", "draft", PACKAGE)
    run("so.mot", "package", "redraft", PACKAGE)


def test_a_request_is_sent_answered_prepared_and_refused(run: Callable[..., Any]):
    asked = {
        "request": "yc-1",
        "data": "Thửa",
        "purpose": "Rà soát",
        "legal_basis": "Điều 9",
        "valid_from": "2025-07-01",
    }
    run("thue.lanhdao", "request", "send", asked)
    run("thue.lanhdao", "request", "send", asked | {"request": "yc-2"})
    run("thue.lanhdao", "request", "withdraw", "cuc-thue.yc-2", "--reason", "thôi")
    run("so.mot", "request", "answer", "cuc-thue.yc-1", "--note", "tiếp nhận")
    run("so.mot", "request", "prepare", "cuc-thue.yc-1", "--note", "dự thảo")
    run("so.mot", "request", "refuse", "cuc-thue.yc-1", "--reason", "không có căn cứ")

    assert [each["state"] for each in run("thue.canbo", "request", "list")] == ["refused", "withdrawn"]
    assert len(run("thue.canbo", "request", "show", "cuc-thue.yc-1")["steps"]) == 4


def test_managing_units_are_named_and_ended(run: Callable[..., Any]):
    named = run("so.mot", "manager", "name", "thua-dat", "ubnd-689", "--territory", "689", "--from", "2025-01-01")
    run("so.hai", "manager", "approve", str(named["number"]))
    entry = run("so.mot", "manager", "list")[0]["id"]
    kept = run("so.mot", "manager", "end", str(entry), "--on", "2025-07-31")
    run("so.hai", "manager", "refuse", str(kept["number"]), "--reason", "chưa đến hạn")
    back = run("so.mot", "manager", "end", str(entry), "--on", "2025-08-31")
    run("so.mot", "manager", "withdraw", str(back["number"]))
    ended = run("so.mot", "manager", "end", str(entry), "--on", "2025-12-31")
    run("so.hai", "manager", "approve", str(ended["number"]))
    found = run("so.mot", "manager", "proposals", "--after", str(named["number"]), "--limit", "3")
    assert [each["state"] for each in found] == ["refused", "withdrawn", "approved"]
    assert run("so.mot", "manager", "proposals", "--open") == []

    assert run("so.mot", "manager", "list", "--limit", "1")[0]["valid_until"] == "2025-12-31"
    assert run("so.mot", "manager", "list", "--after", str(entry)) == []


def test_agreements_move_to_a_successor(run: Callable[..., Any], world: World):
    one, two = (world.people[each].account_id for each in ("so.mot", "so.hai"))
    world.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, '2025-07-01', 'x', 'approved', %s, now(), %s, now() FROM acl.unit o, "
        "acl.unit n WHERE o.code = 'cuc-thue' AND n.code = 'ubnd-689'",
        one,
        two,
    )
    agreed(run, written())
    moves = {"from_unit": "cuc-thue", "takes_effect": "2025-07-01", "legal_basis": "x"}
    moves |= {"successors": [{"unit": "ubnd-689", "rows": "keep"}]}
    run("so.mot", "succession", "draft", moves | {"succession": "mot"})
    run("so.mot", "succession", "draft", moves | {"succession": "hai"})
    run("so.hai", "succession", "refuse", "mot", "--reason", "trùng")

    assert run("so.hai", "succession", "show", "hai")["state"] == "draft"
    assert run("so.hai", "succession", "approve", "hai") == {"agreements": [f"{CODE}-ubnd-689"]}


def test_territories_are_given_and_shown_by_official_codes(run: Callable[..., Any]):
    unit = run("so.mot", "unit", "create", "ubnd-692", "--name", "UBND", "--kind", "huyen", "--territory", "692")
    narrows = json.dumps({"territory": ["25270"]})
    function = run("so.mot", "function", "define", "ubnd-692", "xa", "--name", "Xã", "--narrows", narrows)

    assert (unit["territory"]["code"], unit["territory"]["name"]) == ("692", "Đơn vị thử")
    assert [each["code"] for each in function["narrows"]["territory"]] == ["25270"]
    assert run("so.mot", "unit", "show", "ubnd-692")["unit"] == unit
    assert run("so.mot", "unit", "change", "ubnd-692", "--territory", "25270")["territory"]["code"] == "25270"
    by_id = json.dumps({"territory": [5]})
    assert "codes in quotes" in run(
        "so.mot", "function", "define", "ubnd-692", "so", "--name", "Số", "--narrows", by_id, status=2
    )


def test_what_an_effect_gives_as_reason_is_vietnamese_in_its_details(run: Callable[..., Any]) -> None:
    columns = ["id", "xa_id", "so_to"]
    agreed(run, written(clauses=[clause(columns=columns, rows={"territory": "province"})]))
    run("so.mot", "agreement", "draft", written(agreement="cheo", clauses=[clause(columns=["id", "xa_id", "so_thua"])]))

    whole = run("so.hai", "agreement", "effect", "cheo")["classes"][0]

    reason = whole["reasons"][-1]
    assert "Lớp dữ liệu 'thua-dat': gộp lại, " in reason["vi"]
    assert not re.search(r"\b(agreement|function|columns?|rows?|and|through|would|clause)\b", reason["vi"])
    assert "Collection 'thua-dat': put together, " in reason["en"]
