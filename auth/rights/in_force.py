"""From agreements to rights: what an agreement may not put together, and publishing what it changes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from auth.model import AgreementKind, Function, GrantInForce, Period, UnitKind
from auth.policy.clauses import Json, Vocabulary, grants_of
from auth.policy.compiler import Refused, compile_profile_of, compile_public, conflict, grant_faults
from auth.rights import publishing

_WHOLE = "-"
"""A function that narrows nothing: what a unit has agreed is looked at as if one account held all of it."""


def grants_in(code: str, kind: AgreementKind, body: Json) -> tuple[GrantInForce, ...]:
    """Return the grants of a body as they would be in force."""
    until = body["valid_until"] and date.fromisoformat(body["valid_until"])
    period = Period(date.fromisoformat(body["valid_from"]), until)
    return tuple(GrantInForce(code, kind, period, each) for each in grants_of(body))


def refuse_over_grant(
    grants: Sequence[GrantInForce], vocabulary: Vocabulary, recipient: UnitKind | None = None
) -> None:
    """Refuse clauses of one version that together would give more than each of them, or what a unit never has.

    Args:
        recipient: the kind of the unit that receives; ``None``: no unit does, or none yet.

    Raises:
        Conflict: they would; the text says which, and what nobody agreed to.
    """
    faults = (fault for each in grants for fault in grant_faults(each.grant, vocabulary.layers, recipient))
    if reasons := tuple(dict.fromkeys(faults)):
        raise conflict(Refused(reasons))
    day = grants[0].period.since
    if grants[0].kind is AgreementKind.PUBLIC:
        compiled = compile_public(grants, vocabulary.layers, day)
    else:
        whole = Function(_WHOLE, _WHOLE, grants[0].period)
        compiled = compile_profile_of(grants, [whole], vocabulary.layers, day)
    if isinstance(compiled, Refused):
        raise conflict(compiled)


def republish(connection: Connection[Any], vocabulary: Vocabulary, recipient: int | None, *, day: date) -> None:
    """Publish anew the profiles that an agreement touches, where it gives, in the transaction of the publisher login.

    Args:
        recipient: id of the unit; ``None``: everybody.

    Raises:
        Conflict: by what was given the rights of some account could not be put together, on whatever day to come.
    """
    publishing.republish_fitting(connection, tuple(vocabulary.layers.values()), _whom(recipient), day)


def withdraw(connection: Connection[Any], vocabulary: Vocabulary, recipient: int | None, *, day: date) -> None:
    """Publish anew the profiles that an agreement touched, where it ends: whatever stays, it does.

    What stays and cannot be put together is left out, and told.
    """
    publishing.republish(connection, tuple(vocabulary.layers.values()), _whom(recipient), day)


def _whom(recipient: int | None) -> publishing.Whom:
    return publishing.NOBODY if recipient is None else recipient
