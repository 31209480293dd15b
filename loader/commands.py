"""The command ``datdai load``."""

import argparse
import logging
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NoReturn

import psycopg
from tqdm import tqdm

from catalogue.files import read_layers
from catalogue.layer import Layer
from catalogue.record_keys import RECORDS
from core.commands import Subparsers
from core.errors import DatabaseError, LoadRefused, Unavailable
from core.settings import Settings
from database.connections import connect
from database.prepared import prepared_database
from loader.load import Report, Result, load, source_of
from loader.mapping import read_mapping
from loader.plan import Order
from loader.report import JsonReport, RejectsReport, TextReport, refuse_lost
from quality.encodings import Encoding

CONFIG: Final = Path(__file__).parent.parent / "config"
NOTHING_WRITTEN: Final = 1
"""What the command returns when rows were wrong; 2 is for what cannot be loaded at all."""


def register(commands: Subparsers) -> None:
    """Add the command ``load``."""
    adder = commands.add_parser("load", help="load a file into a layer, all or nothing")
    adder.add_argument("layer", metavar="LAYER", help="id of a layer, for example thua-dat")
    adder.add_argument(
        "file", metavar="FILE", type=Path, help="GeoPackage, Shapefile (or .zip), FileGDB, GeoJSON, FlatGeobuf"
    )
    adder.add_argument("--mapping", default="ours", metavar="NAME", help="a file of config/mappings, or a path")
    adder.add_argument("--source-layer", metavar="NAME", help="layer of a file that has several")
    adder.add_argument("--srid", type=int, metavar="EPSG", help="coordinate system, whatever the file says")
    adder.add_argument("--ngay", type=_day, metavar="YYYY-MM-DD", help="date of the codes; default: the legal day")
    adder.add_argument(
        "--encoding", choices=[each.value for each in Encoding], help="of all texts; default: found out by column"
    )
    adder.add_argument("--set", action="append", default=[], metavar="COLUMN=VALUE", help="a constant for a column")
    adder.add_argument("--accept-valid", action="store_true", help="write the good rows, keep the others apart")
    adder.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    adder.add_argument("--report", type=Path, metavar="FILE.json", help="every finding as JSON")
    adder.add_argument("--rejects", type=Path, metavar="FILE.gpkg", help="the rejected rows as a GeoPackage")
    adder.set_defaults(run=run)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Load the file; return 0 when it was written or would be, 1 when rows were wrong.

    Raises:
        LoadRefused: the file cannot be loaded at all.
    """
    logging.getLogger("pyogrio").setLevel(logging.WARNING)  # it counts records at INFO
    order = _order(chosen)
    refuse_lost(each for each in (chosen.report, chosen.rejects) if each)
    reports: list[Report] = [TextReport(sys.stdout)]
    reports += [JsonReport(chosen.report)] if chosen.report else []
    reports += [RejectsReport(chosen.rejects)] if chosen.rejects else []
    with prepared_database(settings) as complete, _bar(order) as bar:
        dsn = complete.admin_database_url or complete.database_url or ""
        try:
            with connect(dsn, purpose="load") as connection:
                outcome = load(connection, order, started=datetime.now(UTC), progress=bar.update, reports=reports)
        except (psycopg.OperationalError, DatabaseError) as exc:
            raise Unavailable from exc
    wrong = outcome.result is Result.REFUSED or (outcome.result is Result.DRY_RUN and outcome.rejected)
    return NOTHING_WRITTEN if wrong else 0


def layer_of(layers: tuple[Layer, ...], wanted: str) -> Layer:
    """Return a layer by its id.

    Raises:
        LoadRefused: there is none, the text names all; or it is that of records.
    """
    if wanted == RECORDS:
        raise LoadRefused("Records are made by the server of what is loaded; nobody loads them.")
    loaded = [each for each in layers if each.id != RECORDS]
    for layer in loaded:
        if layer.id == wanted:
            return layer
    raise LoadRefused(f"There is no layer {wanted}. There are: {', '.join(each.id for each in loaded)}.")


def _order(chosen: argparse.Namespace) -> Order:
    layer = layer_of(read_layers(CONFIG / "layers"), chosen.layer)
    path = Path(chosen.mapping)
    if path.suffix not in (".yml", ".yaml"):
        path = CONFIG / "mappings" / f"{chosen.mapping}.yml"
    mapping = read_mapping(path, layer.id).with_values(_constants(chosen.set))
    return Order(
        layer=layer,
        file=chosen.file,
        mapping=mapping,
        source_layer=chosen.source_layer,
        srid=chosen.srid,
        day=chosen.ngay,
        encoding=chosen.encoding and Encoding(chosen.encoding),
        accept_valid=chosen.accept_valid,
        dry_run=chosen.dry_run,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text} is no day; write it as YYYY-MM-DD, for example 2025-06-30") from exc


def _constants(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise LoadRefused(f"--set takes COLUMN=VALUE, not {', '.join(wrong)}.")
    return {name: value for name, _, value in pairs}


def _bar(order: Order) -> "tqdm[NoReturn]":
    """Return a progress bar, which shows itself on a terminal only."""
    return tqdm(total=source_of(order).features, unit=" dòng", disable=None, file=sys.stderr, desc=order.layer.id)
