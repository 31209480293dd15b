"""What two persons of the Sở do in the demo: one admin proposes, another one approves."""

from typing import Any

from auth.model import AccountKind, Caller
from auth.people import proposals
from auth.people.proposals import Act, Arguments, Means, NewProposal
from loader.demo.stage import Stage, callers, legal_day

_REASON = "Dữ liệu mẫu"


def by_two(stage: Stage, act: Act, account: str, **given: Any) -> str:
    """Do an act on a privileged account; return both halves of the activation code that comes of it, in a row."""
    one, other = admins(stage, account)[:2]
    means = Means(stage.clock, legal_day(stage.connection), ())
    new = NewProposal(act, account, _REASON, Arguments(**given))
    number = stage.keep(proposals.propose, one, new, clock=stage.clock).number
    half = stage.keep(proposals.approve, other, number, means=means).half
    if half is None:
        return ""
    return stage.keep(proposals.take_half, one, number, clock=stage.clock) + half


def admins(stage: Stage, account: str) -> list[Caller]:
    """Return the admins who may answer for an account: never its own owner."""
    acting = callers(stage.connection, stage.clock.now()).values()
    return [each for each in acting if each.account_kind is AccountKind.SYSTEM_ADMIN and each.account != account]
