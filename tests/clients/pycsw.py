"""Where pycsw is, if it is: it needs libraries that fit ours badly, so it has a virtual environment of its own.

``pip install geonode-pycsw==3.0.0b2 'SQLAlchemy<2' flask jinja2 pygeofilter pygeoif pyyaml json_merge_patch legacy-cgi
'setuptools<81'`` makes one.
"""

import os
import subprocess
from pathlib import Path

import pytest

_VARIABLE = "DATDAI_TEST_PYCSW"


def python() -> str:
    """Return the interpreter of that environment; the test is skipped where there is none."""
    found = os.environ.get(_VARIABLE, "")
    if not found or not Path(found).exists():
        pytest.skip(f"pycsw is not installed; {_VARIABLE} names the interpreter of its environment")
    return found


def schemas() -> Path:
    """Return the folder of the schemas of OGC that pycsw carries."""
    lines = "import pycsw, pathlib; print(pathlib.Path(pycsw.__file__).parent / 'core' / 'schemas' / 'ogc')"
    return Path(subprocess.run([python(), "-c", lines], capture_output=True, text=True, check=True).stdout.strip())
