"""Units, functions and accounts on the command line."""

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import Client

from auth.audit import keys
from auth.cli.units import read_staff
from auth.credentials import sessions
from auth.people.leavers import StaffMember
from auth.people.proposals import TAKES
from core.errors import BadRequest
from core.settings import Settings
from server.app import create
from server.cli import main

GRANT = {
    "layer": "chi-gioi",
    "operations": ["read"],
    "columns": ["id", "loai"],
    "geometry": True,
    "rows": [],
    "formats": None,
    "page_max": None,
    "daily_items": None,
}


class Shell:
    """Runs ``datdai`` against one database."""

    def __init__(self, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self.environ = environ
        self.capsys = capsys

    def run(self, *words: str) -> object:
        """Return what a command that goes well writes, as JSON."""
        assert main(words, self.environ) == 0, self.capsys.readouterr().err
        text = self.capsys.readouterr().out
        return json.loads(text) if text else None

    def refused(self, *words: str) -> str:
        """Return the sentence of a command that is refused."""
        assert main(words, self.environ) == 2
        return self.capsys.readouterr().err


@pytest.fixture
def shell(empty_db: str, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell({"DATDAI_DATABASE_URL": as_app(empty_db), "DATDAI_ADMIN_DATABASE_URL": empty_db}, capsys)


def two(shell: Shell, act: str, account: str, *words: str) -> tuple[int, str | None]:
    """Do an act on a privileged account as both admins; return its number and the approver's half of a code."""
    proposed = shell.run("account", "propose", act, account, "--as", "quan", "--reason", "QĐ 1", *words)
    assert isinstance(proposed, dict)
    approved = shell.run("account", "approve", str(proposed["number"]), "--as", "hoa")
    assert isinstance(approved, dict)
    return proposed["number"], approved["half"]


@pytest.fixture
def started(shell: Shell, empty_db: str) -> Shell:
    """A Sở with its first two admins, who have used their codes, and a commune with a head."""
    shell.run("account", "bootstrap", "quan", "Lê Quân", "hoa", "Trần Hoa", "--unit", "so")
    with psycopg.connect(empty_db) as owner:
        owner.execute("UPDATE acl.account SET state = 'active', password_until = '2099-12-31'")
    shell.run("unit", "create", "xa", "--as", "quan", "--name", "UBND xã An Phú", "--kind", "xa", "--parent", "so",
              "--since", "2024-01-01", "--allowance", "1")  # fmt: skip
    two(shell, "create", "truong", "--unit", "xa", "--kind", "unit_head", "--person", "Trưởng")
    two(shell, "hand-over", "truong", "--to", "Trưởng")
    return shell


def test_the_first_two_admins_are_made_once_with_the_login_of_the_dba(shell: Shell):
    words = ("account", "bootstrap", "quan", "Lê Quân", "hoa", "Trần Hoa")

    codes = shell.run(*words)

    assert [each["account"] for each in codes] == ["quan", "hoa"]
    assert all(re.fullmatch(r"([A-Z2-7]{6}-){3}[A-Z2-7]{6}", each["activation_code"]) for each in codes)
    assert "There is a system admin already" in shell.refused(*words)
    del shell.environ["DATDAI_ADMIN_DATABASE_URL"]
    assert "DATDAI_ADMIN_DATABASE_URL" in shell.refused(*words)


def test_the_first_admins_see_pages_as_soon_as_they_sign_in(
    shell: Shell, empty_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    shell.run("account", "bootstrap", "quan", "Lê Quân", "hoa", "Trần Hoa")
    now = datetime.now(UTC)
    with psycopg.connect(empty_db) as owner:
        stale = owner.execute("SELECT count(*) FROM acl.stale_profile").fetchone()
        (id_,) = owner.execute("SELECT id FROM acl.account WHERE code = 'quan'").fetchone() or (0,)
        owner.execute("UPDATE acl.account SET state = 'active', password_until = '2099-12-31'")
        _, sign_in = sessions.begin_sign_in(owner, id_, "password", now=now)
        key = sessions.begin(owner, sign_in, now=now, address="", agent="")
    application = create(Settings(database_url=as_app(empty_db), home=tmp_path))
    client = Client(application)
    client.set_cookie(sessions.cookie_name("http://localhost"), key)

    codes = [client.get(path).status_code for path in ("/", "/collections", "/collections/thua-dat")]
    application.close()

    assert stale == (0,)
    assert codes == [200, 200, 404]


def test_the_codes_of_the_first_admins_are_shown_whatever_keeps_their_rights_from_being_published(
    shell: Shell, empty_db: str
):
    shell.environ["DATDAI_PUBLISHER_DATABASE_URL"] = "host=/nowhere dbname=x user=y"

    codes = shell.run("account", "bootstrap", "quan", "Lê Quân", "hoa", "Trần Hoa")

    assert isinstance(codes, list)
    assert len(codes) == 2
    with psycopg.connect(empty_db) as owner:
        assert owner.execute("SELECT count(*) FROM acl.stale_profile").fetchone() == (2,)


def test_a_head_makes_and_hands_over_within_the_allowance(started: Shell):
    made = ("account", "create", "lan", "--as", "truong", "--unit", "xa", "--person", "Lan")
    assert started.run(*made)["of_allowance"] is True

    handed = started.run("account", "hand-over", "lan", "--as", "truong", "--to", "Nguyễn Thị Lan", "--note", "BB 1")

    assert handed["record"]["to_person"] == "Nguyễn Thị Lan"
    shown = started.run("account", "show", "lan", "--as", "truong")
    assert shown["account"]["state"] == "must_change"
    assert handed["activation_code"] not in json.dumps(shown)
    assert "accounts that the Sở allows" in started.refused(*("minh" if word == "lan" else word for word in made))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("unit", "create", "moi", "--as", "truong", "--name", "x", "--kind", "khac"), "Only a system admin"),
        (("unit", "show", "so", "--as", "truong"), "There is no such resource."),
        (("unit", "show", "xa", "--as", "nobody"), "No account of that name may act."),
        (("account", "revoke", "quan", "--as", "hoa"), "fewer than 2 system admins"),
        (("account", "revoke", "quan", "--as", "quan"), "their own account"),
        (("account", "resume", "truong", "--as", "quan"), "takes two persons"),
        (("account", "approve", "1", "--as", "hoa"), "decided before"),
        (("account", "half", "2", "--as", "hoa"), "Only who proposed it"),
        (
            ("account", "propose", "reset", "truong", "--as", "truong", "--reason", "x"),
            "Only a system admin or the head",
        ),
        (("account", "propose", "reset", "quan", "--as", "quan", "--reason", "x"), "their own account"),
        (("account", "propose", "hand-over", "truong", "--as", "quan", "--reason", "x"), "needs: to_person"),
        (
            ("account", "propose", "reset", "truong", "--as", "quan", "--reason", "x", "--unit", "xa"),
            "does not take: unit",
        ),
        (("function", "define", "xa", "f", "--as", "quan", "--name", "F", "--narrows", "["), "is a JSON object"),
        (("function", "define", "xa", "f", "--as", "quan", "--name", "F", "--narrows", '{"x": 1}'), "narrows by"),
    ],
)
def test_an_act_beyond_the_actors_authority_is_refused_in_one_sentence(
    started: Shell, words: tuple[str, ...], sentence: str
):
    assert sentence in started.refused(*words)


def test_functions_are_defined_given_and_stripped(started: Shell):
    started.run("account", "create", "lan", "--as", "quan", "--unit", "xa", "--person", "Lan")
    narrows = '{"operations": ["read"], "layers": ["thua-dat"]}'

    defined = started.run(
        "function", "define", "xa", "tra-cuu", "--as", "quan", "--name", "Tra cứu", "--narrows", narrows
    )
    given = started.run("function", "give", "lan", "tra-cuu", "--as", "truong")

    assert defined["narrows"] == json.loads(narrows)
    assert started.run("function", "list", "--as", "truong") == [defined]
    assert [each["function"] for each in started.run("function", "held", "lan", "--as", "truong")] == ["tra-cuu"]
    assert given["until"] is None
    renamed = started.run("function", "redefine", "xa", "tra-cuu", "--as", "quan", "--name", "Tra")
    assert (renamed["name"], renamed["narrows"]) == ("Tra", {})
    started.run("function", "strip", "lan", "tra-cuu", "--as", "truong")
    assert started.run("function", "held", "lan", "--as", "truong") == []


def test_the_daily_job_says_that_the_audit_is_not_sealed(started: Shell, tmp_path: Path, empty_db: str):
    started.environ["DATDAI_HOME"] = str(tmp_path)
    keys.signing_key(tmp_path)
    at_first = started.run("account", "daily")
    with psycopg.connect(empty_db) as owner:
        owner.execute(
            "INSERT INTO audit.decision (request_id, at, subject, method, route, granted) "
            "VALUES ('old', now() - interval '16 minutes', 'public', 'GET', '/', true)"
        )

    late = started.run("account", "daily")

    assert at_first["audit_not_sealed"] is None
    assert late["audit_not_sealed"]["why"] == "late"


def test_an_account_goes_through_its_states_and_the_job_runs_twice(started: Shell, tmp_path, empty_db: str):
    with psycopg.connect(empty_db) as owner:
        owner.execute("UPDATE lg.ngay_phap_ly SET ngay = '2025-06-30'")
    for code in ("lan", "minh"):
        started.run("account", "create", code, "--as", "quan", "--unit", "xa", "--person", code, "--person-code", code)
    staff = tmp_path / "staff.csv"
    staff.write_text("name,person_code\nTrưởng,\nLan,lan\n", encoding="utf-8-sig")

    missing = started.run("unit", "import-staff", "xa", str(staff), "--as", "truong", "--listed-on", "2025-06-20")
    first, second = started.run("account", "daily"), started.run("account", "daily")

    assert [each["account"] for each in missing["missing"]] == ["minh"]
    assert first["staff_lists"]["revoked"] == ["minh"]
    assert second["staff_lists"] == {"warned": [], "revoked": [], "kept": [], "unknown": []}
    assert started.run("account", "leavings", "--as", "quan", "--breaches")[0]["source"] == "staff_list"
    started.run("account", "acknowledge-breach", "minh", "--as", "quan")
    assert started.run("account", "suspend", "lan", "--as", "truong")["state"] == "suspended"
    assert started.run("account", "resume", "lan", "--as", "truong")["state"] == "issued"
    assert started.run("account", "position", "lan", "Văn thư", "--as", "truong")["position"] == "Văn thư"
    started.run("account", "attest", "lan", "--as", "truong")
    assert {e["account"]: e["is_attested"] for e in started.run("account", "attested", "--as", "truong")}["lan"]
    started.run("account", "leave", "lan", "--as", "truong")
    assert [a["code"] for a in started.run("account", "list", "--as", "quan", "--state", "revoked")] == ["lan", "minh"]
    assert {n["kind"] for n in started.run("account", "notices", "--as", "quan")} >= {"absence_revoked", "leaving_late"}
    assert started.run("account", "missing", "--as", "quan") == []
    for act in ("reset-totp", "reset"):
        assert "takes two persons" in started.refused("account", act, "truong", "--as", "quan")
    number, half = two(started, "reset", "truong")
    assert half
    assert started.run("account", "half", str(number), "--as", "quan")["half"] != half
    assert "no half" in started.refused("account", "half", str(number), "--as", "quan")


def test_a_proposal_is_listed_refused_and_withdrawn(started: Shell):
    words = ("account", "propose", "reset", "truong", "--as", "quan", "--reason", "Quên mật khẩu")
    first, second = (str(started.run(*words)["number"]) for _ in range(2))

    refused = started.run("account", "refuse", first, "--as", "hoa", "--reason", "Chưa gặp")

    assert (refused["state"], refused["answer"]) == ("refused", "Chưa gặp")
    assert [each["number"] for each in started.run("account", "proposals", "--as", "hoa", "--open")] == [int(second)]
    assert started.run("account", "withdraw", second, "--as", "quan")["state"] == "withdrawn"
    assert len(started.run("account", "proposals", "--as", "truong")) == 4


def test_the_operator_does_alone_what_takes_two_and_everybody_is_told(started: Shell):
    words = ("account", "alone", "reset", "truong", "--as", "quan", "--reason", "Máy chủ mất điện")

    done = started.run(*words)

    assert len(done["activation_code"].replace("-", "")) == 24
    assert done["proposal"]["state"] == "alone"
    for who in ("quan", "hoa", "truong"):
        notice = started.run("account", "notices", "--as", who)[-1]
        assert (notice["kind"], notice["account"], notice["act"], notice["by"]) == (
            "act_done_alone", "truong", "reset", "quan",
        )  # fmt: skip
    assert "their own account" in started.refused("account", "alone", "reset", "quan", "--as", "quan", "--reason", "x")
    assert "may do this alone" in started.refused("account", "alone", "position", "truong", "--as", "quan",
                                                  "--reason", "x", "--position", "Trưởng")  # fmt: skip
    del started.environ["DATDAI_ADMIN_DATABASE_URL"]
    assert "DATDAI_ADMIN_DATABASE_URL" in started.refused(*words)


def test_units_are_changed_and_succeeded(started: Shell):
    assert [unit["code"] for unit in started.run("unit", "list", "--as", "quan")] == ["so", "xa"]
    assert started.run("unit", "change", "xa", "--as", "quan", "--name", "UBND xã mới")["name"] == "UBND xã mới"
    assert started.run("unit", "parent", "xa", "--as", "quan", "--since", "2030-01-01")[0]["until"] == "2030-01-01"
    number = started.run(
        "unit", "propose-succession", "xa", "so", "--as", "quan", "--day", "2025-07-01", "--basis", "NQ 1"
    )["id"]
    assert "second officer" in started.refused("unit", "approve-succession", str(number), "--as", "quan")
    assert started.run("unit", "approve-succession", str(number), "--as", "hoa")["state"] == "approved"
    assert "decided before" in started.refused("unit", "refuse-succession", str(number), "--as", "hoa")
    assert len(started.run("unit", "successions", "--as", "truong")) == 1


def test_a_staff_list_is_csv_or_json(tmp_path):
    one, other = tmp_path / "a.csv", tmp_path / "b.json"
    one.write_text("person_code,name\n7,Lan\n,Minh\n", encoding="utf-8")
    other.write_text('[{"name": "Lan", "person_code": "7"}, {"name": "Minh"}]', encoding="utf-8")

    assert read_staff(one) == read_staff(other) == [StaffMember("Lan", "7"), StaffMember("Minh")]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.csv", "code\n7\n"), ("a.csv", "name\n \n"), ("a.json", "{"), ("a.json", '["Lan"]'), ("a.json", "7")],
)
def test_a_file_that_is_no_staff_list_is_refused(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")

    with pytest.raises(BadRequest):
        read_staff(file)


def test_a_staff_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadRequest):
        read_staff(tmp_path / "none.csv")


def test_a_function_given_before_the_account_is_handed_over_counts_from_the_handover_on(started: Shell, empty_db: str):
    started.run("account", "create", "lan", "--as", "truong", "--unit", "xa", "--person", "Lan")
    started.run("function", "define", "xa", "tra-cuu", "--as", "quan", "--name", "Tra cứu")
    started.run("function", "give", "lan", "tra-cuu", "--as", "truong")
    with psycopg.connect(empty_db) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "INSERT INTO acl.agreement (code, kind, recipient_id) "
            "SELECT 'tt-1', 'mac_dinh', id FROM acl.unit WHERE code = 'xa'"
        )
        owner.execute(
            "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, body, body_hash) "
            "SELECT id, 1, 'published', '2024-01-01', %s, 'x' FROM acl.agreement",
            [json.dumps({"grants": [GRANT]})],
        )

    started.run("account", "hand-over", "lan", "--as", "truong", "--to", "Lan")

    with psycopg.connect(empty_db) as owner:
        (in_force,) = owner.execute(
            "SELECT count(*) FROM acl.profile_in_force f JOIN acl.account a ON f.subject = 'account:' || a.id "
            "JOIN acl.profile p USING (hash) WHERE a.code = 'lan' AND p.body::text LIKE '%chi-gioi%'"
        ).fetchone()
    assert in_force == 1


def test_the_help_of_a_proposal_says_which_acts_take_an_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["account", "propose", "--help"], {})
    told = " ".join(capsys.readouterr().out.split())

    for name in {each for needed, more in TAKES.values() for each in needed | more}:
        option = "--to" if name == "to_person" else f"--{name.replace('_', '-')}"
        said = re.search(rf" {option} (?:\{{\S+\}}|\S+) of ([a-z, -]+):", told)
        assert said, option
        assert set(said[1].split(", ")) == {
            act.value.replace("_", "-") for act, (needed, more) in TAKES.items() if name in needed | more
        }


def test_the_reference_says_which_acts_take_and_need_an_option():
    text = (Path(__file__).parents[3] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    section = text.split("`datdai account propose` and `alone`")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`--.+?) \| (.+?) \|", section, re.MULTILINE)
    said = {
        (option.replace("-", "_"), act.replace("-", "_"), bold == "**")
        for options, acts in rows
        for option in re.findall(r"`--([a-z-]+)", options)
        for bold, act in re.findall(r"(\*\*)?`([a-z-]+)`", acts)
    }

    assert {("to_person" if name == "to" else name, act, needed) for name, act, needed in said} == {
        (name, act.value, name in needed) for act, (needed, more) in TAKES.items() for name in needed | more
    }


def test_an_act_by_command_is_not_done_for_an_account_that_is_suspended_while_it_waits(started: Shell, empty_db: str):
    held, waited = threading.Event(), threading.Event()

    def suspend() -> None:
        waits = "SELECT FROM pg_locks WHERE NOT granted AND locktype IN ('tuple', 'transactionid')"
        with psycopg.connect(empty_db) as owner:
            owner.execute("UPDATE acl.account SET state = 'suspended', suspended_for = 'so' WHERE code = 'hoa'")
            held.set()
            for _ in range(200):
                if owner.execute(waits).fetchone() is not None:
                    waited.set()
                    return
                time.sleep(0.05)

    suspending = threading.Thread(target=suspend)
    suspending.start()
    assert held.wait(20)
    started.refused("unit", "create", "moi", "--as", "hoa", "--name", "Mới", "--kind", "xa", "--since", "2024-01-01")
    suspending.join(20)

    assert waited.is_set()
    with psycopg.connect(empty_db) as owner:
        assert owner.execute("SELECT count(*) FROM acl.unit WHERE code = 'moi'").fetchone() == (0,)
