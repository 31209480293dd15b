"""The command that writes the crawlable twin of the catalogue."""

import argparse
import sys
from pathlib import Path

from catalogue.files import read_layers
from catalogue.profile import Operation
from catalogue.record_keys import RECORDS
from core.commands import Subparsers
from core.errors import Unauthorized
from core.settings import Settings
from database.prepared import prepared_database
from database.reader import Reader, Tuning
from harvest.reading import Catalogue
from harvest.twin import Told, export
from query.view import View
from server.access import Access, Visitor, principal_of
from server.cataloguing import about
from server.context import LANGUAGES
from server.service import service_of

CONFIG = Path(__file__).parent.parent / "config"
_HERE = "127.0.0.1"
"""Where the command asks from; a token that may be used from elsewhere alone is refused."""


def register(commands: Subparsers) -> None:
    """Add the command."""
    adder = commands.add_parser("catalogue-export", help="write the metadata catalogue as a folder of plain files")
    adder.add_argument("folder", metavar="FOLDER", type=Path, help="where; an earlier export there is replaced")
    adder.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0], help="of texts that have room for one")
    adder.add_argument(
        "--token-file", metavar="FILE", type=Path, help="what the bearer of this token sees; else what the public sees"
    )
    adder.set_defaults(run=_export)


def _export(chosen: argparse.Namespace, settings: Settings) -> int:
    with prepared_database(settings) as complete:
        reader = Reader(complete.database_url or "", Tuning(pool_size=1))
        try:
            records = _write(chosen, complete, reader)
        finally:
            reader.close()
    sys.stdout.write(f"{records} records written to {chosen.folder}\n")
    return 0


def _write(chosen: argparse.Namespace, settings: Settings, reader: Reader) -> int:
    service = service_of(settings.service or CONFIG / "service.yml", reader)
    visitor = _visitor(chosen.token_file, reader)
    view = visitor.shelf.view(RECORDS)
    layer = view.layer
    told = Told(
        RECORDS,
        layer.title.in_language(chosen.language),
        layer.description.in_language(chosen.language),
        service.extent,
    )
    told_about = about(service, settings.public_url, chosen.language, layer.title)
    return export(chosen.folder.absolute(), told, told_about, lambda: _catalogue(reader, visitor, view))


def _visitor(token_file: Path | None, reader: Reader) -> Visitor:
    """Return whose sight is written.

    Raises:
        Unauthorized: the file holds no good token, or one that may not be used from here.
    """
    header = ""
    if token_file is not None:
        try:
            header = f"Bearer {token_file.read_text(encoding='utf-8').strip()}"
        except (OSError, UnicodeDecodeError):
            raise Unauthorized("The file of the token cannot be read.") from None
    return Access(reader, read_layers(CONFIG / "layers"), lambda _: None).admit(principal_of(header, "", ""), _HERE)


def _catalogue(reader: Reader, visitor: Visitor, view: View) -> Catalogue:
    entry = visitor.entry(visitor.shelf.part(RECORDS, Operation.READ))
    return Catalogue(view, lambda statements: reader.read(entry, statements, repeatable=True))
