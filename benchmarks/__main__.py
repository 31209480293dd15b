"""``python -m benchmarks``: our service beside its peers, on one table, in one interleaved run."""

import argparse
import json
import os
import platform
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import cast

import psycopg
import yaml

from benchmarks import contestants, load, results, scenarios
from benchmarks.client import download, etag_of, timed
from benchmarks.contestants import BIG_PAGE, OURS, QUIET, SERVERS, WIDE, Server
from benchmarks.material import Material, draw
from benchmarks.results import Results
from benchmarks.scenarios import FLOOR, RATED, SQL, Scenario
from benchmarks.statements import SCRIPTS, as_text, name_of, statement_of
from benchmarks.verify import verify
from benchmarks.world import World, allow_connections, cluster_of, open_world
from core.settings import Settings, secret_key
from query.paging import CursorSeal

HERE = Path(__file__).parent
FEW, MANY = 8, 64
NOT_MODIFIED = "not-modified"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    exports: int
    with_peers_at_many: bool


FULL = Plan(rounds=4, seconds=3, exports=2, with_peers_at_many=True)
QUICK = Plan(rounds=2, seconds=1, exports=1, with_peers_at_many=False)


@dataclass(frozen=True, slots=True)
class Shot:
    """One thing to measure in each round: a contestant in a scenario at some connections."""

    key: str
    connections: int
    who: str
    server: Server | None
    files: tuple[Path, ...]


def main() -> int:
    """Run everything and write the results."""
    chosen = _parser().parse_args()
    if missing := contestants.programs_missing():
        sys.stderr.write(f"benchmarks: install {' and '.join(missing)} (Debian: wrk, postgresql-contrib).\n")
        return 2
    plan = QUICK if chosen.quick else FULL
    _say(f"the province with {chosen.parcels:,} parcels")
    allow_connections(chosen.parcels)
    try:
        _run(chosen, plan, open_world(chosen.parcels))
    finally:
        cluster_of(chosen.parcels).stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--quick", action="store_true", help="two short rounds: shows that all works, no more")
    parser.add_argument("--write", type=Path, default=HERE / "results", metavar="FOLDER", help="where the results go")
    return parser


def _run(chosen: argparse.Namespace, plan: Plan, world: World) -> None:
    secret = secrets.token_hex(32)
    begin, load_before, commit = time.monotonic(), os.getloadavg()[0], _commit()
    found = Results()
    with contestants.all_running(world, secret) as servers:
        _say("drawing what is asked for")
        material = draw(world, servers[OURS], servers[WIDE])
        _say("checking that everybody answers rightly")
        agreement = verify(world, servers, material)
        shots = _shots(plan, world, servers, material, CursorSeal(secret_key(Settings(secret=secret))))
        _measure_rates(world, plan, found, shots, servers, material)
        _measure_exports(found, servers, material, plan.exports)
    facts = _facts(chosen, plan, world, material, agreement)
    facts |= {"commit": commit, "load_average": [round(each, 1) for each in (load_before, os.getloadavg()[2])]}
    facts |= {"minutes": round((time.monotonic() - begin) / 60, 1)}
    _write(chosen.write, found, facts)


def _measure_rates(
    world: World, plan: Plan, found: Results, shots: list[Shot], servers: dict[str, Server], material: Material
) -> None:
    """Warm everything up, then measure in rounds: in each, one contestant after the other."""
    processes = {server.process for server in servers.values()}
    lengths: dict[Shot, float] = {}
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        for number in range(plan.rounds + 1):
            _say(f"round {number} of {plan.rounds}" if number else "warming up")
            for shot in shots:
                figures = _shoot(world, shot, lengths.get(shot, 1), number)
                load.settle(connection, processes)
                if number:
                    _take(found, shot, figures)
                lengths[shot] = load.seconds_for(figures.per_second, shot.connections, plan.seconds)
            if number:
                _measure_singles(found, servers, material)


def _shots(plan: Plan, world: World, servers: dict[str, Server], material: Material, seal: CursorSeal) -> list[Shot]:
    """Return what is measured in each round, in order: in each scenario one contestant after the other."""
    shots: list[Shot] = []
    files = {(each.key, who): _files(each, who, world, servers, material, seal) for each in RATED for who in each.who}
    ours = servers[OURS]
    page = f"{ours.items}?f=json&limit=10"
    floor = (load.write_requests(FLOOR, ["/health/live"]),)
    again = load.request_line(page, tag=etag_of(ours.url + page, ours.token), token=ours.token)
    unchanged = (load.write_requests(NOT_MODIFIED, [again]),)
    for connections in (FEW, MANY):
        for each in RATED:
            everybody = connections == FEW or (each.many and plan.with_peers_at_many)
            for who in each.who if everybody else (OURS, QUIET):
                shots.append(Shot(each.key, connections, who, servers.get(who), files[each.key, who]))  # noqa: PERF401 - a loop over what is measured in turn reads better
        shots += [Shot(NOT_MODIFIED, connections, who, servers[who], unchanged) for who in (OURS, QUIET)]
        shots.append(Shot(FLOOR, connections, OURS, ours, floor))
    return shots


def _files(
    each: Scenario, who: str, world: World, servers: dict[str, Server], material: Material, seal: CursorSeal
) -> tuple[Path, ...]:
    if who != SQL:
        token = servers[who].token
        lines = (load.request_line(path, token=token) for path in each.paths(servers[who], material))
        return (load.write_requests(f"{each.key}-{who}", lines),)
    paths = each.paths(servers[OURS], material)[:SCRIPTS]
    texts = [load.bound(world.dsn, statement_of(world, path, seal, world.profile_hash)) for path in paths]
    return tuple(load.write_statements(name_of(each), map(as_text, texts)))


def _shoot(world: World, shot: Shot, seconds: float, seed: int) -> load.Figures:
    if shot.server is None:
        return load.pgbench(world.dsn, list(shot.files), connections=shot.connections, seconds=seconds, seed=seed)
    return load.wrk(shot.server.url, shot.files[0], connections=shot.connections, seconds=seconds, seed=seed)


def _take(found: Results, shot: Shot, figures: load.Figures) -> None:
    found.add_rate(shot.key, shot.connections, shot.who, figures.per_second, figures.p99_ms)
    if figures.failed or figures.refused:
        found.faults.append(
            f"{shot.who}, {shot.key}, {shot.connections} connections: {figures.failed} failed, "
            f"{figures.refused} refused"
        )


def _measure_singles(found: Results, servers: dict[str, Server], material: Material) -> None:
    """One answer at a time: the page at nine tenths of the table, and ours of the first page beside it."""
    ours = servers[WIDE]
    first = f"{ours.url}{ours.items}?f=json&limit=10"
    found.add_seconds("first", OURS, timed(first, 100, budget_s=2, token=ours.token))
    for who, server in _singles(servers):
        url = server.url + scenarios.deep_path(server, material)
        found.add_seconds("deep", who, timed(url, 100 if who == OURS else 2, budget_s=2, token=server.token))


def _singles(servers: dict[str, Server]) -> list[tuple[str, Server]]:
    """Return who answers about the whole table, ours as the unit of every commune."""
    return [(OURS, servers[WIDE]), *((who, servers[who]) for who in SERVERS if who not in (OURS, QUIET))]


def _measure_exports(found: Results, servers: dict[str, Server], material: Material, times: int) -> None:
    """Everything: of ours by export; a peer gives the first 100,000, and its time is scaled to the whole."""
    for number in range(times):
        for who, server in _singles(servers):
            _say(f"export {number + 1}: {who}")
            load.forget_peaks(server.process)
            count = material.rows if who == OURS else min(BIG_PAGE, material.rows)
            path = (
                f"/collections/{ours_collection(server)}/export?f=json"
                if who == OURS
                else f"{server.items}?f={server.format}&limit={count}"
            )
            seconds, returned = download(server.url + path, token=server.token)
            if returned != count:
                raise SystemExit(f"benchmarks: {who} gave {returned} features of {count}")
            found.add_seconds("export", who, [seconds * material.rows / count])
            found.peaks[who] = max(found.peaks.get(who, 0.0), *load.peak_mib(server.process).values())


def ours_collection(server: Server) -> str:
    """Return the id of our collection."""
    return server.items.split("/")[2]


def _facts(
    chosen: argparse.Namespace, plan: Plan, world: World, material: Material, agreement: dict[str, float]
) -> dict[str, object]:
    with psycopg.connect(world.dsn) as connection:
        postgres = str(connection.execute("SHOW server_version").fetchone()[0])  # pyright: ignore
        postgis = str(connection.execute("SELECT postgis_lib_version()").fetchone()[0])  # pyright: ignore
        shared = str(connection.execute("SHOW shared_buffers").fetchone()[0])  # pyright: ignore
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "machine": f"{_processor()}, {_memory_gib()} GiB, {platform.system()}",
        "parcels": material.rows,
        "quick": chosen.quick,
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "deep_row": material.deep,
        "versions": contestants.versions() | {"postgresql": postgres, "postgis": postgis},
        "shared_buffers": shared,
        "agreement": agreement,
    }


def _commit() -> str:
    """Return the commit that is measured; a star says that files were changed since."""
    command = ["git", "describe", "--always", "--dirty=*", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _write(folder: Path, found: Results, facts: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{facts['day']}-{facts['cores']}" + ("-quick" if facts["quick"] else "")
    (folder / f"{name}.json").write_text(json.dumps({"facts": facts, **results.as_json(found)}, indent=1) + "\n")
    text = "\n".join(_document(found, facts)) + "\n"
    (folder / f"{name}.md").write_text(text)
    sys.stdout.write(text)


def _document(found: Results, facts: dict[str, object]) -> list[str]:
    targets = yaml.safe_load((HERE / "targets.yml").read_text())
    titles = {each.key: each.title for each in RATED} | {
        NOT_MODIFIED: "Not modified (304)",
        FLOOR: "Alive (floor of HTTP)",
    }
    lines = [f"# {facts['day']}, {facts['cores']} cores", "", *_settings(facts), ""]
    lines += ["## 8 connections", "", *results.rate_table(found, titles, targets["ratios"], FEW), ""]
    lines += ["## 64 connections", "", *results.rate_table(found, titles, targets["ratios"], MANY), ""]
    lines += [*results.kept_table(found, titles, targets["kept_at_64_connections"]), ""]
    singles = {
        "first": "First page",
        "deep": f"Page at row {facts['deep_row']:,}",
        "export": f"All {facts['parcels']:,} features",
    }
    lines += ["## One at a time", "", *results.single_table(found, singles, targets["ratios"]), ""]
    lines += [*_sentences(found, targets), ""]
    lines += ["## What is asked", "", *(f"* **{each.title}**: {each.asked}." for each in RATED), *_ASKED, ""]
    faults = [f"* {fault}" for fault in found.faults] or ["None: no answer failed or had a status of 400 or more."]
    return [*lines, "## Faults", "", *faults]


_ASKED = (
    f"* **All features**: ours by `/export`, streamed; the peers have no export: the first {BIG_PAGE:,} "
    "in one answer, time scaled.",
    "* **Deep page**: ten features; ours by the cursor of a `next` link, the peers by `offset`.",
    "* **304**: `If-None-Match` with the tag of the first page.",
)


def _settings(facts: dict[str, object]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in dict(facts["versions"]).items())  # pyright: ignore
    return [
        f"{facts['machine']}; {facts['parcels']:,} parcels in force in one table, warm; commit {facts['commit']}.",
        f"{facts['rounds']} interleaved rounds of {facts['seconds']} s (slow ones up to twice that), medians "
        f"(lowest–highest); every server with {contestants.WORKERS} processes; wrk and pgbench on the same machine; "
        f"load averages before, and over the last 15 minutes: {facts['load_average']}; "
        f"{facts['minutes']} minutes in all.",
        f"{versions}; shared_buffers {facts['shared_buffers']}, durable.",
        f"Ids and counts were compared with SQL before; agreement: {facts['agreement']}.",
        "datdai answers with the token of a unit of five communes, with audit and without it (no audit); all features, "
        "the first and the deep page with that of a unit of every commune as a list. The peers answer openly.",
    ]


def _sentences(found: Results, targets: dict[str, object]) -> list[str]:
    """Return what is no ratio to a peer."""
    deep, first = (median(found.seconds[key][OURS]) for key in ("deep", "first"))
    peaks = ", ".join(f"{who} {peak:,.0f} MiB" for who, peak in found.peaks.items())
    unchanged, quiet = (median(found.rates[NOT_MODIFIED, FEW][who]) for who in (OURS, QUIET))
    wanted = cast("dict[str, int]", targets["per_second"])
    return [
        f"* The deep page takes {deep / first:.2f} of the first one (wanted: at most {targets['deep_as_first_page']}).",
        f"* Peak memory of the largest process: {peaks} (wanted of ours: at most {targets['export_mib']} MiB).",
        f"* 304: {unchanged:,.0f} per second with audit (wanted: {wanted['not-modified']:,}), {quiet:,.0f} without "
        f"(wanted: {wanted['not-modified-quiet']:,}).",
    ]


def _say(line: str) -> None:
    sys.stderr.write(f"benchmarks: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
