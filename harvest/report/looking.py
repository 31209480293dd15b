"""The lint over what is kept: every record that harvesters may get, the service and the clock of the catalogue."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from auth.model import Caller
from auth.standing import officer
from catalogue.layer import Layer
from harvest.curation.store import all_seen
from harvest.report.lint import Around, Finding, Seen, lint
from harvest.report.reading import clock_of


def lint_seen(
    connection: Connection[Any],
    actor: Caller,
    *,
    layers: Iterable[Layer],
    base_url: str,
    contact_email: str,
    day: date,
    now: datetime,
) -> list[Finding]:
    """Return what would trip harvesters.

    Raises:
        Forbidden: the actor is no officer of the Sở for data sharing.
    """
    officer(connection, actor, day)
    published, looked = clock_of(connection)
    found = all_seen(connection, actor, layers=layers, day=day)
    seen = (Seen(each.record, each.created, each.updated) for each in found)
    return lint(seen, Around(base_url, contact_email, published, looked, now))
