"""Which acts of the admin API need a fresh proof of the person: every write that is not named here.

What gives rights or keys, or decides on them, needs somebody who has just proved who they are (RFC 9470): a token that
was stolen, or a browser that was left open, cannot do it. What takes rights away must be possible at once, and what
only writes down or prepares gives nothing.
"""

import re
from datetime import datetime
from typing import Final

from auth.credentials.proof import PROOF_PAGE, is_fresh
from auth.model import Caller
from core.errors import ProofNeeded
from core.limits import LIMITS

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_IN_RULE: Final = re.compile(r"<(?:\w+:)?(\w+)>")

TAKING_AWAY: Final = frozenset(
    {
        ("POST", "/accounts/{account}/suspend"),
        ("POST", "/accounts/{account}/revoke"),
        ("POST", "/accounts/{account}/leaving"),
        ("DELETE", "/accounts/{account}/functions/{function}"),
        ("DELETE", "/outside-subjects/{account}"),
        ("DELETE", "/clients/{client_id}"),
        ("DELETE", "/tokens/{mark}"),
        ("DELETE", "/consents/{consent}"),
        ("POST", "/account-proposals/{number}/withdrawal"),
        ("POST", "/manager-proposals/{number}/withdrawal"),
        ("POST", "/agreements/{code}/decline"),
        ("POST", "/agreements/{code}/withdraw"),
        ("POST", "/agreements/{code}/revoke"),
        ("POST", "/successions/{code}/refuse"),
        ("POST", "/requests/{code}/refuse"),
        ("POST", "/requests/{code}/withdraw"),
    }
)
"""Acts that end rights or keys, or give up what would have given them."""
PREPARING: Final = frozenset(
    {
        ("POST", "/accounts/{account}/leaving/acknowledgement"),
        ("POST", "/attestations"),
        ("POST", "/units/{unit}/staff-list"),
        ("POST", "/requests"),
        ("POST", "/requests/{code}/answer"),
        ("POST", "/requests/{code}/prepare"),
    }
)
"""Acts that write down or ask. Who drafts an agreement is one of its two officers, and proves it."""


def needs_proof(method: str, path: str) -> bool:
    """Tell whether an endpoint needs a fresh proof; ``path`` is below ``/admin/api``, its parameters in braces."""
    return method in _WRITES and (method, path) not in TAKING_AWAY | PREPARING


def path_of_rule(rule: str, prefix: str) -> str:
    """Return the path of a rule of Flask as OpenAPI writes it, below a prefix."""
    return _IN_RULE.sub(r"{\1}", rule.removeprefix(prefix))


def require_proof(who: Caller, now: datetime) -> None:
    """Raise ``ProofNeeded`` unless the person has proved lately who they are."""
    if not is_fresh(who.proved_at, now):
        raise ProofNeeded(max_age_s=LIMITS.proof_max_age_s, page=PROOF_PAGE)
