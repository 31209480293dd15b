"""Publishing agreements: a second officer, who has seen the effect, puts an accepted version in force.

What is published ends here, too. Rights and roles change in the same transaction.
"""

from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.errors import CheckViolation

from auth.audit import acts
from auth.model import Caller
from auth.policy.clauses import Vocabulary
from auth.rights import in_force
from auth.sharing.acceptance import refuse_other_body, speaks_for_party
from auth.sharing.agreements import (
    PACKAGE,
    PREPARING,
    Agreement,
    Version,
    agreement_named,
    in_work,
    parties_of,
    request_of,
    versions,
    visible,
)
from auth.sharing.basis import basis_of, first_day, locked_own
from auth.sharing.drafting import refuse_over_grant
from auth.standing import is_one_person, officer, standing
from core.clocks import Clock
from core.errors import Conflict, Forbidden
from core.phrases import Phrase
from database.queries import load

_UNFIT = Phrase("This does not fit the state that it is in.")
_REFUSED = {
    "all_managers": Phrase(
        "Another unit manages some of it by now and has not accepted; send it back and propose it again."
    ),
    "managers_of_source": Phrase(
        "A unit that manages some of it has not accepted what this comes from; draft an agreement that it accepts, "
        "or publish the package anew."
    ),
    "maker_may_act": Phrase("Who drafted this may not act any more; draft it anew."),
    "effect_seen": Phrase("Look at the effect of this body first; only who has seen it publishes it."),
}
"""What people read where a constraint refuses to publish."""

_SQL = load("auth.sharing", "publication.sql")


def publish(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    body_hash: str,
    vocabulary: Vocabulary,
    clock: Clock,
    day: date,
) -> None:
    """Put an accepted version in force from its first day on, as the second officer; what it replaces ends there.

    Args:
        connection: of the publisher login; rights and roles change in the same transaction.
        body_hash: of the body whose effect the officer has seen.

    Raises:
        Forbidden: the actor is no officer of the Sở, or drafted the version.
        NotFound: there is no such agreement.
        Conflict: it is not accepted by all, is another body by now, the officer has not seen its effect, who drafted
            it may not act any more, it is over already, its request does not wait for it, an account would have
            more than was agreed, or the effect rests on something else than when the officer saw it.
    """
    checker = officer(connection, actor, day)
    agreement = agreement_named(connection, code)
    version = in_work(connection, agreement, ("accepted",))
    if is_one_person(connection, checker.account, version.maker_id):
        raise Forbidden("A second officer publishes, not the one who drafted.")
    refuse_other_body(version, body_hash)
    refuse_over_grant(agreement, version.body, vocabulary)
    if version.valid_until and version.valid_until <= day:
        raise Conflict("The validity of this version is over.")
    first = first_day(version, day)
    own = locked_own(connection, agreement, first)
    put_in_force(connection, agreement, version.number, checker=checker.account, clock=clock)
    _agree_to_request(connection, agreement, checker.account)
    if agreement.kind != PACKAGE:
        in_force.republish(connection, vocabulary, agreement.recipient_id, day=day)
    withdraw_what_came(connection, vocabulary, day)
    effect_hash = basis_of(connection, agreement, version, day=first, own=own).hash
    _refuse_unseen(connection, agreement, version, effect_hash, checker.account)
    from_ = version.valid_from.isoformat()
    after = {"number": version.number, "body_hash": body_hash, "effect_hash": effect_hash, "from": from_}
    acts.record(connection, actor, "agreement.publish", f"agreement:{code}", after=after)


def revoke(
    connection: Connection[Any],
    actor: Caller,
    code: str,
    *,
    reason: str,
    on: date | None = None,
    vocabulary: Vocabulary,
    day: date,
) -> None:
    """End what is published: at once, or on a coming day without any further act; whatever stays, it ends.

    What ends before the day on which it moves to successors does not move: what they would have of it ends along.

    Args:
        connection: of the publisher login.
        on: the first day on which it is over; ``None``: at once, with all that was published for coming days.

    Raises:
        Forbidden: the actor neither is an officer of the Sở nor speaks for a party.
        NotFound: there is no such agreement, or it is no business of the actor's unit.
        Conflict: nothing is published, or the day is not a coming one within its validity.
    """
    who = standing(connection, actor, day)
    agreement = visible(connection, who, code)
    published = [each for each in versions(connection, agreement) if each.state == "published"]
    parties = [party for each in published for party in parties_of(connection, agreement, each)]
    if not (who.officer or speaks_for_party(who, parties) or (who.head and who.unit == agreement.recipient_id)):
        raise Forbidden("Only an officer of the Sở or the head of a party may end an agreement.")
    running = [each for each in published if each.valid_until is None or each.valid_until > day]
    if not running or (on and not any(_may_end(each, on, day) for each in running)):
        raise Conflict("Nothing of {} is published that could end so.", code)
    for each in running:
        _end(connection, agreement, each, on=on, reason=reason, by=who.account)
    if agreement.kind != PACKAGE:
        in_force.withdraw(connection, vocabulary, agreement.recipient_id, day=day)
    along = withdraw_what_came(connection, vocabulary, day)
    after = {"reason": reason, "on": (on or day).isoformat(), "numbers": [each.number for each in running]}
    after |= {"along": list(along)} if along else {}
    acts.record(connection, actor, "agreement.revoke", f"agreement:{code}", after=after)


def note_effect_seen(
    connection: Connection[Any], agreement: Agreement, number: int, seen: tuple[str, str], actor: Caller
) -> None:
    """Note that somebody saw what publishing an accepted body would do; of another body or state nothing is noted.

    Args:
        seen: hashes of the body and of what its effect rested on.
    """
    body_hash, effect_hash = seen
    values = {"agreement": agreement.id, "number": number, "account": actor.account_id}
    hashes = {"body_hash": body_hash, "effect_hash": effect_hash}
    connection.execute(_SQL["note_effect_seen"].encode(), values | hashes)


def put_in_force(connection: Connection[Any], agreement: Agreement, number: int, *, checker: int, clock: Clock) -> None:
    """Publish a version in the order that the database asks for; its older ones end where it begins.

    Raises:
        Conflict: PostgreSQL refuses it: somebody has not accepted, or another unit manages some of it by now.
    """
    key = {"agreement": agreement.id, "number": number}
    connection.execute(_SQL["supersede"].encode(), key)
    connection.execute(_SQL["cut"].encode(), key)
    try:
        connection.execute(_SQL["publish"].encode(), key | {"checker": checker, "at": clock.now()})
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except CheckViolation as exc:
        problem = _REFUSED.get(exc.diag.constraint_name or "", _UNFIT)
        raise Conflict("{}", problem) from exc


def withdraw_what_came(connection: Connection[Any], vocabulary: Vocabulary, day: date) -> tuple[str, ...]:
    """Publish anew the profiles of successors whose agreements PostgreSQL has ended along; return their codes."""
    ended = connection.execute(_SQL["ended_along"].encode()).fetchall()
    for unit in sorted({unit for _, unit in ended}):
        in_force.withdraw(connection, vocabulary, unit, day=day)
    return tuple(code for code, _ in ended)


def _refuse_unseen(
    connection: Connection[Any], agreement: Agreement, version: Version, effect_hash: str, account: int
) -> None:
    """Refuse what rests on something else than was seen; nobody gives or publishes any more until this is done."""
    values = {"agreement": agreement.id, "number": version.number, "effect_hash": effect_hash, "account": account}
    if connection.execute(_SQL["effect_seen"].encode(), values).fetchone() is None:
        raise Conflict("What you have seen of its effect has changed; look at it again.")


def _may_end(version: Version, on: date, day: date) -> bool:
    return day < on and version.valid_from < on and (version.valid_until is None or on < version.valid_until)


def _end(
    connection: Connection[Any], agreement: Agreement, version: Version, *, on: date | None, reason: str, by: int
) -> None:
    """End a published version at once, or on a day that lies within it; one that begins later never begins."""
    key = {"agreement": agreement.id, "number": version.number, "reason": reason, "by": by}
    if on is None or version.valid_from >= on:
        connection.execute(_SQL["end_at_once"].encode(), key)
    elif version.valid_until is None or on < version.valid_until:
        connection.execute(_SQL["end_on"].encode(), key | {"on": on})


def _agree_to_request(connection: Connection[Any], agreement: Agreement, checker: int) -> None:
    """Note that a request is agreed to; a later version of the agreement finds it so."""
    asked = request_of(connection, agreement.request)
    if asked is None:
        return
    if asked.state == PREPARING:
        values = {"request": asked.id, "note": f"Thỏa thuận {agreement.code}", "account": checker}
        connection.execute(_SQL["agree_to_request"].encode(), values)
    elif asked.state != "agreed":
        raise Conflict("Request {} is {}; it would have to be {}.", agreement.request, asked.state, PREPARING)
