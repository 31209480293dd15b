"""What a run found, and the table that people read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.contestants import LONLAT, METRIC, OURS, QUIET, TIPG
from benchmarks.scenarios import SQL

PEERS = (METRIC, LONLAT, TIPG, SQL)
_NAMES = {
    OURS: "datdai",
    QUIET: "no audit",
    METRIC: "pygeoapi, metric",
    LONLAT: "pygeoapi, 4326",
    TIPG: "tipg, 4326",
    SQL: "bare SQL",
}


@dataclass(slots=True)
class Results:
    """Everything measured; each list holds one number for each round.

    Attributes:
        rates: answers per second by (scenario, connections), then contestant.
        seconds: of one answer by scenario, then contestant.
        peaks: MiB of the largest process by contestant, during exports.
    """

    rates: dict[tuple[str, int], dict[str, list[float]]] = field(default_factory=dict)
    latencies: dict[tuple[str, int], dict[str, list[float]]] = field(default_factory=dict)
    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add_rate(self, key: str, connections: int, who: str, per_second: float, p99_ms: float | None) -> None:
        self.rates.setdefault((key, connections), {}).setdefault(who, []).append(per_second)
        if p99_ms is not None:
            self.latencies.setdefault((key, connections), {}).setdefault(who, []).append(p99_ms)

    def add_seconds(self, key: str, who: str, seconds: Sequence[float]) -> None:
        self.seconds.setdefault(key, {}).setdefault(who, []).extend(seconds)


def as_json(results: Results) -> dict[str, Any]:
    """Return everything measured, for a file."""
    return {
        "per_second": {f"{key} @{connections}": each for (key, connections), each in results.rates.items()},
        "p99_ms": {f"{key} @{connections}": each for (key, connections), each in results.latencies.items()},
        "seconds": results.seconds,
        "peak_mib": results.peaks,
        "faults": results.faults,
    }


def number(value: float) -> str:
    """Return a rate as people read it: three figures, but whole thousands in full."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(rounds: Sequence[float]) -> str:
    """Return the median of the rounds, and how far they lie apart."""
    low, high = number(min(rounds)), number(max(rounds))
    return number(median(rounds)) + (f" ({low}–{high})" if low != high else "")


def ratio_cell(ratio: float | None, target: float | None, *, part: bool = False) -> str:
    """Return a ratio beside its target; ``part`` prints it as percent."""
    if ratio is None:
        return "–"
    shown = f"{ratio * 100:.0f} %" if part else f"{number(ratio)}×"
    if target is None:
        return shown
    wanted = f"{target * 100:.0f} %" if part else f"{target:g}×"
    return f"{'**' + shown + '**' if ratio >= target else shown + ' ✗'} / {wanted}"


def rate_table(results: Results, titles: Mapping[str, str], targets: Mapping[str, Any], connections: int) -> list[str]:
    """Return the lines of the table of rates at so many connections: figures, then ratios with their targets."""
    lines = [
        "| answers per second | " + " | ".join(_NAMES[who] for who in (OURS, QUIET, *PEERS)) + " |",
        "|---" * (len(PEERS) + 3) + "|",
    ]
    ratios = [
        "| datdai ÷ … (reached / wanted) | " + " | ".join(_NAMES[who] for who in PEERS) + " |",
        "|---" * (len(PEERS) + 1) + "|",
    ]
    for key, title in titles.items():
        found = results.rates.get((key, connections))
        if not found:
            continue
        lines.append(
            f"| {title} | " + " | ".join(map(_spread_cell, (found.get(who) for who in (OURS, QUIET, *PEERS)))) + " |"
        )
        for mine, name in ((OURS, title), (QUIET, f"{title}, no audit")):
            if mine in found and any(who in found for who in PEERS):
                wanted = targets.get(key if mine == OURS else f"{key}-{mine.rpartition('-')[2]}", {})
                ratios.append(f"| {name} | " + " | ".join(_ratio(found, wanted, who, mine) for who in PEERS) + " |")
    return [*lines, "", *ratios] if len(ratios) > 2 else lines


def _spread_cell(rounds: Sequence[float] | None) -> str:
    return spread(rounds) if rounds else "–"


def _ratio(found: Mapping[str, Sequence[float]], targets: Mapping[str, float], who: str, mine: str) -> str:
    if who not in found:
        return "–"
    theirs = median(found[who])
    ratio = median(found[mine]) / theirs if theirs else None
    return ratio_cell(ratio, targets.get(who), part=who == SQL)


def single_table(results: Results, titles: Mapping[str, str], targets: Mapping[str, Any]) -> list[str]:
    """Return the lines of the table of single answers, in milliseconds."""
    whos = (OURS, *PEERS[:-1])
    lines = [
        "| milliseconds of one answer | " + " | ".join(_NAMES[who] for who in whos) + " |",
        "|---" * (len(whos) + 1) + "|",
    ]
    for key, title in titles.items():
        found = results.seconds.get(key, {})
        cells = [spread([each * 1000 for each in found[who]]) if who in found else "–" for who in whos]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
        if len(found) > 1:
            mine = median(found[OURS])
            quotients = (median(found[who]) / mine if who in found else None for who in PEERS[:-1])
            cells = [
                ratio_cell(each, targets.get(key, {}).get(who)) for who, each in zip(PEERS, quotients, strict=False)
            ]
            lines.append("| … ÷ datdai (reached / wanted) |  | " + " | ".join(cells) + " |")
    return lines


def kept(results: Results, key: str, who: str = OURS) -> float | None:
    """Return the throughput at 64 connections, of that at 8."""
    few, many = (results.rates.get((key, connections), {}).get(who) for connections in (8, 64))
    return median(many) / median(few) if few and many and median(few) else None


def kept_table(results: Results, titles: Mapping[str, str], target: float) -> list[str]:
    """Return the lines of the table of what stays at 64 connections."""
    lines = [
        "| at 64 connections, of the rate at 8 | " + " | ".join(_NAMES[who] for who in (OURS, *PEERS)) + " |",
        "|---" * (len(PEERS) + 2) + "|",
    ]
    for key, title in titles.items():
        mine = kept(results, key)
        if mine is not None:
            others = (kept(results, key, who) for who in PEERS)
            cells = [ratio_cell(mine, target, part=True), *(ratio_cell(each, None, part=True) for each in others)]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines
