"""GeoPackage 1.3 with spatial index and column titles, made with SQLite; the geometries are the WKB of PostgreSQL.

Dates are text as the standard writes them, instants in UTC to the millisecond, arrays JSON text. ``last_change`` is
the day of the exchange structure: an answer has no clock.

Source: OGC 12-128r17.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

from core.errors import ContentTooLarge
from core.limits import LIMITS
from formats import geopackage_schema as schema
from formats.format import Answer, Row
from formats.geopackage_writer import Writer
from query.encoding import RowEncoding

_PAGE_BYTES = 4_096
_CHUNK_BYTES = 262_144
_TOO_LARGE = "The file would be larger than this server makes. Narrow it by bbox or filter, or ask for FlatGeobuf."


class GeoPackage:
    """A file, so all rows are in before the first byte leaves.

    Args:
        folder: of temporary files; ``None``: the system's.
        spool_max: bytes of one file.
    """

    key = "gpkg"
    media_types = ("application/geopackage+sqlite3",)
    extension = "gpkg"
    encoding = RowEncoding.VALUES
    is_file = True
    is_compressed = False

    def __init__(self, folder: str | None = None, spool_max: int = LIMITS.export_spool_max) -> None:
        self._folder = folder
        self._spool_max = spool_max

    def page(self, answer: Answer, rows: Sequence[Row]) -> bytes:
        return b"".join(self.stream(answer, iter(rows)))

    def item(self, answer: Answer, row: Row) -> bytes:
        return self.page(answer, (row,))

    def stream(self, answer: Answer, rows: Iterator[Row]) -> Iterator[bytes]:
        """Write all rows to a temporary file, then send it; the file has lost its name before the first row.

        Raises:
            ContentTooLarge: the file would pass ``spool_max``; nothing was yielded then.
        """
        with self._spooled(answer, rows) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _spooled(self, answer: Answer, rows: Iterator[Row]) -> IO[bytes]:
        handle, path = tempfile.mkstemp(suffix=".gpkg", dir=self._folder)
        file = os.fdopen(handle, "rb")
        try:
            with closing(_opened(path, self._spool_max)) as database:
                Writer(database, answer).write(rows)
        except sqlite3.OperationalError as error:
            file.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise ContentTooLarge(_TOO_LARGE) from error
            raise
        except BaseException:
            file.close()
            raise
        return file


def _opened(path: str, spool_max: int) -> sqlite3.Connection:
    """Open an empty database and take its name away: whatever happens to this process, no file stays."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(f"PRAGMA max_page_count = {max(1, spool_max // _PAGE_BYTES)}")
        database.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {schema.USER_VERSION}")
    finally:
        Path(path).unlink()
    return database
