"""What is written down of a request: the decision before its answer, the outcome after it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What was asked, by whom, and what was decided.

    Attributes:
        request_id: unique; the outcome bears the same.
        at: instant, with time zone.
        subject: whose profile it is: ``account:<id>`` or ``public``.
        account: code of the account; ``None`` for the public and for who could not be told.
        unit: code of its unit.
        token: the first letters of the token's hash.
        route: template of the path, without ids.
        collection: id; ``None`` where the route has none.
        agreements: codes of the agreements by which it was granted.
        columns: columns that the request names; ``None`` where it names none and gets them all.
        reason: why it was denied; ``None`` where it was granted.
        query: as ``auth.audit.questions`` writes it, never a literal.
        sealed: the query as sent, encrypted; ``None`` where no key is set.
    """

    request_id: str
    at: datetime
    subject: str
    account: str | None
    unit: str | None
    client: str | None
    token: str | None
    ip: str | None
    method: str
    route: str
    collection: str | None
    operation: str | None
    profile_hash: str | None
    agreements: tuple[str, ...] | None
    granted: bool
    status: int | None
    reason: str | None
    query: str | None
    columns: tuple[str, ...] | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        at: the instant of its decision.
        rows: features or records that left; ``None`` where there is nothing to count.
        bytes: of the body, as it left.
        finished: False when the client went away, or the answer broke off.
    """

    request_id: str
    status: int
    rows: int | None
    bytes: int
    duration_us: int
    finished: bool
    at: datetime
