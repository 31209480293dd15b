"""MetaSearch, the catalogue client of QGIS, by its own window: it connects, searches and turns pages."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.client

type RunQgis = Callable[[str, dict[str, Any]], Any]

LINES = """
import sys
from unittest.mock import MagicMock
sys.path.insert(0, QgsApplication.pkgDataPath() + "/python/plugins")
sys.path.insert(0, QgsApplication.pkgDataPath() + "/python")
from qgis.core import QgsSettings
from qgis.gui import QgsMapCanvas
from MetaSearch.dialogs import maindialog

settings = QgsSettings()
settings.setValue("/MetaSearch/Mẫu/url", given["url"])
settings.setValue("/MetaSearch/selected", "Mẫu")
iface = MagicMock()
canvas = QgsMapCanvas()
iface.mapCanvas.return_value = canvas
window = maindialog.MetaSearchDialog(iface)
window.populate_connection_list()

def shown():
    tree = window.treeRecords
    return [tree.topLevelItem(n).text(1) for n in range(tree.topLevelItemCount())]

def search(words="", box=("-180", "180", "-90", "90")):
    window.leKeywords.setText(words)
    for edit, value in zip((window.leWest, window.leEast, window.leSouth, window.leNorth), box):
        edit.setText(value)
    window.search()
    return window.catalog.results["matches"] if window.catalog else None

found["all"] = search()
found["first"] = shown()
window.startfrom = 11
window.catalog.getrecords2(constraints=window.constraints, maxrecords=10, startposition=11, esn="full")
window.display_results()
found["second"] = shown()
found["words"] = search("tap 2")
found["titles"] = shown()
found["here"] = search("", ("106", "108", "11", "13"))
found["elsewhere"] = search("", ("10", "12", "11", "13"))
"""


@pytest.fixture
def found(run_qgis: RunQgis, catalogue_url: str) -> Any:
    return run_qgis(LINES, {"url": catalogue_url})


def test_it_searches_by_word_and_box_and_shows_pages(found: Any) -> None:
    words = {"Tập 2", *(f"Tập {n}" for n in range(20, 25))}

    assert found["all"] == found["here"] == 25
    assert (len(found["first"]), len(found["second"])) == (10, 10)
    assert not set(found["first"]) & set(found["second"])
    assert (found["words"], set(found["titles"])) == (6, words)
    assert found["elsewhere"] in (0, None)
