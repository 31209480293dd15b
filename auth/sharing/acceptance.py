"""Accepting agreements: each party accepts exactly one body, by its hash, or sends it back; an officer gives it up."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from psycopg import Connection

from auth.audit import acts
from auth.model import Caller
from auth.sharing.agreements import (
    IN_WORK,
    Party,
    Version,
    agreement_named,
    in_work,
    move_version,
    parties_of,
    visible,
)
from auth.standing import Standing, is_one_person, officer, standing
from core.errors import Conflict, Forbidden
from database.queries import load

_SQL = load("auth.sharing", "acceptance.sql")


def accept(connection: Connection[Any], actor: Caller, code: str, *, body_hash: str, day: date) -> str:
    """Accept for the actor's unit exactly the body with this hash; return the state of the version afterwards.

    Raises:
        Forbidden: the actor leads no party; for the Sở: is no officer, or drafted it.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is proposed, the body is another one by now, or the unit has accepted already.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    version = in_work(connection, agreement, ("proposed",))
    mine = [each for each in parties_of(connection, agreement, version) if each.unit_id == who.unit]
    if not mine or not (who.head or who.officer):
        raise Forbidden("Only the head of a party accepts; for the Sở an officer of it.")
    if is_one_person(connection, who.account, version.maker_id):
        raise Forbidden("Who drafted a version does not accept it.")
    refuse_other_body(version, body_hash)
    if mine[0].accepted_by:
        raise Conflict("This unit has accepted already.")
    values = {"agreement": agreement.id, "number": version.number, "unit": who.unit, "account": who.account}
    connection.execute(_SQL["accept"].encode(), values)
    state = "proposed"
    if all(each.accepted_by for each in parties_of(connection, agreement, version)):
        state = move_version(connection, agreement, version, "accepted")
    after = {"number": version.number, "body_hash": body_hash, "state": state}
    acts.record(connection, actor, "agreement.accept", f"agreement:{code}", after=after)
    return state


def decline(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Send what was proposed back as a draft, for a party, with the reason.

    Raises:
        Forbidden: the actor does not speak for a party.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is proposed or accepted.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    version = in_work(connection, agreement, ("proposed", "accepted"))
    if not speaks_for_party(who, parties_of(connection, agreement, version)):
        raise Forbidden("Only the head of a party sends it back; for the Sở an officer of it.")
    move_version(connection, agreement, version, "draft", reason=reason)
    acts.record(connection, actor, "agreement.decline", f"agreement:{code}", after={"reason": reason})


def withdraw(connection: Connection[Any], actor: Caller, code: str, *, reason: str, day: date) -> None:
    """Give up the version in work, for good.

    Raises:
        Forbidden: the actor is no officer of the Sở.
        NotFound: there is no such agreement.
        Conflict: no version is in work.
    """
    who = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = in_work(connection, agreement, IN_WORK)
    move_version(connection, agreement, version, "revoked", reason=reason, ended_by=who.account)
    after = {"number": version.number, "reason": reason}
    acts.record(connection, actor, "agreement.withdraw", f"agreement:{code}", after=after)


def refuse_other_body(version: Version, body_hash: str) -> None:
    """Refuse to act on another body than the one that was read.

    Raises:
        Conflict: the version has another one.
    """
    if version.body_hash != body_hash:
        raise Conflict("The body is another one by now; read it again.")


def speaks_for_party(who: Standing, parties: Iterable[Party]) -> bool:
    """Tell whether somebody heads a party, or is an officer of the Sở where that is one."""
    return (who.head or who.officer) and any(each.unit_id == who.unit for each in parties)
