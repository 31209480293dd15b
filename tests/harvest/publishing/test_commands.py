"""``datdai catalogue``: how the publication stands, and removals that wait for an officer."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from server.cli import main


@pytest.fixture
def demo_dsn(clone_of: Callable[[str], AbstractContextManager[str]], demo_template: str) -> Iterator[str]:
    with clone_of(demo_template) as dsn:
        yield dsn


@pytest.fixture
def run(demo_dsn: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run an act; return how it ended and what it said."""

    def act(*arguments: str) -> tuple[int, str]:
        url = make_conninfo(demo_dsn, user="datdai_mau_app")
        code = main(["catalogue", *arguments], {"DATDAI_DATABASE_URL": url})
        said = capsys.readouterr()
        return code, said.out + said.err

    return act


@pytest.fixture
def held(demo_dsn: str, run: Callable[..., tuple[int, str]]) -> str:
    """The digest of removals that wait."""
    with psycopg.connect(demo_dsn) as owner:
        owner.execute("DELETE FROM tk.bieu")
        owner.execute("DELETE FROM tk.khoanh_dat")
    for _ in range(20):
        if run("publish")[0] == 1:
            break
    found = re.search(r"digest (\w+)", run("held")[1])
    assert found
    return found[1]


def test_status_says_what_is_published(run: Callable[..., tuple[int, str]]):
    code, said = run("status")

    assert code == 0
    assert re.search(r"published .*\n\d+ records in \d+ variants; \d+ subjects see some", said)
    assert run("held") == (0, "nothing waits\n")


def test_an_officer_lets_just_the_listed_removals_happen(demo_dsn: str, held: str, run: Callable[..., tuple[int, str]]):
    assert "wait to be removed" in run("status")[1]

    code, said = run("confirm", "--digest", held, "--as", "so.quantri1", "--reason", "Kiểm kê làm lại")
    assert (code, said) == (0, "")
    run("publish")

    assert run("held") == (0, "nothing waits\n")
    with psycopg.connect(demo_dsn) as owner:
        left = owner.execute("SELECT count(*) FROM mt.ban_ghi WHERE khoa LIKE 'don-vi:thong-ke%'").fetchone()
        act = owner.execute("SELECT account, about FROM audit.act WHERE act = 'catalogue.confirm_removal'").fetchall()
    assert left == (0,)
    assert act == [("so.quantri1", f"catalogue:{held}")]


@pytest.mark.parametrize(
    ("digest", "account", "why"),
    [
        ("0" * 32, "so.quantri1", "These are not the removals that wait"),
        (None, "689.lanhdao", "Only an officer of the Sở"),
        (None, "khong.co", "may act"),
    ],
)
def test_others_and_other_lists_are_refused(
    held: str, run: Callable[..., tuple[int, str]], digest: str | None, account: str, why: str
):
    code, said = run("confirm", "--digest", digest or held, "--as", account, "--reason", "thử")

    assert code == 2
    assert why in said
    assert held in run("held")[1]
