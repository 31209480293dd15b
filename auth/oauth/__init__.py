"""The authorization server: the edge at which Authlib stands. Nothing else imports Authlib."""

from dataclasses import dataclass

from auth.oauth.people import Asked, People
from core.clocks import Clock
from database.writer import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """What the authorization server stands on.

    Attributes:
        base_url: address of the service, without a slash at the end; it is the issuer and the one resource.
        identity: of the login that keeps tokens.
    """

    base_url: str
    identity: Writer
    clock: Clock
    people: People


__all__ = ["Asked", "Parts", "People"]
