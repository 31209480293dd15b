"""The command ``datdai``."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import cast

from auth.rights.publishing import republish
from catalogue.files import read_layers
from core import logs
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.errors import DatabaseError, DatdaiError
from core.settings import Settings, secret_key
from database import migrate
from database.cluster import Cluster, cluster_folder, database_of
from database.connections import alone, connect
from database.prepared import prepared_database, require_cluster
from loader import codelists
from server.proofs import legal_day
from web.texts import error_texts

type Run = Callable[[argparse.Namespace, Settings], int]

PACKAGES_WITH_COMMANDS = ("database", "loader", "loader.sample", "loader.demo", "auth", "harvest", "server")
"""Packages with a module ``commands`` whose ``register(subparsers)`` adds commands; each sets ``run``.

What is chosen has ``texts``, too: translations of errors by language.
"""
SAMPLE_PARCELS = 20_000
SAMPLE_SEED = 2025
_PREPARE_KEY = 0x64617470  # "datp": whoever fills an empty database holds this advisory lock


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; return 0, 2 for what was refused in one sentence, 130 when interrupted."""
    chosen = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped
    try:
        settings = Settings.from_env(environ)
        logs.configure(settings.log_level, settings.log_format)
        return cast("Run", chosen.run)(chosen, settings)
    except DatdaiError as exc:
        sys.stderr.write(f"datdai: {exc}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="datdai", description="The provincial land database as an OGC API.", allow_abbrev=False
    )
    top.set_defaults(texts=error_texts)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=CommandParser)
    _add_serve(commands)
    _add_prepare(commands)
    _add_migrate(commands)
    _add_db(commands)
    for package in PACKAGES_WITH_COMMANDS:
        if find_spec(f"{package}.commands"):
            import_module(f"{package}.commands").register(commands)
    return top


def what_to_open(settings: Settings, tokens: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what the operator is told once the server answers; ``tokens`` are those of the demo, by account."""
    url = settings.public_url
    lines = (
        ("Open in a browser", f"{url}/"),
        ("QGIS", f"Layer > Add Layer > Add WFS / OGC API - Features Layer, new connection: {url}"),
        ("GDAL", f"ogrinfo OAPIF:{url} -so"),
        ("curl", f"curl '{url}/collections?f=json'"),
    )
    shown = [f"  {name:<18} {line}" for name, line in (*lines, *tokens.items())]
    if tokens:
        shown.insert(len(lines), "Tokens of the demo, for the header 'Authorization: Bearer ...':")
    return "\n".join(["datdai is ready.", *shown, "Stop: Ctrl-C"])


def prepare(admin_dsn: str, *, parcels: int | None, remake: str) -> None:
    """Migrate, and load the sample province into a database without any administrative unit.

    Args:
        admin_dsn: connection string of the DBA.
        parcels: size of the sample, 0 loads none; None is ``SAMPLE_PARCELS`` and takes whatever is there already.
        remake: what to do for a sample of that size where one is already.
    """
    _bring_up(admin_dsn)
    if parcels == 0:
        return
    with alone(admin_dsn, _PREPARE_KEY, purpose="prepare"):
        if migrate.is_empty(admin_dsn):
            _load_sample(admin_dsn, parcels or SAMPLE_PARCELS)
        elif parcels:
            _say(f"{_what_is_there(admin_dsn)}, and stays: {parcels} parcels are not loaded. {remake}")


def _load_sample(admin_dsn: str, parcels: int) -> None:
    sample = import_module("loader.sample")
    _say(f"loading the sample province with {parcels} parcels")
    with sample.shown_on(sys.stderr) as progress:
        sample.build(admin_dsn, parcels=parcels, seed=SAMPLE_SEED, progress=progress)


def _load_demo(settings: Settings) -> Mapping[str, str]:
    """Load the units of the demo into a sample province that lacks them; return a token of each of its accounts."""
    demo = import_module("loader.demo")
    logins, files = demo.Logins.of(settings), demo.read_demo()
    with alone(logins.admin_dsn, _PREPARE_KEY, purpose="prepare") as connection:
        if demo.is_due(connection, logins):
            _say("loading the units of the demo")
            demo.load(logins, files, read_layers(), key=secret_key(settings), clock=RealClock())
        if not demo.is_demo(connection):
            return {}
        return demo.tokens(logins, files, read_layers(), key=secret_key(settings), clock=RealClock())


def _what_is_there(admin_dsn: str) -> str:
    with connect(admin_dsn, purpose="prepare") as connection:
        made = import_module("loader.sample").built_as(connection)
    return f"The sample province is there already ({made})" if made else "The database is filled already"


def _how_to_remake(settings: Settings) -> str:
    """Return what empties the database; asked before the addresses of an embedded cluster are filled in."""
    if settings.database_url:
        return "For those, take an empty database."
    return f"For those, stop the server and delete {cluster_folder(settings.home)}"


def _bring_up(admin_dsn: str) -> bool:
    """Apply what is pending and bring the code lists up to date; tell whether anything changed."""
    applied = migrate.migrate(admin_dsn)
    for migration in applied:
        _say(f"applied {migration.file}")
    codes = codelists.load(admin_dsn)
    if codes:
        _say(f"code lists: {codes} codes new or changed")
    published = _publish(admin_dsn)
    return bool(applied or codes or published)


def _publish(admin_dsn: str) -> int:
    """Publish what agreements and functions give, where layer files or this version make something else of them."""
    with connect(admin_dsn, purpose="publish") as connection:
        published = republish(connection, read_layers(), None, legal_day(connection))
    if published.subjects:
        _say(f"published anew what {_counted(len(published.subjects))} may see")
    return len(published.subjects)


def _counted(accounts: int) -> str:
    return "1 account" if accounts == 1 else f"{accounts} accounts"


def _add_serve(commands: Subparsers) -> None:
    serve = commands.add_parser("serve", help="run the server until it is stopped")
    serve.add_argument("--prepare", action="store_true", help="first migrate, and load the sample if empty")
    _add_parcels(serve)
    serve.add_argument(
        "--keep-database", action="store_true", help="leave the embedded cluster running when the server stops"
    )
    serve.set_defaults(run=_serve)


def _serve(chosen: argparse.Namespace, settings: Settings) -> int:
    app = import_module("server.app")
    app.prove_port_free(settings)  # before a sample is loaded, which takes minutes
    opened = database_of if chosen.prepare else prepared_database
    with opened(settings, keep=chosen.keep_database) as complete:
        tokens: Mapping[str, str] = {}
        if chosen.prepare and complete.admin_database_url:
            prepare(complete.admin_database_url, parcels=chosen.parcels, remake=_how_to_remake(settings))
            tokens = _load_demo(complete)
        migrate.check_migrated(complete.database_url or "")
        app.serve(complete, what_to_open(complete, tokens))
    return 0


def _add_prepare(commands: Subparsers) -> None:
    adder = commands.add_parser("prepare", help="migrate, and load the sample province if the database is empty")
    _add_parcels(adder)
    adder.set_defaults(run=_prepare)


def _prepare(chosen: argparse.Namespace, settings: Settings) -> int:
    with database_of(settings) as complete:
        prepare(_admin(complete), parcels=chosen.parcels, remake=_how_to_remake(settings))
        _load_demo(complete)
    return 0


def _add_parcels(adder: argparse.ArgumentParser) -> None:
    text = f"parcels of the sample, {SAMPLE_PARCELS} if not said; 0 loads none"
    adder.add_argument("--parcels", type=int, metavar="N", help=text)


def _add_migrate(commands: Subparsers) -> None:
    adder = commands.add_parser("migrate", help="bring the database to the state of this version")
    adder.add_argument("--status", action="store_true", help="only say what is applied and what is pending")
    adder.set_defaults(run=_migrate)


def _migrate(chosen: argparse.Namespace, settings: Settings) -> int:
    if chosen.status:
        require_cluster(settings)
    with database_of(settings) as complete:
        if chosen.status:
            return _print_status(complete)
        changed = _bring_up(_admin(complete))
    if not changed:
        _say("nothing to do")
    return 0


def _print_status(settings: Settings) -> int:
    found = migrate.status(settings.admin_database_url or settings.database_url or "")
    for migration in found.applied:
        _say(f"applied  {migration.file}")
    for migration in found.pending:
        _say(f"pending  {migration.file}")
    return 1 if found.pending else 0


def _admin(settings: Settings) -> str:
    if not settings.admin_database_url:
        raise DatabaseError("Set DATDAI_ADMIN_DATABASE_URL to the login that owns the database.")
    return settings.admin_database_url


def _add_db(commands: Subparsers) -> None:
    adder = commands.add_parser("db", help="start, stop or look at the embedded cluster")
    adder.add_argument("action", choices=("start", "stop", "status"))
    adder.set_defaults(run=_db)


def _db(chosen: argparse.Namespace, settings: Settings) -> int:
    if settings.database_url:
        raise DatabaseError("DATDAI_DATABASE_URL is set: there is no embedded cluster to start or stop.")
    cluster = Cluster(cluster_folder(settings.home))
    match cast("str", chosen.action):
        case "start":
            _say(f"{'started' if cluster.start() else 'running already'}: {cluster.dsn()}")
        case "stop":
            if cluster.is_used():
                raise DatabaseError(
                    "Another process uses the embedded cluster: stop that one, and the cluster stops too."
                )
            _say("stopped" if cluster.stop() else "not running")
        case _:
            return _print_cluster(cluster)
    return 0


def _print_cluster(cluster: Cluster) -> int:
    """Say whether the cluster runs; 3 is what service managers return for one that does not."""
    running = cluster.is_running()
    _say(f"running: {cluster.dsn()}" if running else f"not running: {cluster.folder}")
    return 0 if running else 3


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
