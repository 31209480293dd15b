"""``datdai audit``: verify the audit, show its heads, read and report, let old months leave."""

import argparse
import json
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidTag

from auth.api.http import content_of
from auth.audit import archive, keys, questions, reading, store
from auth.audit.heads import Head, folder_of
from auth.audit.reading import Wanted
from auth.audit.sheets import sheet_of
from auth.audit.verifier import Period, Verdict, verify
from auth.people.accounts import caller_named
from core.clocks import VIETNAM, RealClock, calendar_day
from core.commands import CommandParser, Subparsers
from core.errors import BadRequest, DatabaseError
from core.settings import Settings, secret_key
from database.connections import connect, login_of
from database.prepared import prepared_database
from database.writer import Writer

_PERIOD_DAYS = 30
_MOST = 100


def register(commands: Subparsers) -> None:
    """Add the commands of the audit."""
    audit = commands.add_parser("audit", help="verify, read and report the audit")
    kinds = audit.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    _add_verify(kinds)
    _add_head(kinds)
    _add_report(kinds)
    _add_records(kinds)
    _add_acts(kinds)
    kinds.add_parser("retain", help="archive and delete months that were kept long enough").set_defaults(run=_retain)
    _add_unseal(kinds)


def _add_verify(kinds: Subparsers) -> None:
    adder = kinds.add_parser("verify", help="compare the audit with its seals; name the first bad row")
    _add_days(adder)
    adder.add_argument("--public-key", type=Path, metavar="FILE", help="the public key; else audit.pub in DATDAI_HOME")
    adder.add_argument("--folder", type=Path, help="heads and archives, or their copy; else audit in DATDAI_HOME")
    adder.set_defaults(run=_verify)


def _add_head(kinds: Subparsers) -> None:
    adder = kinds.add_parser("head", help="print the signed heads of days, and the public key")
    _add_days(adder)
    adder.set_defaults(run=_head)


def _add_report(kinds: Subparsers) -> None:
    adder = kinds.add_parser("report", help="report what a unit, an account or all under an agreement asked for")
    about = adder.add_mutually_exclusive_group(required=True)
    for name in ("unit", "account", "agreement"):
        about.add_argument(f"--{name}", metavar="CODE")
    adder.add_argument("--format", choices=("json", "csv"), default="json", help="csv is for spreadsheets")
    _add_reader(adder)
    adder.set_defaults(run=_report)


def _add_records(kinds: Subparsers) -> None:
    adder = kinds.add_parser("records", help="list requests, newest first")
    for name in ("unit", "account", "agreement", "collection", "literal"):
        adder.add_argument(f"--{name}")
    adder.add_argument("--denied", action="store_true", help="denials alone")
    _add_reader(adder)
    _add_page(adder)
    adder.set_defaults(run=_records)


def _add_acts(kinds: Subparsers) -> None:
    adder = kinds.add_parser("acts", help="list administrative acts, newest first")
    for name in ("unit", "account", "act", "about"):
        adder.add_argument(f"--{name}")
    _add_reader(adder)
    _add_page(adder)
    adder.set_defaults(run=_acts)


def _add_unseal(kinds: Subparsers) -> None:
    adder = kinds.add_parser("unseal", help="decrypt clear copies of queries from standard input, one a line")
    adder.add_argument("--private-key", type=Path, metavar="FILE", required=True)
    adder.set_defaults(run=_unseal)


def _add_days(adder: argparse.ArgumentParser) -> None:
    adder.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DAY", help="first day, 2025-06-30")
    adder.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DAY", help="last day")


def _add_reader(adder: argparse.ArgumentParser) -> None:
    adder.add_argument("--as", dest="reader", required=True, metavar="ACCOUNT", help="who reads; it is recorded")
    _add_days(adder)


def _add_page(adder: argparse.ArgumentParser) -> None:
    adder.add_argument("--limit", type=int, default=_MOST, metavar="N", help=f"{_MOST} unless said otherwise")
    adder.add_argument("--after", type=int, metavar="ID", help="older than the entry of this id")


def _verify(chosen: argparse.Namespace, settings: Settings) -> int:
    key = keys.public_key(chosen.public_key or keys.public_file(settings.home))
    folder = chosen.folder or folder_of(settings.home)
    with _auditor(settings) as connection:
        verdict = verify(connection, key, folder, Period(chosen.since, chosen.until))
    _say(_sentence(verdict))
    return 1 if verdict.fault else 0


def _sentence(verdict: Verdict) -> str:
    seen = f"{verdict.seals} seals, {verdict.rows} rows, {verdict.heads} heads"
    if verdict.fault:
        where = f" [{verdict.fault.row}]" if verdict.fault.row else ""
        return f"BAD ({verdict.fault.kind}){where}: {verdict.fault.text} Good before it: {seen}."
    more = f"; {verdict.retired} rows have left the database" if verdict.retired else ""
    return f"Good: {seen}{more}; {verdict.pending} rows wait for their seal."


def _head(chosen: argparse.Namespace, settings: Settings) -> int:
    with _auditor(settings) as connection:
        found = store.heads(connection, chosen.since, chosen.until)
        last = store.last(connection)
    public = keys.public_file(settings.home)
    told = {
        "public_key": public.read_text(encoding="ascii") if public.exists() else None,
        "last": {"n": last.seal.n, "seal": last.seal.digest.hex(), "made_at": last.seal.made_at} if last else None,
        "heads": [_told(head) for head in found],
    }
    _print(told)
    return 0


def _told(head: Head) -> dict[str, object]:
    return {"day": head.day, "n": head.n, "seal": head.digest.hex(), "signature": head.signature.hex()}


def _report(chosen: argparse.Namespace, settings: Settings) -> int:
    wanted = _wanted(chosen, unit=chosen.unit, account=chosen.account, agreement=chosen.agreement)
    say = _print_sheet if chosen.format == "csv" else _print
    return _read(chosen, settings, "report", wanted, lambda connection: reading.report(connection, wanted), say)


def _records(chosen: argparse.Namespace, settings: Settings) -> int:
    literal = questions.Questions(secret_key(settings)).literal(chosen.literal) if chosen.literal else None
    names = ("unit", "account", "agreement", "collection")
    given = {name: getattr(chosen, name) for name in names}
    wanted = _wanted(chosen, **given, literal=literal, granted=False if chosen.denied else None)
    return _read(
        chosen,
        settings,
        "records",
        wanted,
        lambda connection: reading.records(connection, wanted, before=chosen.after, most=chosen.limit),
    )


def _acts(chosen: argparse.Namespace, settings: Settings) -> int:
    wanted = _wanted(chosen, **{name: getattr(chosen, name) for name in ("unit", "account", "act", "about")})
    return _read(
        chosen,
        settings,
        "acts",
        wanted,
        lambda connection: reading.acts(connection, wanted, before=chosen.after, most=chosen.limit),
    )


def _read(
    chosen: argparse.Namespace,
    settings: Settings,
    what: str,
    wanted: Wanted,
    ask: Callable[[Any], Any],
    say: Callable[[Any], None] | None = None,
) -> int:
    """Read as an account, and print it, as JSON unless said otherwise."""
    with prepared_database(settings) as complete:
        dsn = complete.database_url or ""
        identity = Writer(login_of(complete.identity_database_url, dsn, "identity"), purpose="audit", size=1)
        auditor = Writer(login_of(complete.auditor_database_url, dsn, "auditor"), purpose="audit", size=1)
        with closing(identity), closing(auditor):
            with identity.transaction() as connection:
                who = caller_named(connection, chosen.reader)
            with reading.reading(identity, auditor, who, what, wanted) as connection:
                (say or _print)(ask(connection))
    return 0


def _wanted(chosen: argparse.Namespace, **given: Any) -> Wanted:
    until = cast("date", chosen.until or calendar_day(RealClock().now()))
    since = cast("date", chosen.since or until - timedelta(days=_PERIOD_DAYS - 1))
    begin, end = (datetime.combine(day, time(), VIETNAM).astimezone(UTC) for day in (since, until + timedelta(days=1)))
    return Wanted(begin, end, **given)


def _retain(_chosen: argparse.Namespace, settings: Settings) -> int:
    retention = archive.Retention(settings.audit_months, settings.audit_total_months)
    key = keys.signing_key(settings.home)
    with prepared_database(settings) as complete:
        if not complete.admin_database_url:
            raise DatabaseError("Set DATDAI_ADMIN_DATABASE_URL to the login that owns the database.")
        with (
            _auditor(complete) as reader,
            connect(complete.admin_database_url, purpose="audit", autocommit=True) as owner,
        ):
            folder = folder_of(settings.home)
            verdict = verify(reader, key.public_key(), folder)
            if verdict.fault:
                raise DatabaseError(f"Nothing leaves an audit that is not as it was sealed. {_sentence(verdict)}")
            done = archive.retain(reader, owner, key, folder, retention, RealClock())
    for name, months in (("archived", done.archived), ("forgotten", done.forgotten)):
        _say(f"{name}: {', '.join(f'{month:%Y-%m}' for month in months) or 'nothing'}")
    return 0


def _unseal(chosen: argparse.Namespace, _settings: Settings) -> int:
    key = questions.private_key(chosen.private_key)
    for line in sys.stdin:
        try:
            _say(questions.unseal(key, line.strip()))
        except (InvalidTag, ValueError) as exc:
            raise BadRequest("A line was not sealed to this key.") from exc
    return 0


@contextmanager
def _auditor(settings: Settings) -> Generator[Any]:
    with prepared_database(settings) as complete:
        dsn = login_of(complete.auditor_database_url, complete.database_url or "", "auditor")
        with store.reader(dsn, purpose="audit") as connection:
            yield connection


def _print(value: object) -> None:
    _say(json.dumps(content_of(value), ensure_ascii=False, indent=2))


def _print_sheet(report: reading.Report) -> None:
    sys.stdout.write(sheet_of(report))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
