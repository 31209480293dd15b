"""pycsw: the schemas of OGC that it carries accept every answer, and its own harvesting of a catalogue copies ours."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from lxml import etree

from tests.clients import pycsw
from tests.harvest.stock import record

pytestmark = pytest.mark.client
BASE = {"service": "CSW", "version": "2.0.2"}
RECORDS = BASE | {"request": "GetRecords", "typeNames": "csw:Record", "resultType": "results"}
ONE = str(record("1").id)
HARVEST = """
import json, os, sys
from pycsw.core import repository
from pycsw.server import Csw
given = json.load(sys.stdin)
database = "sqlite:///" + given["home"] + "/copy.db"
config = {
    "server": {"home": given["home"], "url": "http://localhost/", "mimetype": "application/xml", "encoding": "UTF-8",
               "language": "en-US", "maxrecords": 1000, "timeout": 30},
    "logging": {"level": "ERROR"},
    "manager": {"transactions": True, "allowed_ips": ["127.0.0.1"], "csw_harvest_pagesize": 10},
    "metadata": {
        "identification": {"title": "t", "description": "a", "keywords": ["k"], "keywords_type": "theme",
                           "fees": "None", "accessconstraints": "None"},
        "provider": {"name": "p", "url": "u"},
        "contact": {each: "c" for each in ("name", "position", "address", "city", "stateorprovince", "postalcode",
                                           "country", "phone", "fax", "email", "url", "hours", "instructions", "role")},
        "inspire": {"enabled": False},
    },
    "repository": {"database": database, "table": "records"},
}
repository.setup(database, "records")
body = '''<Harvest xmlns="http://www.opengis.net/cat/csw/2.0.2" service="CSW" version="2.0.2"><Source>%s</Source>
<ResourceType>http://www.opengis.net/cat/csw/2.0.2</ResourceType></Harvest>''' % given["url"]
service = Csw(config, {"REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "POST", "QUERY_STRING": ""}, version="2.0.2")
service.requesttype, service.request = "POST", body.encode()
said = service.dispatch()
import sqlite3
rows = sqlite3.connect(given["home"] + "/copy.db").execute("SELECT identifier, title FROM records").fetchall()
print("FOUND " + json.dumps({"rows": rows, "said": str(said)[-3000:]}))
"""


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(pycsw.schemas() / "csw/2.0.2/CSW-discovery.xsd"))


@pytest.fixture(scope="module")
def exception_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(pycsw.schemas() / "ows/1.0.0/owsExceptionReport.xsd"))


def _asked(url: str, parameters: dict[str, Any]) -> tuple[int, bytes]:
    try:
        with urlopen(f"{url}?{urlencode(parameters)}") as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def _answers() -> Iterator[dict[str, Any]]:
    yield BASE | {"request": "GetCapabilities"}
    yield BASE | {"request": "GetCapabilities", "sections": "ServiceProvider"}
    yield BASE | {"request": "DescribeRecord"}
    yield BASE | {"request": "GetRecordById", "id": f"{ONE},{record('2').id}", "ElementSetName": "full"}
    yield BASE | {"request": "GetRecordById", "id": "none"}
    for set_ in ("brief", "summary", "full"):
        yield RECORDS | {"ElementSetName": set_, "requestId": "urn:1"}
    yield RECORDS | {"ElementName": "dc:title"}
    yield RECORDS | {"resultType": "hits"}
    yield RECORDS | {"startPosition": 100}


def test_every_answer_fits_the_schemas_of_ogc(catalogue_url: str, schema: Any, exception_schema: Any) -> None:
    for parameters in _answers():
        status, body = _asked(catalogue_url, parameters)
        assert status == 200, body
        schema.validate(etree.fromstring(body))
        assert [(each.line, each.message) for each in schema.error_log] == [], parameters

    status, body = _asked(catalogue_url, RECORDS | {"outputSchema": "x"})
    assert status == 400
    exception_schema.assertValid(etree.fromstring(body))


def test_its_harvest_copies_the_catalogue(catalogue_url: str, tmp_path: Path) -> None:
    given = json.dumps({"url": catalogue_url, "home": str(tmp_path)})

    done = subprocess.run(
        [pycsw.python(), "-W", "ignore", "-c", HARVEST],
        input=given,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    marked = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert marked, (done.stdout + done.stderr)[-4_000:]
    found = json.loads(marked[0].removeprefix("FOUND "))
    expected = {str(record(str(n)).id): f"Tập {n}" for n in range(25)}
    copied = {id_: title for id_, title in found["rows"] if not id_.startswith("urn:uuid:")}  # of the service itself
    assert copied == expected, found["said"]
