"""Records completed, and harvests reported, by command: with the authority of the account that ``--as`` names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.cli import main
from tests.auth.sharing.conftest import World
from tests.harvest.curation.conftest import NOWHERE, PARCELS

PURPOSE = {"purpose": {"vi": "Quản lý đất đai", "en": "Land administration"}}


@pytest.fixture
def run(
    curated: World, as_app: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Any]:
    """Run a command for somebody; a mapping among its arguments is a file. Return what it says."""

    def command(who: str, *arguments: Any, status: int = 0) -> Any:
        file = tmp_path / "document.yml"
        words = [str(file) if isinstance(each, dict) else str(each) for each in arguments]
        for each in arguments:
            if isinstance(each, dict):
                file.write_text(yaml.safe_dump(each, allow_unicode=True), encoding="utf-8")
        environ = {"DATDAI_DATABASE_URL": as_app(curated.dsn), "DATDAI_HOME": str(tmp_path)}
        ended = main([*words, "--as", who], environ)
        said = capsys.readouterr()
        assert ended == status, said.err
        return said.err if status == 2 else json.loads(said.out)

    return command


def test_a_record_is_shown_completed_and_its_history_told(run: Callable[..., Any]) -> None:
    lacking = run("so.hai", "catalogue", "show", PARCELS)["completeness"]["missing"]
    written = run("so.hai", "catalogue", "complete", PARCELS, PURPOSE, "--reason", "bổ sung", "--read", "0")
    refused = run("so.mot", "catalogue", "complete", PARCELS, {}, "--reason", "x", "--read", "0", status=2)

    assert "3.purpose" in [each["code"] for each in lacking]
    assert written["written"]["number"] == 1
    assert "3.purpose" not in [each["code"] for each in written["completeness"]["missing"]]
    assert "another version" in refused
    assert [each["reason"] for each in run("so.hai", "catalogue", "history", PARCELS)] == ["bổ sung"]


def test_a_document_with_faults_is_refused_with_all_of_them(run: Callable[..., Any], curated: World) -> None:
    said = run("so.hai", "catalogue", "complete", PARCELS, {"scales": [0], "la": 1}, "--reason", "x", status=2)

    assert "scales.0" in said
    assert "la: there is no such key" in said
    assert curated.rows("SELECT count(*) FROM cb.bo_sung") == [(0,)]


def test_a_record_that_there_is_not_is_not_found(run: Callable[..., Any]) -> None:
    for record in (NOWHERE, "khong"):
        assert "no such resource" in run("so.hai", "catalogue", "show", record, status=2)


def test_completeness_is_told_of_one_component_or_all(run: Callable[..., Any]) -> None:
    assert run("so.hai", "catalogue", "completeness")["records"] == 3
    assert run("so.hai", "catalogue", "completeness", "--component", "quy-hoach")["records"] == 1


def test_the_authority_of_the_account_is_checked(run: Callable[..., Any]) -> None:
    run("so.khac", "catalogue", "complete", PARCELS, PURPOSE, "--reason", "x", status=2)
    for act in ("list", "lint"):
        run("689.lanhdao", "harvests", act, status=2)


def test_harvests_are_listed_and_the_lint_ends_with_one_where_something_is_an_error(run: Callable[..., Any]) -> None:
    assert run("so.hai", "harvests", "list", "--since", "2025-06-30") == []
    assert "never-published" in [each["code"] for each in run("so.hai", "harvests", "lint", status=1)]
