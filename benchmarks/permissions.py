"""``python -m benchmarks.permissions``: what permission costs, among our own answers, on the table of the benchmarks.

The same requests are sent by everybody (the public, to whom all is published) and by units of each kind of scope, with
audit and without. Besides: what a token costs, 600 profiles in rotation, publishing beside exports, hidden boxes.
"""

import argparse
import json
import multiprocessing
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import cycle, islice
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
import yaml

from auth.rights.publishing import republish
from benchmarks import contestants, load
from benchmarks.client import bearer, etag_of
from benchmarks.contestants import OURS, QUIET, Server
from benchmarks.material import Box, Material, draw
from benchmarks.results import spread
from benchmarks.scenarios import RATED
from benchmarks.scopes import COMMUNE, EVERY, FIVE, TERM, WHOLE
from benchmarks.units import KINDS, MANY, SINCE, code_of, code_of_many, token_of
from benchmarks.world import COLLECTION, REPOSITORY, World, allow_connections, cluster_of, open_world
from catalogue.files import read_layers
from database.connections import login_of

HERE = Path(__file__).parent
PUBLIC = "everybody, no audit"
CONNECTIONS = 8
_EMPTY_BOXES = 100
_EXPORTS = 4
_PUBLISHED = 12
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_WARM_S = 30
"""So long are many profiles read before they are measured: each a few times by each process."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    samples: int


FULL, QUICK = Plan(3, 2, 200), Plan(1, 1, 40)


@dataclass(slots=True)
class Found:
    """What a run found.

    Attributes:
        rates: answers per second by scenario, then by who asked; a number for each round.
        times: milliseconds of single answers, by what was asked.
        notes: figures that are no table.
    """

    rates: dict[str, dict[str, list[float]]] = field(default_factory=dict[str, dict[str, list[float]]])
    times: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    faults: list[str] = field(default_factory=list[str])


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.permissions", description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that all works, no more")
    parser.add_argument("--write", type=Path, default=HERE / "results", metavar="FOLDER")
    chosen = parser.parse_args()
    plan = QUICK if chosen.quick else FULL
    allow_connections(chosen.parcels)
    try:
        world = open_world(chosen.parcels)
        before, found = os.getloadavg()[0], Found()
        with _both(world) as (ours, quiet):
            measure(world, plan, found, ours, quiet)
        _write(chosen, found, [round(before, 1), round(os.getloadavg()[2], 1)])
    finally:
        cluster_of(chosen.parcels).stop()


@contextmanager
def _both(world: World) -> Generator[tuple[Server, Server]]:
    """Run our service twice: with audit and without."""
    started: list[subprocess.Popen[bytes]] = []
    secret = secrets.token_hex(32)
    try:
        yield (
            contestants.start_ours(world, secret, started),
            contestants.start_ours(world, secret, started, key=QUIET, audit="off"),
        )
    finally:
        for each in started:
            contestants.stop(each)


def measure(world: World, plan: Plan, found: Found, ours: Server, quiet: Server) -> None:
    """Measure everything."""
    wide = replace(ours, key=contestants.WIDE, token=token_of(code_of(EVERY)))
    material = draw(world, ours, wide)
    askers = _askers(ours, quiet)
    for number in range(plan.rounds + 1):
        _say(f"round {number} of {plan.rounds}" if number else "warming up")
        _measure_rates(found if number else Found(), askers, material, plan.seconds if number else 1, number)
    _say("one answer at a time")
    _measure_token(found, askers, material, plan.samples)
    _measure_boxes(found, world, quiet, material, plan.samples)
    _measure_rotation(found, quiet, plan.samples * 10)
    _say("publishing beside exports")
    _measure_publishing(found, world, ours, material)


def _askers(ours: Server, quiet: Server) -> dict[str, Server]:
    """Return who asks: everybody and units of each kind without audit, and the unit of five communes with it."""
    units = {kind: replace(quiet, token=token_of(code_of(kind))) for kind in KINDS}
    return {PUBLIC: replace(quiet, token=None), **units, f"{FIVE}, audit": ours}


def _measure_rates(found: Found, askers: Mapping[str, Server], material: Material, seconds: float, number: int) -> None:
    for scenario in RATED:
        if scenario.key == "cql2-count":
            continue
        for who, server in askers.items():
            own = material if who.startswith(FIVE) else replace(material, cursors={})
            paths = scenario.paths(replace(server, key=OURS), own)
            _rate(found, scenario.key, who, server, paths, seconds, number)
    path = f"{next(iter(askers.values())).items}?f=json&limit=10"
    for who, server in askers.items():
        tag = etag_of(server.url + path, server.token)
        _rate(found, "304", who, server, [path], seconds, number, tag)


def _rate(
    found: Found,
    key: str,
    who: str,
    server: Server,
    paths: Sequence[str],
    seconds: float,
    seed: int,
    tag: str = "",
) -> None:
    lines = (load.request_line(path, tag=tag, token=server.token) for path in paths)
    requests = load.write_requests(f"permissions-{key}", lines)
    figures = load.wrk(server.url, requests, connections=CONNECTIONS, seconds=seconds, seed=seed)
    found.rates.setdefault(key, {}).setdefault(who, []).append(figures.per_second)
    if figures.failed or (figures.refused and who.startswith(FIVE)):
        found.faults.append(f"{who}, {key}: {figures.failed} failed, {figures.refused} refused")


def _measure_token(found: Found, askers: Mapping[str, Server], material: Material, samples: int) -> None:
    """Ask for items by turns: what a token and a profile add to the same answer for everybody."""
    paths = [f"/collections/{COLLECTION}/items/{each}?f=json" for each in material.ids[:samples]]
    whos = {each: askers[each] for each in (PUBLIC, WHOLE, FIVE, f"{FIVE}, audit")}
    for who, times in _interleaved(whos, paths, samples * 3).items():
        found.times[f"item, {who}"] = times
    public, five = (median(found.times[f"item, {who}"]) for who in (PUBLIC, FIVE))
    found.notes["token_ms"] = five - public


def _measure_boxes(found: Found, world: World, quiet: Server, material: Material, samples: int) -> None:
    """Ask for boxes full of what is hidden, and for boxes in which nothing is, by turns."""
    hidden, empty = hidden_boxes(world), empty_boxes(world)
    found.notes["hidden_dense"] = {}
    for kind in (COMMUNE, FIVE, TERM):
        server = replace(quiet, token=token_of(code_of(kind)))
        paths = [_box_path(box) for pair in zip(cycle(hidden[kind]), empty, strict=False) for box in pair]
        times = _interleaved({kind: server}, paths, samples * 2)[kind]
        dense, nothing = times[::2], times[1::2]
        found.times |= {f"hidden boxes, {kind}": dense, f"empty boxes, {kind}": nothing}
        found.notes["hidden_dense"][kind] = median(dense) / median(nothing)
    _measure_boxes_of(found, quiet, (COMMUNE,), own_boxes(world), samples)
    _measure_boxes_of(found, quiet, (FIVE, EVERY), material.boxes, samples)


def _measure_boxes_of(found: Found, quiet: Server, kinds: Sequence[str], boxes: Sequence[Box], samples: int) -> None:
    """Ask for boxes in which everything is seen by all who ask, so that their answers hold the same."""
    whos = {PUBLIC: replace(quiet, token=None)}
    whos |= {kind: replace(quiet, token=token_of(code_of(kind))) for kind in kinds}
    times = _interleaved(whos, [_box_path(box) for box in boxes], samples)
    for who, each in times.items():
        found.times[f"box of 200 in {kinds[0]}, {who}"] = each
    for kind in kinds:
        found.notes[f"box, {kind}"] = median(times[kind]) / median(times[PUBLIC])


_OWN = """
SELECT ST_X(c), ST_Y(c), r FROM (
    SELECT ST_Centroid(t.geom) AS c FROM dc.thua_dat AS t
    WHERE t.hieu_luc_den IS NULL AND t.xa_id = %(xa)s AND hashtext(t.id::text) %% 20 = 0 ORDER BY t.id LIMIT 400
) AS near, LATERAL (
    SELECT max(ST_Distance(n.geom, near.c)) * 0.7 AS r FROM (
        SELECT o.geom FROM dc.thua_dat AS o WHERE o.hieu_luc_den IS NULL ORDER BY o.geom <-> near.c LIMIT 200
    ) AS n
) AS reach
WHERE NOT EXISTS (
    SELECT FROM dc.thua_dat AS o WHERE o.hieu_luc_den IS NULL AND o.xa_id <> %(xa)s AND o.geom && ST_Expand(near.c, r))
LIMIT 100
"""


def own_boxes(world: World) -> list[Box]:
    """Return boxes of about 200 parcels, all of them of the commune that a unit sees."""
    with psycopg.connect(world.dsn) as connection:
        rows = connection.execute(_OWN, {"xa": world.places.communes[0]}).fetchall()
    if not rows:
        raise SystemExit("benchmarks: no box lies within one commune")
    return [(x - reach, y - reach, x + reach, y + reach) for x, y, reach in rows]


_HIDDEN = """
SELECT ST_X(c), ST_Y(c) FROM (
    SELECT ST_Centroid(t.geom) AS c FROM dc.thua_dat AS t
    WHERE t.hieu_luc_den IS NULL AND {} AND hashtext(t.id::text) %% 50 = 0 ORDER BY t.id LIMIT 2000) AS near
WHERE NOT EXISTS (
    SELECT FROM dc.thua_dat AS o
    WHERE o.hieu_luc_den IS NULL AND NOT ({}) AND o.geom && ST_Expand(near.c, %s)) LIMIT %s
"""


def hidden_boxes(world: World) -> dict[str, list[Box]]:
    """Return boxes in which many parcels lie, all of them outside a scope."""
    own = {COMMUNE: world.places.communes[:1], FIVE: world.places.five}
    with psycopg.connect(world.dsn) as connection:
        found = {
            kind: _around(connection, "{0}.xa_id <> ALL (%s)", [list(units)], 0.001) for kind, units in own.items()
        }
        found[TERM] = _around(connection, "{0}.nhom_dat_chinh <> ALL (%s)", [["PNN"]], 0.0002)
    return found


def _around(connection: psycopg.Connection, hidden: str, values: list[Any], reach: float) -> list[Box]:
    statement = _HIDDEN.format(hidden.format("t"), hidden.format("o"))
    rows = connection.execute(statement.encode(), [*values, *values, reach, _EMPTY_BOXES]).fetchall()
    if not rows:
        raise SystemExit(f"benchmarks: no box holds nothing but hidden parcels ({hidden})")
    return [(x - reach, y - reach, x + reach, y + reach) for x, y in rows]


def empty_boxes(world: World) -> list[Box]:
    """Return boxes of the size of the others just outside the province, in which nobody has anything."""
    with psycopg.connect(world.dsn) as connection:
        row = connection.execute(
            "SELECT ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) AS e FROM dc.thua_dat) AS b"
        )
        east, north = row.fetchone() or (0, 0)
    steps = (0.01 + 0.002 * number for number in range(_EMPTY_BOXES))
    return [(east + each, north + each, east + each + 0.002, north + each + 0.002) for each in steps]


def _box_path(box: Box) -> str:
    return f"/collections/{COLLECTION}/items?f=json&limit=1000&bbox={','.join(f'{each:.7f}' for each in box)}"


def _measure_rotation(found: Found, quiet: Server, samples: int) -> None:
    """Ask with one token, and with those of many units in turn: each has a profile of its own."""
    tokens = [token_of(code_of_many(number)) for number in range(MANY)]
    path = f"/collections/{COLLECTION}/items?f=json&limit=10"
    one = {"one profile": tokens[:1], f"{MANY} profiles": tokens}
    everybody = load.write_requests("permissions-warm", [load.request_line(path, token=each) for each in tokens])
    load.wrk(quiet.url, everybody, connections=CONNECTIONS, seconds=_WARM_S, seed=1)
    for _ in range(3):
        for name, used in one.items():
            asked = islice(((path, token) for token in cycle(used)), samples)
            found.times.setdefault(f"rotation, {name}", []).extend(_asked(quiet, asked))
            lines = [load.request_line(path, token=token) for token in used]
            requests = load.write_requests("permissions-rotation", lines)
            figures = load.wrk(quiet.url, requests, connections=CONNECTIONS, seconds=3, seed=1)
            found.rates.setdefault("rotation", {}).setdefault(name, []).append(figures.per_second)


def _measure_publishing(found: Found, world: World, ours: Server, material: Material) -> None:
    """Read on while exports run and an agreement is published by another process; nobody may wait."""
    stop = threading.Event()
    exports = [threading.Thread(target=_export, args=(ours, stop)) for _ in range(_EXPORTS)]
    gaps: dict[str, list[float]] = {"exports alone": [], "exports and publishing": []}
    reading, waits = "exports alone", list[int]()

    def read() -> None:
        paths = cycle(f"/collections/{COLLECTION}/items/{each}?f=json" for each in material.ids)
        for milliseconds in _asked(ours, ((path, ours.token) for path in paths)):
            gaps[reading].append(milliseconds)
            if stop.is_set():
                return

    reader = threading.Thread(target=read)
    with _Publisher(world) as publisher, psycopg.connect(world.dsn, autocommit=True) as watcher:
        for each in (*exports, reader):
            each.start()
        time.sleep(4)
        reading = "exports and publishing"
        publisher.begin.set()
        while not publisher.is_done.wait(0.02):
            waits.append(int((watcher.execute(_WAITING).fetchone() or (0,))[0]))
        reading = "exports alone"
        lasted = publisher.lasted.get()
        stop.set()
        for each in (reader, *exports):
            each.join()
    for name, times in gaps.items():
        found.times[f"item beside {name}"] = times
        found.notes[f"longest, {name}"] = max(times)
    late, usual = (quantiles(gaps[each], n=20)[18] for each in ("exports and publishing", "exports alone"))
    found.notes |= {"publishing_s": median(lasted), "beside_publishing": late / usual}
    found.notes |= {"looks": len(waits), "waits": sum(waits)}


class _Publisher:
    """A process that publishes when it is told to, and then says how long each time took."""

    def __init__(self, world: World) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.begin, self.is_done, self._is_ready = spawn.Event(), spawn.Event(), spawn.Event()
        self.lasted: Queue[list[float]] = spawn.Queue()
        given = (world.dsn, world.app_dsn, self._is_ready, self.begin, self.is_done, self.lasted)
        self._process = spawn.Process(target=publish_often, args=given)

    def __enter__(self) -> Self:
        self._process.start()
        self._is_ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join(60)
        self._process.kill()


def publish_often(
    dsn: str, app_dsn: str, is_ready: Event, begin: Event, is_done: Event, told: Queue[list[float]]
) -> None:
    """Change what the last unit of the rotation agreed to, and publish it, a dozen times; tell the seconds of each."""
    layers = read_layers(REPOSITORY / "config" / "layers")
    is_ready.set()
    begin.wait()
    lasted: list[float] = []
    for number in range(_PUBLISHED):
        account = _agree_anew(dsn, number)
        begun = time.perf_counter()
        with psycopg.connect(login_of(None, app_dsn, "publisher")) as connection:
            republish(connection, layers, [account], SINCE)
        lasted.append(time.perf_counter() - begun)
        time.sleep(0.1)
    told.put(lasted)
    is_done.set()


def _agree_anew(dsn: str, number: int) -> int:
    """Change the agreement of the last unit of the rotation; return the account that reads by it."""
    code = code_of_many(MANY - 1)
    with psycopg.connect(dsn) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        change = (
            "UPDATE acl.agreement_version SET body = jsonb_set(body, '{grants,0,allowance,page_max}', %s::text::jsonb) "
            "WHERE agreement_id = (SELECT id FROM acl.agreement WHERE code = %s)"
        )
        connection.execute(change, [100 + number + int(time.time()) % 1_000, code])
        row = connection.execute("SELECT id FROM acl.account WHERE code = %s", [code]).fetchone()
    return int(row[0]) if row else 0


def _export(server: Server, stop: threading.Event) -> None:
    parts = urlsplit(server.url)
    token = token_of(code_of(EVERY))
    while not stop.is_set():
        connection = HTTPConnection(parts.netloc, timeout=600)
        connection.request("GET", f"/collections/{COLLECTION}/export?f=json", headers=bearer(token))
        answer = connection.getresponse()
        while not stop.is_set() and answer.read(1 << 16):
            pass
        connection.close()


def _interleaved(askers: Mapping[str, Server], paths: Sequence[str], samples: int) -> dict[str, list[float]]:
    """Ask by turns, in an order that changes, over kept connections; return milliseconds, without the first ones.

    In one order it would always be the same one who asks while the record of the one before is still written.
    """
    chance = random.Random(1)
    streams: dict[str, Iterator[float]] = {
        who: _asked(server, ((path, server.token) for path in cycle(paths))) for who, server in askers.items()
    }
    times: dict[str, list[float]] = {who: [] for who in askers}
    for number in range(samples + 20):
        for who in chance.sample(list(streams), len(streams)):
            taken = next(streams[who])
            if number >= 20:
                times[who].append(taken)
    return times


def _asked(
    server: Server, requests: Iterator[tuple[str, str | None]] | list[tuple[str, str | None]]
) -> Iterator[float]:
    """Yield the milliseconds of one answer after the other, over one connection."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        for path, token in requests:
            begin = time.perf_counter()
            connection.request("GET", path, headers=bearer(token))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"benchmarks: {path} answered {answer.status}")
            yield (time.perf_counter() - begin) * 1_000
    finally:
        connection.close()


def document(found: Found, facts: Mapping[str, Any], targets: Mapping[str, Any]) -> list[str]:
    """Return the lines of the results."""
    whos = list(dict.fromkeys(who for each in found.rates.values() for who in each if "profile" not in who))
    lines = [f"# What permission costs, {facts['day']}, {facts['cores']} cores", ""]
    lines += [
        f"{facts['parcels']:,} parcels; commit {facts['commit']}; {facts['rounds']} rounds of {facts['seconds']} s, "
    ]
    lines += [
        f"{CONNECTIONS} connections, medians (lowest–highest); load averages before, and over the last 15 minutes: "
    ]
    lines += [f"{facts['load_average']}. Without audit unless a column says otherwise.", ""]
    lines += ["| answers per second | " + " | ".join(whos) + " |", "|---" * (len(whos) + 1) + "|"]
    for key, rates in found.rates.items():
        if key != "rotation":
            lines.append(f"| {key} | " + " | ".join(spread(rates[who]) for who in whos) + " |")
    lines += ["", "| one answer at a time | median ms | 95 % ms | samples |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {median(times):.2f} | {quantiles(times, n=20)[18]:.2f} | {len(times)} |"
        for name, times in found.times.items()
    ]
    faults = (f"* {each}" for each in found.faults or ["No faults."])
    return [*lines, "", *_judged(found, targets), "", *_sentences(found), *faults]


def _judged(found: Found, targets: Mapping[str, Any]) -> list[str]:
    """Return the lines of the table of what is wanted, and whether it is reached."""
    notes, dense = found.notes, found.notes["hidden_dense"]
    at_most = [
        ("token and profile, added to an item, ms", notes["token_ms"], "token_ms"),
        *((f"box of hidden parcels, of an empty one: {kind}", dense[kind], "hidden_dense") for kind in (COMMUNE, FIVE)),
        ("box of 200 in the scope of a commune, of that for everybody", notes[f"box, {COMMUNE}"], "box_of_commune"),
        ("the same, of five communes", notes[f"box, {FIVE}"], "box_of_commune"),
        ("the same, where every commune is listed", notes[f"box, {EVERY}"], "box_of_every_commune"),
        ("95 % of items beside publishing, of those beside exports alone", notes["beside_publishing"], "publishing"),
    ]
    one, many = (median(each) for each in found.rates["rotation"].values())
    lines = ["| what | found | wanted | reached |", "|---|---|---|---|"]
    lines += [_line(what, value, f"at most {targets[key]}", value <= targets[key]) for what, value, key in at_most]
    kept = targets["rotation"]
    what = f"{MANY} profiles in turn, of the rate of one ({many:,.0f} and {one:,.0f} a second)"
    lines.append(_line(what, many / one, f"at least {kept}", many / one >= kept))
    lines.append(f"| box of hidden parcels, of an empty one: {TERM} | {dense[TERM]:.2f} | (documented) | |")
    return lines


def _line(what: str, value: float, wanted: str, reached: bool) -> str:
    return f"| {what} | {value:.2f} | {wanted} | {'yes' if reached else '**no**'} |"


def _sentences(found: Found) -> list[str]:
    notes = found.notes
    return [
        f"* Publishing takes {notes['publishing_s']:.2f} s beside {_EXPORTS} exports; the longest answer took "
        f"{notes['longest, exports and publishing']:.0f} ms, beside exports alone "
        f"{notes['longest, exports alone']:.0f} ms. In {notes['looks']} looks meanwhile {notes['waits']} "
        "sessions were seen to wait for a lock.",
    ]


def _write(chosen: argparse.Namespace, found: Found, load_average: list[float]) -> None:
    plan = QUICK if chosen.quick else FULL
    facts = {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "parcels": chosen.parcels,
        "commit": _commit(),
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "load_average": load_average,
    }
    chosen.write.mkdir(parents=True, exist_ok=True)
    name = f"{facts['day']}-{facts['cores']}-permissions" + ("-quick" if chosen.quick else "")
    measured = {"facts": facts, "per_second": found.rates, "milliseconds": found.times, "notes": found.notes}
    (chosen.write / f"{name}.json").write_text(json.dumps(measured, indent=1) + "\n")
    text = "\n".join(document(found, facts, yaml.safe_load((HERE / "targets.yml").read_text()))) + "\n"
    (chosen.write / f"{name}.md").write_text(text)
    sys.stdout.write(text)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty=*", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()


def _say(line: str) -> None:
    sys.stderr.write(f"benchmarks: {line}\n")


if __name__ == "__main__":
    main()
