"""Harvesters that others wrote, over OAI-PMH: first harvest, changes, losses, returns, an outage in the middle."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from oaipmh_scythe import Scythe
from sickle import Sickle
from sickle.oaiexceptions import NoRecordsMatch
from werkzeug.serving import make_server

from harvest.faces import oai
from tests.harvest.stock import CADASTRE, PLANS, Stock, at, record, records_only

pytestmark = pytest.mark.client
RECORDS = sorted((record(f"so-{n}") for n in range(10)), key=lambda each: each.id)
_PERL = """
use strict; use HTTP::OAI;
my ($url, $prefix, $from) = @ARGV;
my $harvester = HTTP::OAI::Harvester->new(baseURL => $url);
my $told = sub {
    my ($each) = @_;
    print join("\\t", $each->identifier, $each->datestamp, $each->is_deleted ? 1 : 0), "\\n";
};
my $list = $harvester->ListRecords(metadataPrefix => $prefix, onRecord => $told, $from ? (from => $from) : ());
die $list->message if $list->is_error and $list->message !~ /noRecordsMatch|No record/;
"""

type Told = dict[str, tuple[str, bool]]
"""Instants of records, and whether they are gone, by identifier."""
type Harvest = Callable[[str, str, str | None], Told]


def by_sickle(url: str, prefix: str, since: str | None) -> Told:
    try:
        found = list(Sickle(url).ListRecords(metadataPrefix=prefix, **({"from": since} if since else {})))
    except NoRecordsMatch:
        return {}
    return {each.header.identifier: (each.header.datestamp, bool(each.header.deleted)) for each in found}


def by_scythe(url: str, prefix: str, since: str | None) -> Told:
    from oaipmh_scythe.exceptions import NoRecordsMatch as Nothing

    with Scythe(url) as client:
        try:
            found: list[Any] = list(client.list_records(metadata_prefix=prefix, from_=since))
        except Nothing:
            return {}
    return {each.header.identifier: (each.header.datestamp, bool(each.header.deleted)) for each in found}


def by_perl(url: str, prefix: str, since: str | None) -> Told:
    if not shutil.which("perl") or subprocess.run(["perl", "-MHTTP::OAI", "-e1"], check=False).returncode:
        pytest.skip("HTTP::OAI is not installed (Debian: libhttp-oai-perl)")
    command = ["perl", "-e", _PERL, url, prefix, since or ""]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {identifier: (instant, gone == "1") for identifier, instant, gone in rows}


HARVESTERS: Mapping[str, Harvest] = {"sickle": by_sickle, "scythe": by_scythe, "HTTP::OAI": by_perl}


@pytest.fixture
def stock(empty_db: str, publish: Callable[..., None]) -> Iterator[Stock]:
    """A published catalogue of ten records."""
    publish(empty_db, records_only(CADASTRE, PLANS))
    with psycopg.connect(empty_db, autocommit=True) as connection:
        stock = Stock(connection)
        stock.publish()
        stock.hold(CADASTRE, PLANS)
        for n, each in enumerate(RECORDS):
            stock.put(each, at(n))
        yield stock


@pytest.fixture
def url(
    stock: Stock, empty_db: str, as_app: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The application on a port of its own, without the publisher; lists are cut after four entries."""
    del stock
    from core.settings import Settings
    from server import app

    monkeypatch.setattr(oai, "PAGE_SIZE", 4)
    monkeypatch.setattr(oai, "LONG_PAGE_SIZE", 4)
    application = app.create(Settings(database_url=as_app(empty_db), home=tmp_path, base_url="http://land.example.vn"))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/oai"
    server.shutdown()
    server.server_close()
    application.close()


def oai_id(number: int) -> str:
    return f"oai:land.example.vn:{RECORDS[number].id}"


def ahead(seconds: int = 2) -> datetime:
    """Return a stamp as the publisher makes them: a second to come."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def asked_at(url: str) -> str:
    """Return the ``responseDate`` of now."""
    return str(Sickle(url).Identify().xml.getroottree().findtext("{*}responseDate"))


@pytest.mark.parametrize("harvest", HARVESTERS.values(), ids=HARVESTERS)
@pytest.mark.parametrize("prefix", ["oai_dc", "iso19139"])
def test_a_harvester_follows_the_catalogue(harvest: Harvest, prefix: str, url: str, stock: Stock) -> None:
    first = asked_at(url)
    mirror = harvest(url, prefix, None)
    assert mirror == {oai_id(n): (f"2026-01-01T00:00:0{n}Z", False) for n in range(10)}

    then = asked_at(url)
    stock.retitle(RECORDS[3], "Changed", ahead())
    stock.remove(RECORDS[5].id, ahead())
    changes = harvest(url, prefix, first)
    assert {each: gone for each, (_, gone) in changes.items()} == {oai_id(3): False, oai_id(5): True}
    mirror |= changes

    stock.put(RECORDS[5], ahead(4))
    stock.remove(RECORDS[3].id, ahead(4))
    changes = harvest(url, prefix, then)
    assert {each: gone for each, (_, gone) in changes.items()} == {oai_id(3): True, oai_id(5): False}
    mirror |= changes

    assert mirror == harvest(url, prefix, None)
    assert harvest(url, prefix, "2040-01-01T00:00:00Z") == {}


def test_an_outage_in_the_middle_stops_sickle_and_the_token_goes_on_afterwards(url: str, stock: Stock) -> None:
    listing = Sickle(url).ListRecords(metadataPrefix="oai_dc")
    found = [next(listing).header.identifier for _ in range(4)]
    stock.unpublish()

    with pytest.raises(requests.HTTPError, match="503"):
        next(listing)
    stock.publish()
    rest = Sickle(url).ListRecords(resumptionToken=listing.resumption_token.token)

    found += [each.header.identifier for each in rest]
    assert found == [oai_id(n) for n in range(10)]


def test_an_outage_in_the_middle_is_waited_for_by_who_heeds_retry_after(url: str, stock: Stock) -> None:
    listing = Sickle(url, max_retries=3).ListRecords(metadataPrefix="oai_dc")
    found = [next(listing).header.identifier for _ in range(4)]
    stock.unpublish()
    threading.Timer(1, stock.publish).start()

    found += [each.header.identifier for each in listing]

    assert found == [oai_id(n) for n in range(10)]


def test_what_harvesters_ask_besides_lists(url: str) -> None:
    sickle = Sickle(url)

    assert sickle.Identify().deletedRecord == "persistent"
    assert {each.metadataPrefix for each in sickle.ListMetadataFormats()} >= {"oai_dc", "iso19139"}
    assert [each.setSpec for each in sickle.ListSets()] == ["dia-chinh"]
    got = sickle.GetRecord(identifier=oai_id(0), metadataPrefix="oai_dc")
    assert got.metadata["title"]
