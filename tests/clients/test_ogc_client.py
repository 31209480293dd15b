"""The client of geonetwork-ui, ``@camptocamp/ogc-client``: it knows a catalogue by its conformance classes alone."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harvest.stock import record

pytestmark = pytest.mark.client
PACKAGE = "@camptocamp/ogc-client@1.3.0"
_ASK = """
import { OgcApiEndpoint } from '@camptocamp/ogc-client';
const endpoint = new OgcApiEndpoint(process.argv[2]);
const items = await endpoint.getCollectionItems('sieu-du-lieu', 25);
console.log(JSON.stringify({
  hasRecords: await endpoint.hasRecords,
  records: await endpoint.recordCollections,
  title: (await endpoint.info).title,
  items: items.map((each) => [each.id, each.properties.title]),
}));
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client; the test is skipped where npm cannot fetch it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not installed")
    folder = tmp_path_factory.mktemp("ogc-client")
    quiet = ("--no-audit", "--no-fund", "--silent", "--fetch-retries=0", "--fetch-timeout=20000")
    command = ["npm", "install", "--ignore-scripts", *quiet, PACKAGE]
    if subprocess.run(command, cwd=folder, capture_output=True, timeout=180, check=False).returncode:
        pytest.skip(f"npm does not fetch {PACKAGE}")
    (folder / "ask.mjs").write_text(_ASK, encoding="utf-8")
    return folder


def test_it_finds_the_catalogue_and_reads_its_records(package: Path, catalogue_url: str) -> None:
    url = catalogue_url.removesuffix("/csw")

    run = subprocess.run(
        ["node", "ask.mjs", url], cwd=package, capture_output=True, text=True, timeout=120, check=False
    )

    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    assert found["hasRecords"] is True
    assert found["records"] == ["sieu-du-lieu"]
    assert sorted(found["items"]) == sorted([str(record(str(n)).id), f"Tập {n}"] for n in range(25))
