"""Accounts whose rights changed: marked in the transaction that changes them, published right after it.

A server that dies between the two leaves the mark, and whoever publishes next takes it up.
"""

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import psycopg
from psycopg import Connection

from auth.rights.publishing import republish, require_publishable
from catalogue.layer import Layer
from core.errors import DatdaiError
from database.queries import load
from database.writer import Writer

_QUERIES = load("auth.rights", "stale.sql")
_log = logging.getLogger("datdai.auth")


def mark_stale(connection: Connection[Any], account_ids: Sequence[int]) -> None:
    """Note that the rights of accounts have changed, in the transaction of the login that keeps accounts."""
    connection.execute(_QUERIES["mark_stale"].encode(), {"accounts": list(account_ids)})


def republish_stale(publisher: Writer, layers: Sequence[Layer]) -> tuple[int, ...]:
    """Publish the profiles of the accounts that are marked, and take the marks away; return the accounts.

    What cannot be published stays marked for whoever publishes next, and the log says why: the act stands already, so
    whatever happens here is no error of it.
    """
    try:
        with publisher.transaction() as connection:
            return republish_in(connection, layers)
    except (DatdaiError, psycopg.Error):
        _log.exception("the rights of some accounts changed and could not be published")
        return ()


def marked(connection: Connection[Any]) -> frozenset[int]:
    """Return the accounts that are marked."""
    return frozenset(row[0] for row in connection.execute(_QUERIES["marked"].encode()).fetchall())


def republish_in(connection: Connection[Any], layers: Sequence[Layer]) -> tuple[int, ...]:
    """Publish the profiles of the accounts that are marked, in a transaction of the publisher's."""
    row = connection.execute(_QUERIES["take_stale"].encode()).fetchone()
    accounts, day = cast("tuple[list[int], date]", row)
    if accounts:
        republish(connection, layers, accounts, day)
    return tuple(accounts)


def refuse_over_grants(
    connection: Connection[Any], layers: Sequence[Layer], account_ids: Sequence[int], day: date
) -> None:
    """Refuse a gift of functions under which accounts would see more than their parts give, on whatever day to come.

    Nobody publishes until the transaction ends.

    Raises:
        Conflict: by the gift some functions and grants of an account could not be put together.
    """
    if account_ids:
        require_publishable(connection, layers, account_ids, day)
