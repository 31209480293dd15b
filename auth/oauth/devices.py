"""The person's side of the device flow: a code is typed, and decided on."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import OAuth2Error

from auth.credentials.tokens import ADMINISTRATION, hash_of
from auth.model import Caller
from auth.oauth import rates
from auth.oauth.issue import Flow, begin_family
from auth.oauth.model import QUERIES, Account, Client
from auth.oauth.rates import Rates

TRIES = 10
"""Codes that one account may try in a minute: of 25 billion, 300 devices waiting, it meets one in years."""
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for a decision."""

    user_code: str
    client: Client
    scopes: list[str]


def undecided(flow: Flow, typed: str, who: Caller) -> Waiting | None:
    """Return the device that shows a code; ``None`` where there is none, or somebody has tried too many."""
    letters = "".join(letter for letter in typed.upper() if letter.isascii() and letter.isalpha())[: _LENGTH + 1]
    user_code = f"{letters[:4]}-{letters[4:]}"
    if len(letters) != _LENGTH or not _may_try(flow, who):
        return None
    values = {"user_code_hash": hash_of(user_code), "now": flow.now}
    found = flow.connection.execute(QUERIES["undecided_device"].encode(), values).fetchone()
    client = Client.find(flow.connection, found[0]) if found else None
    if client is None or found is None or ADMINISTRATION in found[1]:
        return None
    return Waiting(user_code, client, found[1])


def decide(flow: Flow, waiting: Waiting, account: Account, *, allowed: bool) -> None:
    """Write down what a person decided; with a consent a family begins."""
    family = begin_family(flow, account.id, waiting.client.id) if allowed else None
    values = {
        "user_code_hash": hash_of(waiting.user_code),
        "account_id": account.id,
        "allowed": allowed,
        "family": family,
    }
    flow.connection.execute(QUERIES["decide_device"].encode(), values)


def _may_try(flow: Flow, who: Caller) -> bool:
    try:
        rates.count(
            flow.connection, Rates(TRIES, TRIES), address=f"user code of {who.account_id}", client="", now=flow.now
        )
    except OAuth2Error:
        return False
    return True
