"""Real clients against a real server; each is skipped where it is not installed."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.clients.catalogues import served
from tests.harvest.stock import CADASTRE, PLANS, Stock, at, record, records_only

QGIS_PYTHON = os.environ.get("QGIS_PYTHON", "/usr/bin/python3")
"""The bindings of QGIS are Debian's and load into Debian's interpreter only; the variable names another."""


@pytest.fixture
def catalogue_url(
    empty_db: str, publish: Callable[..., None], as_app: Callable[[str], str], tmp_path: Path
) -> Iterator[str]:
    """A catalogue of 25 records."""
    publish(empty_db, records_only(CADASTRE, PLANS))
    with psycopg.connect(empty_db, autocommit=True) as connection:
        stock = Stock(connection)
        stock.publish()
        stock.hold(CADASTRE, PLANS)
        for n in range(25):
            stock.put(record(str(n)), at(n))
        connection.execute(
            "UPDATE mt.ban_ghi SET tim = dm.de_tim(title || ' ' || description), keywords = '{thửa đất}'"
        )
    with served(as_app(empty_db), tmp_path) as url:
        yield f"{url}/csw"


@pytest.fixture(scope="session")
def run_gdal(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run one of GDAL's programs of the system and return what it says, on both outputs."""
    folder = tmp_path_factory.mktemp("gdal")

    def run(program: str, *arguments: str) -> str:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed (Debian: gdal-bin)")
        done = subprocess.run(
            [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def run_qgis(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, dict[str, Any]], Any]:
    """Run lines in QGIS's own Python, with ``given`` as their input, and return what they put into ``found``."""
    probe = [QGIS_PYTHON, "-c", "import qgis.core"]
    if not Path(QGIS_PYTHON).exists() or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("QGIS is not installed (Debian: python3-qgis qgis-providers)")
    home = tmp_path_factory.mktemp("qgis")
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PATH": "/usr/bin"}

    def run(lines: str, given: dict[str, Any]) -> Any:
        script = home / "script.py"
        script.write_text(QGIS_FRAME.format(given=json.dumps(given), lines=lines), encoding="utf-8")
        done = subprocess.run(
            [QGIS_PYTHON, str(script)], env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        marked = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
        assert marked, done.stdout + done.stderr
        return json.loads(marked[0].removeprefix("FOUND "))

    return run


QGIS_FRAME = """
import json, sys
from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsProject
application = QgsApplication([], False)
application.initQgis()
given = json.loads('''{given}''')
found = {{}}

def layer_of(name, more=""):
    source = "url='{{}}' typename='{{}}' {{}}".format(given["url"], name, more)
    layer = QgsVectorLayer(source, name, "OAPIF")
    assert layer.isValid(), layer.error().summary()
    return layer

{lines}
print("FOUND " + json.dumps(found), flush=True)
import os
os._exit(0)  # leaving QGIS in order takes seconds
"""
