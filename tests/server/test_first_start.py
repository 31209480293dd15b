"""Two first starts at once, and a cluster that somebody uses."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database.cluster import Cluster, cluster_folder, started, temporary_folder
from server.cli import main

REPOSITORY = Path(__file__).parents[2]
COMMAND = "import sys; from server.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def home() -> Iterator[Path]:
    home = temporary_folder()
    yield home
    folder = cluster_folder(home)
    Cluster(folder).destroy()
    if folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()


def _prepare(home: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATDAI_")}
    environment["DATDAI_HOME"] = str(home)
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "prepare", "--parcels", "150"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_first_starts_make_one_cluster_one_database_and_one_province(home: Path) -> None:
    starters = [_prepare(home), _prepare(home)]

    said = [starter.communicate(timeout=240) for starter in starters]

    assert [starter.returncode for starter in starters] == [0, 0], said
    loaded = ["loading the sample province" in out for out, _ in said]
    assert sorted(loaded) == [False, True]
    loader = said[loaded.index(True)]
    assert "communes: 111 of 111" in loader[1]
    assert "communes" not in loader[0]
    assert not Cluster(cluster_folder(home)).is_running()
    with started(Cluster(cluster_folder(home))) as cluster, psycopg.connect(cluster.dsn("datdai")) as connection:
        assert connection.execute("SELECT count(*) FROM lg.dot_nap WHERE lop = 'tinh-mau'").fetchone() == (1,)


def test_a_cluster_that_somebody_uses_is_not_stopped_under_him(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"DATDAI_HOME": str(home)}
    with started(Cluster(cluster_folder(home))) as cluster:
        assert main(["db", "stop"], settings) == 2
        assert "Another process uses the embedded cluster" in capsys.readouterr().err
        assert main(["prepare", "--parcels", "0"], settings) == 0
        assert cluster.is_running()

    assert not cluster.is_running()


def test_a_cluster_that_was_started_by_hand_runs_until_it_is_stopped_by_hand(home: Path) -> None:
    settings = {"DATDAI_HOME": str(home)}

    assert main(["db", "start"], settings) == 0
    assert main(["prepare", "--parcels", "0"], settings) == 0
    assert main(["db", "status"], settings) == 0
    assert main(["db", "stop"], settings) == 0
    assert main(["db", "status"], settings) == 3
