"""``python -m benchmarks.catalogue``: how long harvests of a large catalogue take, whole and with nothing changed.

Records are made up, each as long as a real one, and written into the tables that the publisher writes. The server is
ours without its supervisor: no publisher takes the records away again.
"""

import argparse
import http.client
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import psycopg
import yaml
from psycopg import sql

from catalogue.files import read_layers
from catalogue.layer import Component, Text
from catalogue.profile import Collection, OneOf, RowScope, compile_profile
from catalogue.record import (
    Access,
    Area,
    Description,
    Distribution,
    Extent,
    General,
    Interval,
    Kind,
    Party,
    Quality,
    Record,
    ReferenceSystem,
    Result,
    Role,
    Step,
    body_of,
)
from catalogue.record_keys import KEY, RECORDS, of_component
from database.cluster import Cluster, ensure_database, temporary_folder
from database.migrate import migrate
from database.profiles import Segment, publish

HERE = Path(__file__).parent
DATABASE = "danh_muc"
WORKERS = 2
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
COMPONENTS = tuple(each.value for each in Component if each is not Component.METADATA)
_PER_SECOND = 1_000
_RECORDS_PAGE = 1_000
_COLUMNS = (
    *("id", "khoa", "type", "title", "description", "keywords", "thanh_phan", "ma_don_vi", "ten_don_vi", "ky"),
    *("external_ids", "license", "time_begin", "created", "updated", "ban_ghi", "dau_van", "tim", "geom"),
)
_TOKEN = re.compile(rb"<resumptionToken[^>]*>([^<]+)<")
_HEADER = re.compile(rb"<header[ >]")


@dataclass(slots=True)
class Found:
    """Everything measured: seconds of each page of each harvest, in order, and bytes of it."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    requests_unchanged: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Build, serve, harvest, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, metavar="N")
    parser.add_argument("--write", type=Path, default=HERE / "results", metavar="FOLDER", help="where the results go")
    chosen = parser.parse_args()
    folder, before = temporary_folder(), os.getloadavg()[0]
    cluster = Cluster(folder / "pg")
    try:
        cluster.start()
        ensure_database(cluster.dsn(), DATABASE)
        migrate(cluster.dsn(DATABASE))
        _say(f"{chosen.records:,} records")
        newest = fill(cluster.dsn(DATABASE), chosen.records)
        with _serving(cluster.dsn(DATABASE, f"{DATABASE}_app"), folder) as url:
            found = measure(url, chosen.records, newest)
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    _write(chosen, found, [round(before, 1), round(os.getloadavg()[2], 1)])


def fill(dsn: str, count: int) -> datetime:
    """Write the catalogue, and let the public see all of it; return the newest instant."""
    keys = tuple(sorted(of_component(each) for each in COMPONENTS))
    layer = next(each for each in read_layers() if each.id == RECORDS)
    profile = compile_profile([Collection(RECORDS, layer, layer.columns, RowScope((OneOf(KEY, keys),)))])
    newest = BEGIN + timedelta(seconds=count // _PER_SECOND + 1)
    with psycopg.connect(dsn) as connection:
        publish(connection, {"public": [Segment(date(2000, 1, 1), None, profile)]})
        _copy(connection, "mt.ban_ghi", _COLUMNS, (_row(number) for number in range(count)))
        lives = (
            "INSERT INTO cb.doi_song (id, khoa, thanh_phan, tu) SELECT id, khoa, thanh_phan, created FROM mt.ban_ghi"
        )
        connection.execute(lives)
        for key in keys:
            held = "INSERT INTO cb.khoa_cua (chu_the, khoa, tu, dau_tien) VALUES ('public', %s, %s, true)"
            connection.execute(held, [key, BEGIN])
        connection.execute("UPDATE cb.dong_ho SET cong_bo = %s, nhip = now()", [newest])
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) mt.ban_ghi, cb.doi_song")
        connection.execute("CHECKPOINT")
    return newest


def measure(url: str, count: int, newest: datetime) -> Found:
    """Harvest everything by each way, then ask again with nothing changed."""
    found = Found()
    _take(found, "OAI-PMH, oai_dc", count, _oai(url, "oai_dc"))
    _take(found, "OAI-PMH, iso19139", count, _oai(url, "iso19139"))
    _take(found, "OGC API Records", count, _records(url))
    _take(found, "changes", count, _changes(url))
    since = (newest + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    again = {
        "OAI-PMH": f"/oai?verb=ListRecords&metadataPrefix=oai_dc&from={since}",
        "changes": f"/changes?since={since}",
    }
    for name, path in again.items():
        _, body, _ = _get(url, path)
        is_whole = b"noRecordsMatch" in body or b'"changes":[]' in body
        found.requests_unchanged[name] = 1 if is_whole else 0
        found.pages[f"{name}, nothing changed"] = [_get(url, path)[0] for _ in range(20)]
        if not is_whole:
            found.faults.append(f"{name}: asked again with nothing changed, it told of changes")
    return found


type Page = tuple[float, int, int]
"""Seconds, records, bytes."""


def _take(found: Found, name: str, count: int, pages: Iterator[Page]) -> None:
    _say(name)
    taken = list(pages)
    found.pages[name] = [seconds for seconds, _, _ in taken]
    found.sizes[name] = sum(size for _, _, size in taken)
    records = sum(number for _, number, _ in taken)
    if records != count:
        found.faults.append(f"{name}: {records} records of {count}")


def _oai(url: str, prefix: str) -> Iterator[Page]:
    path: str | None = f"/oai?verb=ListRecords&metadataPrefix={prefix}"
    while path:
        seconds, body, _ = _get(url, path)
        yield seconds, len(_HEADER.findall(body)), len(body)
        token = _TOKEN.search(body)
        path = f"/oai?verb=ListRecords&resumptionToken={token[1].decode()}" if token else None


def _records(url: str) -> Iterator[Page]:
    return _linked(url, f"/collections/{RECORDS}/items?f=json&limit={_RECORDS_PAGE}", "features")


def _changes(url: str) -> Iterator[Page]:
    return _linked(url, f"/changes?limit={_RECORDS_PAGE}", "changes")


def _linked(url: str, path: str | None, member: str) -> Iterator[Page]:
    """Follow the links ``next`` of documents whose entries stand in a member."""
    while path:
        seconds, body, _ = _get(url, path)
        document = json.loads(body)
        yield seconds, len(document[member]), len(body)
        path = next((_path(each["href"]) for each in document["links"] if each["rel"] == "next"), None)


def _path(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}"


_connections: dict[str, http.client.HTTPConnection] = {}


def _get(url: str, path: str) -> tuple[float, bytes, Mapping[str, str]]:
    """Ask over one kept connection; return seconds to the last byte, the body, the headers."""
    netloc = urlsplit(url).netloc
    connection = _connections.setdefault(netloc, http.client.HTTPConnection(netloc, timeout=120))
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "*/*"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"benchmarks: {path} answered {answer.status}")
    return time.perf_counter() - begin, body, dict(answer.getheaders())


def _copy(
    connection: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterator[tuple[object, ...]]
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(*table.split(".")), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _row(number: int) -> tuple[object, ...]:
    record = _record(number)
    told, at = record.description, BEGIN + timedelta(seconds=number // _PER_SECOND)
    box, area = told.extent, told.area
    corners = ((box.west, box.south), (box.east, box.south), (box.east, box.north), (box.west, box.north))
    ring = ", ".join(f"{x} {y}" for x, y in (*corners, corners[0]))
    body = json.dumps(body_of(record), ensure_ascii=False)
    return (
        *(record.id, of_component(told.component), record.kind.value, told.title.vi, told.abstract.vi),
        *([each.vi for each in told.keywords], told.component, area and area.code, area and area.name.vi),
        *(told.edition, [":".join(each) for each in record.external_ids], told.license, told.interval and "2020-01-01"),
        *(at, at, body, str(number), told.title.vi.lower(), f"SRID=4326;MULTIPOLYGON((({ring})))"),
    )


def _record(number: int) -> Record:
    """Return a record that differs from the others as those of units and editions do."""
    component = COMPONENTS[number % len(COMPONENTS)]
    commune = number // len(COMPONENTS) % 111
    edition = str(2000 + number // len(COMPONENTS) // 111)
    title = Text(f"Dữ liệu {component}, xã {commune}, năm {edition}", f"Data {component}, unit {commune}, {edition}")
    west, south = 106.41 + commune % 11 * 0.09, 11.3 + commune // 11 * 0.09
    described = replace(
        _TEMPLATE.description,
        title=title,
        component=component,
        edition=edition,
        area=Area(f"{25_000 + commune}", Text(f"Xã {commune}", f"Commune {commune}"), 3, date(2009, 1, 1)),
        extent=Extent(west, south, west + 0.09, south + 0.09),
        items=number,
    )
    id_ = uuid5(NAMESPACE_URL, f"datdai-bench/{number}")
    return replace(_TEMPLATE, id=id_, description=described, external_ids=(("vn", f"bench-{number}"),))


_TEMPLATE = Record(
    id=uuid5(NAMESPACE_URL, "datdai-bench"),
    kind=Kind.DATASET,
    general=General(
        (
            Party(
                Text("Sở Tài nguyên và Môi trường", "Department of Natural Resources and Environment"),
                (Role.POINT_OF_CONTACT, Role.OWNER),
                "so@example.vn",
                "+842713879427",
                "https://so.example.vn",
                Text("Đường số 1", "Street 1"),
            ),
            Party(Text("Văn phòng Đăng ký đất đai", "Land registration office"), (Role.CUSTODIAN,), "vp@example.vn"),
        )
    ),
    reference_system=ReferenceSystem((9212, 4326)),
    description=Description(
        title=Text("", ""),
        abstract=Text("Dữ liệu đất đai của một đơn vị hành chính. " * 5, "Land data of an administrative unit. " * 5),
        component=COMPONENTS[0],
        layer=None,
        edition=None,
        area=None,
        keywords=tuple(Text(f"từ khóa {n}", f"keyword {n}") for n in range(6)),
        topics=("planningCadastre", "boundaries"),
        extent=Extent(106.41, 11.3, 107.43, 12.3),
        interval=Interval(date(2020, 1, 1), None),
        scales=(1_000, 2_000, 10_000),
        current_on=date(2025, 6, 30),
        constraints=(Text("Theo thỏa thuận chia sẻ", "By agreement"),),
        legal_basis=(Text("TT 09/2024/TT-BTNMT", "Circular 09/2024/TT-BTNMT"),),
    ),
    quality=Quality(
        Text("Nạp từ hồ sơ địa chính.", "Loaded from cadastral files."),
        tuple(Step(date(2025, 1, n + 1), Text(f"Lần nạp {n}", f"Load {n}")) for n in range(3)),
        tuple(
            Result(f"DL-{n:02}", Text(f"Phép kiểm {n}", f"Check {n}"), date(2025, 6, 30), float(n), "1", passed=True)
            for n in range(6)
        ),
    ),
    distribution=Distribution(
        ("application/geo+json", "application/geopackage+sqlite3", "application/vnd.flatgeobuf"),
        tuple(
            Access(f"/collections/thua-dat/items?f={each}", "item", "application/geo+json", Text(each, each))
            for each in ("json", "gpkg", "fgb")
        ),
    ),
)


@contextmanager
def _serving(dsn: str, home: Path) -> Generator[str]:
    """Run the application, without the supervisor, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATDAI_")}
    environment |= {"DATDAI_DATABASE_URL": dsn, "DATDAI_HOME": str(home / "home"), "DATDAI_PORT": str(port)}
    environment |= {"DATDAI_SECRET": secrets.token_hex(32)}
    command = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--port", str(port), "--factory"]
    command += ["--workers", str(WORKERS), "--blocking-threads", "8", "--log-level", "error"]
    process = subprocess.Popen([*command, "server.app:from_environment"], cwd=HERE.parent, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(lambda: _get(url, "/health/live"))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(until: Callable[[], object]) -> None:
    for _ in range(300):
        try:
            until()
        except OSError:
            _connections.clear()
            time.sleep(0.1)
        else:
            return
    raise SystemExit("benchmarks: the server did not start")


def document(found: Found, facts: Mapping[str, Any], targets: Mapping[str, Any]) -> list[str]:
    """Return the lines of the results."""
    lines = [f"# The catalogue, {facts['day']}, {facts['cores']} cores", ""]
    lines += [
        f"{facts['records']:,} records; commit {facts['commit']}; {WORKERS} processes, with audit, one harvester; load "
        f"averages before, and over the last 15 minutes: {facts['load_average']}. Wanted of a whole harvest: at most "
        f"{targets['harvest_s']} s for 100,000 records, 95 % of pages within {targets['page_p95_ms']} ms, the last "
        f"tenth of the pages at most {targets['deep_as_first_page']} of the first.",
        "",
        "| harvest | s | pages | median ms | 95 % ms | first tenth ms | last tenth ms | MB | reached |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(name, found, facts["records"], targets) for name in found.sizes]
    lines += ["", "| nothing changed | requests | median ms |", "|---|---|---|"]
    lines += [
        f"| {name} | {count} | {median(found.pages[f'{name}, nothing changed']) * 1000:.1f} |"
        for name, count in found.requests_unchanged.items()
    ]
    return [*lines, "", *(f"* {each}" for each in found.faults or ["No faults."])]


def _line(name: str, found: Found, records: int, targets: Mapping[str, Any]) -> str:
    pages = found.pages[name]
    total, tenth = sum(pages), max(1, len(pages) // 10)
    p95 = quantiles(pages, n=20)[18] if len(pages) > 1 else pages[0]
    first, last = median(pages[:tenth]), median(pages[-tenth - 1 : -1] or pages)
    fits = total <= targets["harvest_s"] * records / 100_000 and p95 * 1000 <= targets["page_p95_ms"]
    reached = fits and last <= first * targets["deep_as_first_page"]
    figures = (f"{each * 1000:.0f}" for each in (median(pages), p95, first, last))
    size = f"{found.sizes[name] / 1e6:.0f}"
    return (
        f"| {name} | {total:.1f} | {len(pages)} | {' | '.join(figures)} | {size} | {'yes' if reached else '**no**'} |"
    )


def _write(chosen: argparse.Namespace, found: Found, load_average: list[float]) -> None:
    command = ["git", "describe", "--always", "--dirty=*", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()
    day = datetime.now(UTC).date().isoformat()
    facts = {"day": day, "cores": os.cpu_count(), "records": chosen.records, "commit": commit}
    facts |= {"load_average": load_average}
    chosen.write.mkdir(parents=True, exist_ok=True)
    name = f"{day}-{facts['cores']}-catalogue" + ("" if chosen.records >= 100_000 else f"-{chosen.records}")
    measured = {"facts": facts, "seconds": found.pages, "bytes": found.sizes, "faults": found.faults}
    (chosen.write / f"{name}.json").write_text(json.dumps(measured, indent=1) + "\n")
    targets = yaml.safe_load((HERE / "targets.yml").read_text())["catalogue"]
    text = "\n".join(document(found, facts, targets)) + "\n"
    (chosen.write / f"{name}.md").write_text(text)
    sys.stdout.write(text)


def _say(line: str) -> None:
    sys.stderr.write(f"benchmarks: {line}\n")


if __name__ == "__main__":
    main()
