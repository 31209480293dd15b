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
from core.errors import Conflict, DatdaiError
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
        return _all_at_once(publisher, layers)
    except (DatdaiError, psycopg.Error):
        _log.exception("the rights of some accounts changed and could not be published")
        return ()


def _all_at_once(publisher: Writer, layers: Sequence[Layer]) -> tuple[int, ...]:
    """Publish the marked accounts together; where some make no profile, one by one."""
    try:
        with publisher.transaction() as connection:
            return republish_in(connection, layers)
    except Conflict:
        return _each_for_itself(publisher, layers)


def _each_for_itself(publisher: Writer, layers: Sequence[Layer]) -> tuple[int, ...]:
    """Publish the marked accounts one by one, so that one whose rights make no profile keeps nobody else out."""
    with publisher.transaction() as connection:
        marked = [row[0] for row in connection.execute(_QUERIES["marked"].encode()).fetchall()]
    return tuple(each for each in marked if _published(publisher, layers, each))


def _published(publisher: Writer, layers: Sequence[Layer], account: int) -> bool:
    try:
        with publisher.transaction() as connection:
            row = connection.execute(_QUERIES["take_one"].encode(), {"account": account}).fetchone()
            if row:
                republish(connection, layers, [account], cast("tuple[date]", row)[0])
            return row is not None
    except (DatdaiError, psycopg.Error):
        _log.exception("the rights of account %d changed and could not be published", account)
        return False


def republish_in(connection: Connection[Any], layers: Sequence[Layer]) -> tuple[int, ...]:
    """Publish the profiles of the accounts that are marked, in a transaction of the publisher's.

    Raises:
        Conflict: they make no profile.
    """
    row = connection.execute(_QUERIES["take_stale"].encode()).fetchone()
    accounts, day = cast("tuple[list[int], date]", row)
    if accounts:
        republish(connection, layers, accounts, day)
    return tuple(accounts)


def refuse_over_grants(
    connection: Connection[Any], layers: Sequence[Layer], account_ids: Sequence[int], day: date
) -> None:
    """Refuse a change of functions under which accounts would see more than their parts give.

    Raises:
        Conflict: the functions and grants of an account make no profile.
    """
    if account_ids:
        require_publishable(connection, layers, account_ids, day)
