"""What the authorization server asks of the pages: who sits before the browser, and what they decide."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Response

from auth.model import Caller


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked to allow.

    Attributes:
        client, unit: names of the client and of the unit that it belongs to, for people.
        scopes: in the order of ``auth.credentials.tokens.SCOPES``.
        goes_to: host that the browser is sent to afterwards; ``None`` for a device, which waits for itself.
        user_code: what the device shows; ``None`` where no device asks.
        registered_by: name of the unit whose account registered the client; empty where that is not known.
    """

    client_id: str
    client: str
    unit: str
    scopes: tuple[str, ...]
    goes_to: str | None = None
    user_code: str | None = None
    registered_by: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """A browser that this request sent away has come back.

    Attributes:
        since: a proof given from this instant on was given for this request.
        was_to_prove: it was sent to prove anew, which is tried once; else to sign in.
    """

    since: datetime
    was_to_prove: bool = True


class People(Protocol):
    """The pages, as the authorization server uses them inside a request of Flask."""

    def signed_in(self) -> Caller | None:
        """Return who is signed in and may act; ``None``: nobody, or somebody who must first change a password."""
        ...

    def sign_in(self) -> Response:
        """Send the browser to sign in; it comes back to the address of this request."""
        ...

    def prove(self, **more: str) -> Response:
        """Send the browser to prove anew who sits before it; it comes back to the address of this request.

        Args:
            more: what its address lacks.
        """
        ...

    def away(self) -> Away | None:
        """Return when this request sent this browser to sign in or to prove, where the same account comes back."""
        ...

    def ask(self, asked: Asked) -> Response:
        """Return the page that asks for consent.

        Its form is posted to the address of this request, query included, with what ``decision`` reads, and with
        ``user_code`` where a device asks.
        """
        ...

    def decision(self) -> bool | None:
        """Return what the posted form decides, ``None`` where it decides nothing yet.

        Raises:
            Forbidden: the form was not made for this session.
        """
        ...

    def ask_user_code(self, *, wrong: bool = False) -> Response:
        """Return the page on which a person types the code that a device shows, ``user_code``."""
        ...

    def told_device(self, *, allowed: bool) -> Response:
        """Return the page that says that the device was told."""
        ...

    def refused(self, status: int, error: str) -> Response:
        """Return the page for a request that must not be sent back to whoever made it.

        Args:
            error: its word in RFC 6749, ``invalid_request``, ``invalid_client`` ...
        """
        ...
