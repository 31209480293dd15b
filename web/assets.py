"""Static files: our own, and the map library out of its installed wheel. A closed list; no path is ever joined."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""For an address that carries the file's version."""

_OWN = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_OWN_NAMES = ("site.css", "site.js", "map.js", "mark.svg", "maplibre-gl.LICENSE.txt")
_WHEEL_NAMES = ("maplibre-gl.js", "maplibre-gl.css")


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file; ``etag`` is quoted, ``version`` goes into the query of its address."""

    content: bytes
    media_type: str
    etag: str
    version: str


def find(name: str) -> Asset | None:
    """Return the file of that name, or ``None``; whatever is not listed does not exist."""
    return _all().get(name)


@cache
def versions() -> Mapping[str, str]:
    """Return the version of every static file by its name."""
    return {name: asset.version for name, asset in _all().items()}


@cache
def _all() -> dict[str, Asset]:
    wheel = _wheel()
    contents = {name: (_OWN / name).read_bytes() for name in _OWN_NAMES}
    contents |= {name: (wheel / name).read_bytes() for name in _WHEEL_NAMES}
    return {name: _asset(name, content) for name, content in contents.items()}


def _wheel() -> Path:
    """Return the folder of the map library. Its Python package is not imported: it would only warn and cost time."""
    spec = find_spec("maplibre")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package 'maplibre', which carries the map library, is not installed")
    return Path(spec.submodule_search_locations[0]) / "srcjs"


def _asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()
    return Asset(content, _TYPES[Path(name).suffix], f'"{digest[:32]}"', digest[:12])
