"""Who at an outside provider may sign in to which account: a record that somebody makes, never a guess by a name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from auth.audit import acts
from auth.credentials.holds import hold_account
from auth.model import AccountKind, Caller
from auth.people.pairs import Warrant, refuse_key_alone
from core.errors import BadRequest, Conflict, Forbidden, NotFound
from database.queries import load

SUBJECT_MAX = 255
"""Characters of a subject (OpenID Connect Core 1.0, clause 2)."""
_QUERIES = load("auth.people", "outside.sql")


@dataclass(frozen=True, slots=True)
class Link:
    """Who at a provider may sign in to an account, and who said so."""

    account: str
    issuer: str
    subject: str
    linked_at: datetime
    linked_by: str


def account_of(connection: Connection[Any], issuer: str, subject: str) -> int | None:
    """Return whose account somebody at a provider may sign in to, ``None`` if nobody's."""
    found = connection.execute(_QUERIES["linked_account"].encode(), {"issuer": issuer, "subject": subject}).fetchone()
    return found[0] if found else None


def subject_of(connection: Connection[Any], issuer: str, account_id: int) -> str | None:
    """Return as whom the owner of an account is known to a provider."""
    values = {"issuer": issuer, "account_id": account_id}
    found = connection.execute(_QUERIES["linked_subject"].encode(), values).fetchone()
    return found[0] if found else None


def link(
    connection: Connection[Any],
    actor: Caller,
    account: str,
    *,
    issuer: str,
    subject: str,
    now: datetime,
    warrant: Warrant | None = None,
) -> None:
    """Let somebody at a provider sign in to an account: one's own, or as two of the Sở anybody's.

    Raises:
        BadRequest: the subject is no subject.
        Forbidden: a token asks, or it is another's account and nobody warrants it.
        NotFound: there is no person's account of that name.
        Conflict: the account or the subject is linked already.
    """
    if not subject or len(subject) > SUBJECT_MAX or not subject.isascii() or not subject.isprintable():
        raise BadRequest("A subject is 1 to {} printable ASCII characters.", SUBJECT_MAX)
    account_id = _account(connection, actor, account)
    hold_account(connection, account_id)
    if account_id != actor.account_id:
        refuse_key_alone(connection, actor, account_id, warrant)
    values = {"issuer": issuer, "subject": subject, "account_id": account_id, "linked_by": actor.account_id, "now": now}
    if connection.execute(_QUERIES["link_subject"].encode(), values).rowcount != 1:
        raise Conflict("The account or the subject is linked already.")
    after = {"issuer": issuer, "subject": subject}
    acts.record(connection, actor, "account.link", f"account:{account}", after=after)


def unlink(connection: Connection[Any], actor: Caller, account: str, *, issuer: str) -> None:
    """Take a link back; who may link may do so.

    Raises:
        Forbidden: it is another's account, or a token asks.
        NotFound: there is no such account, or no link.
    """
    account_id = _account(connection, actor, account)
    values = {"issuer": issuer, "account_id": account_id}
    found = connection.execute(_QUERIES["unlink_subject"].encode(), values).fetchone()
    if found is None:
        raise NotFound
    before = {"issuer": issuer, "subject": found[0]}
    acts.record(connection, actor, "account.unlink", f"account:{account}", before=before)


def links_seen(connection: Connection[Any], actor: Caller, *, after: str = "", most: int = 1_000) -> list[Link]:
    """Return the links of all accounts for a system admin, one's own for anybody else, by the name of the account.

    Args:
        after: name behind which the list begins.
    """
    account_id = None if actor.account_kind is AccountKind.SYSTEM_ADMIN else actor.account_id or 0
    with connection.cursor(row_factory=class_row(Link)) as cursor:
        values = {"account_id": account_id, "after": after, "most": most}
        return cursor.execute(_QUERIES["links"].encode(), values).fetchall()


def _account(connection: Connection[Any], actor: Caller, code: str) -> int:
    """Return the account that the actor may link."""
    if actor.account_id is None or actor.kind == "token":
        raise Forbidden("Who signs in where is said by somebody who has signed in.")
    if actor.account != code and actor.account_kind is not AccountKind.SYSTEM_ADMIN:
        raise Forbidden("Another's sign-in is linked by a system admin alone.")
    found = connection.execute(_QUERIES["person_account"].encode(), {"code": code}).fetchone()
    if found is None:
        raise NotFound
    return found[0]
