"""The crawlable twin of the catalogue: a folder of plain files that any web server can give out.

``catalog.json`` (a crawlable catalogue of OGC API Records), ``records/<id>.json`` and ``records/<id>.xml`` (ISO 19139),
``sitemap.xml``, ``SHA256SUMS``. It is written beside its place and moved there whole. Source: OGC 20-004r1, clause 7.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from catalogue.record import Published
from core.errors import Conflict
from formats.records.about import About
from formats.records.offered import BY_KEY
from harvest.faces import sitemap
from harvest.reading import Catalogue, Gone, id_of

CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{name}" for name in ("record-core", "record-collection")
)
_PAGE_SIZE = 1_000
_CATALOGUE, _SUMS, _SITEMAP, _RECORDS = "catalog.json", "SHA256SUMS", "sitemap.xml", "records"
_JSON, _XML = BY_KEY["json"], BY_KEY["iso19139"]


@dataclass(frozen=True, slots=True)
class Told:
    """What ``catalog.json`` says of the catalogue as a whole; ``extent``: (west, south, east, north) in degrees."""

    id: str
    title: str
    description: str
    extent: tuple[float, float, float, float]


def export(folder: Path, told: Told, about: About, asked: Callable[[], Catalogue]) -> int:
    """Write the twin in place of what an earlier export left; return how many records it holds.

    Args:
        asked: begins a request of the caller whose sight is written.

    Raises:
        Conflict: the folder holds something else.
        Unavailable: the catalogue was never published, or the database is away; the folder is as before.
        OSError: the files cannot be written; the folder is as before.
    """
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(".new", f".{folder.name}.", folder.parent))
    try:
        ids = _write_records(new / _RECORDS, about, asked)
        (new / _CATALOGUE).write_bytes(orjson.dumps(_catalogue(told, about, ids), option=orjson.OPT_INDENT_2))
        _write_sitemap(new, about, asked)
        _write_sums(new)
        new.chmod(0o755)
        _put_in_place(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return len(ids)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / _SUMS).is_file())):
        raise Conflict("{} holds something else than an exported catalogue; nothing was changed.", folder)


def _write_records(folder: Path, about: About, asked: Callable[[], Catalogue]) -> list[UUID]:
    """Write all records, and again what was published meanwhile, until nothing was; return their identifiers."""
    folder.mkdir()
    ids: set[UUID] = set()
    since: datetime | None = None
    while True:
        before = asked().newest()
        for each in _entries(asked, since):
            if isinstance(each, Gone):
                ids.discard(each.id)
                _delete(folder, each.id)
            else:
                ids.add(each.record.id)
                _write(folder, each, about)
        if asked().newest() == before:
            return sorted(ids)
        since = before


def _entries(asked: Callable[[], Catalogue], since: datetime | None) -> Iterator[Published | Gone]:
    after: UUID | None = None
    while page := asked().page_with_gone(after=after, limit=_PAGE_SIZE, since=since):
        yield from page
        after = id_of(page[-1])


def _write(folder: Path, published: Published, about: About) -> None:
    for format_, ending in ((_JSON, "json"), (_XML, "xml")):
        (folder / f"{published.record.id}.{ending}").write_bytes(format_.encode(published, about))


def _delete(folder: Path, id_: UUID) -> None:
    for ending in ("json", "xml"):
        (folder / f"{id_}.{ending}").unlink(missing_ok=True)


def _catalogue(told: Told, about: About, ids: list[UUID]) -> dict[str, object]:
    items = [{"rel": "item", "href": f"{_RECORDS}/{each}.json", "type": _JSON.media_types[0]} for each in ids]
    return {
        "id": told.id,
        "type": "Collection",
        "itemType": "record",
        "title": told.title,
        "description": told.description,
        "conformsTo": list(CONFORMS_TO),
        "extent": {"spatial": {"bbox": [list(told.extent)]}},
        "links": [
            {"rel": "self", "href": _CATALOGUE, "type": "application/ogc-catalog+json"},
            {"rel": "alternate", "href": about.catalogue, "type": "application/json"},
            *items,
        ],
    }


def _write_sitemap(folder: Path, about: About, asked: Callable[[], Catalogue]) -> None:
    """Write the sitemap of the service's own pages; of very many records it is the index of the service's parts."""
    (folder / _SITEMAP).write_bytes(sitemap.answer([], f"{about.base_url}/{_SITEMAP}", about, asked()).body)


def _write_sums(folder: Path) -> None:
    """Write the digest of every file, as ``sha256sum --check`` reads them."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.relative_to(folder)}\n" for each in files]
    (folder / _SUMS).write_text("".join(lines), encoding="utf-8")


def _put_in_place(new: Path, folder: Path) -> None:
    """Move the new folder to its place; the old one is deleted once it is out of the way."""
    old = new.with_suffix(".old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
