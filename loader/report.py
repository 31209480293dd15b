"""Reports of a load: text for people, JSON for programs, GeoPackage of the rejected rows for a map."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry import mapping as as_geojson

from core.errors import LoadRefused
from loader import staging
from loader.load import Outcome, Result
from loader.staging import Db
from quality.rules import Finding, Rule, Severity, Values

_SHOWN: Final = 5
_BATCH: Final = 5_000
_RESULT: Final[Mapping[Result, str]] = {
    Result.WRITTEN: "Đã ghi vào cơ sở dữ liệu / written",
    Result.REFUSED: "TỪ CHỐI, không thay đổi gì / REFUSED, nothing was changed",
    Result.DRY_RUN: "Chạy thử, không thay đổi gì / dry run, nothing was changed",
}


@dataclass(frozen=True, slots=True)
class TextReport:
    """Tells the outcome and the first findings of each rule on a stream, errors before warnings."""

    out: TextIO
    shown: int = _SHOWN
    lines: list[str] = field(default_factory=list[str])

    def write(self, connection: Db, outcome: Outcome) -> None:
        """Compose the report."""
        self.lines[:] = text_lines(outcome, staging.examples(connection, self.shown))

    def finish(self) -> None:
        """Write the report: what it says is true now."""
        self.out.writelines(f"{line}\n" for line in self.lines)

    def discard(self) -> None:
        """Forget the report."""
        self.lines.clear()


@dataclass(frozen=True, slots=True)
class JsonReport:
    """Writes one JSON document with every finding; the file appears when the load has ended."""

    path: Path

    def write(self, connection: Db, outcome: Outcome) -> None:
        """Stream the document beside its final place."""
        head = json.dumps(outcome_as_json(outcome), ensure_ascii=False, indent=1)[:-2]
        with _named(self.path), _beside(self.path).open("w", encoding="utf-8") as out:
            out.write(f'{head},\n "findings": [')
            for i, finding in enumerate(staging.findings(connection)):
                text = json.dumps(finding_as_json(finding), ensure_ascii=False)
                out.write(f"{',' if i else ''}\n  {text}")
            out.write("\n ]\n}\n")

    def finish(self) -> None:
        """Put the file in its place."""
        _beside(self.path).replace(self.path)

    def discard(self) -> None:
        """Remove what was written."""
        _remove(_beside(self.path))


@dataclass(frozen=True, slots=True)
class RejectsReport:
    """Writes a GeoPackage with the rejected rows and one with points of their faults; none where there are none."""

    path: Path

    def write(self, connection: Db, outcome: Outcome) -> None:
        """Write the layers ``tu_choi`` (rows) and ``loi`` (findings) beside their final place."""
        place = _beside(self.path)
        with _named(self.path):
            place.unlink(missing_ok=True)
            for batch in batched(_reject_rows(connection), _BATCH):
                _append(place, "tu_choi", batch, ("dong", "ma_loi", "gia_tri"), outcome.srid)
            for batch in batched(_finding_rows(connection), _BATCH):
                _append(place, "loi", batch, ("dong", "ma", "khoa", "cot", "vi", "en"), outcome.srid)

    def finish(self) -> None:
        """Put the file in its place."""
        if _beside(self.path).exists():
            _beside(self.path).replace(self.path)

    def discard(self) -> None:
        """Remove what was written."""
        _remove(_beside(self.path))


def refuse_lost(paths: Iterable[Path]) -> None:
    """Refuse reports into folders that do not exist, before the file is read.

    Raises:
        LoadRefused: the text names the report and the folder.
    """
    for path in paths:
        if not path.parent.is_dir():
            raise _refusal(path, f"there is no folder {path.parent}")


def text_lines(outcome: Outcome, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the report for people, line by line."""
    yield f"{outcome.file} -> {outcome.layer} ({_systems(outcome)}{outcome.day:%d/%m/%Y})"
    yield f"{_RESULT[outcome.result]}"
    yield (
        f"Đọc / read {outcome.read}, ghi / written {outcome.written}, "
        f"từ chối / rejected {outcome.rejected}" + (f", đợt nạp / load {outcome.load_id}" if outcome.load_id else "")
    )
    for rule, count in outcome.by_rule:
        yield f"  {rule.code} {_mark(rule)} {count:>8}  {rule.vi} / {rule.en}"
    for each in findings:
        yield f"    {_where(each)}: {each.rule.code} {each.vi}"


def outcome_as_json(outcome: Outcome) -> dict[str, object]:
    """Return the outcome as JSON members; the findings are apart."""
    return {
        "result": outcome.result,
        "layer": outcome.layer,
        "file": outcome.file,
        "source_srid": outcome.source_srid,
        "srid": outcome.srid,
        "day": outcome.day.isoformat(),
        "read": outcome.read,
        "written": outcome.written,
        "rejected": outcome.rejected,
        "load": outcome.load_id,
        "encodings": dict(outcome.encodings),
        "rules": [
            {"code": rule.code, "severity": rule.severity, "vi": rule.vi, "en": rule.en, "count": count}
            for rule, count in outcome.by_rule
        ],
    }


def finding_as_json(finding: Finding) -> dict[str, object]:
    """Return one finding as JSON members, its geometry in the coordinates of the load."""
    return {
        "row": finding.row,
        "rule": finding.rule.code,
        "severity": finding.rule.severity,
        "key": finding.key,
        "column": finding.column,
        "vi": finding.vi,
        "en": finding.en,
        "geometry": None if finding.geometry is None else as_geojson(finding.geometry),
    }


def _systems(outcome: Outcome) -> str:
    """Return the coordinate system that is written, and the one of the file where it is another."""
    if outcome.srid is None:
        return ""
    if outcome.source_srid == outcome.srid:
        return f"EPSG:{outcome.srid}, "
    return f"chuyển từ / transformed from EPSG:{outcome.source_srid} -> EPSG:{outcome.srid}, "


def _mark(rule: Rule) -> str:
    return "LỖI / error   " if rule.severity is Severity.ERROR else "CẢNH BÁO / warning"


def _where(finding: Finding) -> str:
    place = f"dòng {finding.row}" if finding.row else "cả tệp"
    return f"{place} ({finding.key})" if finding.key else place


def _reject_rows(connection: Db) -> Iterator[tuple[Any, ...]]:
    for row, codes, values, shape in staging.rejects(connection):
        yield shapely.from_wkb(shape), row, ", ".join(codes), json.dumps(values, ensure_ascii=False)


def _finding_rows(connection: Db) -> Iterator[tuple[Any, ...]]:
    for each in staging.findings(connection):
        yield each.geometry, each.row, each.rule.code, each.key, each.column, each.vi, each.en


def _append(
    path: Path, layer: str, rows: tuple[tuple[Any, ...], ...], names: tuple[str, ...], srid: int | None
) -> None:
    shapes, *columns = (_objects(column) for column in zip(*rows, strict=True))
    numbers = columns[0].astype(np.int64)
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapes) if srid else None,
        field_data=[numbers, *columns[1:]],
        fields=list(names),
        layer=layer,
        driver="GPKG",
        geometry_type="Unknown" if srid else None,
        crs=srid and f"EPSG:{srid}",
        append=path.exists() and layer in {name for name, _ in pyogrio.list_layers(path)},
    )


def _objects(values: Iterable[object]) -> Values:
    listed = list(values)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


@contextmanager
def _named(path: Path) -> Generator[None]:
    """Refuse by the report's own name what cannot be written beside it."""
    try:
        yield
    except OSError as exc:
        raise _refusal(path, exc.strerror or type(exc).__name__) from exc
    except DataSourceError as exc:
        raise _refusal(path, str(exc).replace(_beside(path).name, path.name)) from exc


def _refusal(path: Path, reason: str) -> LoadRefused:
    return LoadRefused(f"A report cannot be written; nothing was changed: {path}: {reason}.")


def _remove(path: Path) -> None:
    """Remove a file; one that could not be written must not hide why."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.part{path.suffix}")
