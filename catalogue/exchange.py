"""The exchange structure of a layer: what a partner's program relies on, and the lock that keeps it honest.

``config/layers/exchange.lock`` holds one line for each version of each layer: id, version, digest. Whoever changes
what is exchanged must write a new version into the layer's file; a test compares.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from catalogue.files import LAYERS
from catalogue.layer import Column, Layer

LOCK = LAYERS / "exchange.lock"


def digest(layer: Layer) -> str:
    """Return the SHA-256 of what is exchanged: columns in order, key and geometry. Texts for people are not in it."""
    geometry = layer.geometry and [layer.geometry.kind, layer.geometry.stored_srid]
    content = [layer.key.name, geometry, [_column(each) for each in layer.columns]]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def read_lock(path: Path = LOCK) -> dict[tuple[str, str], str]:
    """Return the digest of each (layer id, version)."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {(layer, version): locked for layer, version, locked in filter(None, lines)}


def exchange_faults(layers: Iterable[Layer], lock: dict[tuple[str, str], str]) -> Iterator[str]:
    """Yield what the lock does not know, or knows otherwise; each sentence says what to do."""
    for layer in layers:
        newest, *older = (each.version for each in layer.exchange)
        yield from _newest_faults(layer, newest, lock.get((layer.id, newest)))
        for version in older:
            if (layer.id, version) not in lock:
                yield f"{layer.id}: version {version} is not in the lock; a version that was published stays there"


def _newest_faults(layer: Layer, version: str, locked: str | None) -> Iterator[str]:
    now = digest(layer)
    if locked is None:
        yield f"{layer.id}: add this line to the lock: {layer.id} {version} {now}"
    elif locked != now:
        yield (
            f"{layer.id}: what is exchanged differs from version {version}. "
            f"Write a new version into the layer's file, and this line into the lock: {layer.id} VERSION {now}"
        )


def _column(column: Column) -> list[object]:
    wide = ["wide"] if column.wide else []
    return [column.name, column.type, column.unit, column.codelist, column.refers_to, column.required, *wide]
