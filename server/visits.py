"""One request from its arrival to its end, as it is put on record: the decision first, the outcome after it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from auth.audit.questions import Question, Questions
from auth.audit.records import Decision, Outcome
from auth.audit.writer import AuditWriter
from core.clocks import Clock
from server.access import NOBODY, Visitor
from server.exports import Stream
from server.http import Request, Response

_REFUSALS = {401: "no valid token", 403: "not allowed", 404: "not there, or not to be seen"}
_FAULTS = {
    400: "not understood",
    405: "method not offered",
    406: "format not offered",
    409: "not in this state",
    413: "too large",
    415: "content not offered",
    429: "more than is given, or than may run at once",
}
_NOT_DONE, _NOT_POSSIBLE = "not answered as asked", "not possible now"
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_ANSWERED = (200, 304)
_WITH_ITEMS = ("/items", "/items/{itemId}", "/export")
_FREE_MAX = 100
"""Characters of a method, a path or a name on record that may be none of ours."""


@dataclass(slots=True)
class Visit:
    """A request, and what became known of it on the way.

    Attributes:
        route: template of the path; the path itself where nothing can be there.
        path: what the path names, by the names in the template: literals, on record as HMACs alone.
        form: the parameters that a POST brought.
        entered: not empty once the database let the caller in.
        refusal: why it is denied, where the status does not tell.
    """

    request: Request
    address: str
    visitor: Visitor = NOBODY
    route: str = ""
    collection: str | None = None
    operation: str | None = None
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    form: Sequence[tuple[str, str]] = ()
    entered: list[str] = field(default_factory=list[str])
    refusal: str | None = None


class Recorder:
    """Puts visits on record; without a writer it does nothing."""

    def __init__(self, writer: AuditWriter | None, questions: Questions, clock: Clock) -> None:
        self._writer = writer
        self._questions = questions
        self._clock = clock

    def record(self, visit: Visit, response: Response, begun: float) -> Response:
        """Put the decision on record, and see to it that the outcome follows; return the response to send.

        Raises:
            Unavailable: the decision cannot be made durable, so nothing may leave.
        """
        if self._writer is None:
            return response
        at = self._clock.now()
        id_ = os.urandom(16).hex()
        self._writer.decide(_decision(visit, response, id_, at, self._asked(visit, response)))
        ending = _Ending(self._writer, id_, response, begun, at)
        if isinstance(response.body, bytes):
            ending.write(0 if visit.request.method == "HEAD" else len(response.body), finished=True)
            return response
        counted = _Counted(response.body, ending)
        _tell_when_ended(response.body, counted.broken)
        return Response(response.status, response.headers, counted, response.rows)

    def close(self) -> None:
        """Put on record what waits."""
        if self._writer:
            self._writer.close()

    def _asked(self, visit: Visit, response: Response) -> Question:
        seen = visit.visitor.shelf.profile.collections.get(visit.collection or "")
        is_answered = response.status in _ANSWERED
        return self._questions.of(
            "" if visit.form else visit.request.query,
            [each.name for each in seen.columns] if seen else (),
            path=visit.path,
            form=visit.form,
            is_answered=is_answered,
            gives_items=is_answered and visit.request.method != "HEAD" and visit.route.endswith(_WITH_ITEMS),
        )


class _Ending:
    """The outcome of a visit, written once."""

    def __init__(self, writer: AuditWriter, id_: str, response: Response, begun: float, at: datetime) -> None:
        self._writer, self._id, self._response, self._begun, self._at = writer, id_, response, begun, at
        self._is_written = False

    def write(self, sent: int, *, finished: bool) -> None:
        if self._is_written:
            return
        self._is_written = True
        took_us = int((time.perf_counter() - self._begun) * 1_000_000)
        response = self._response
        self._writer.outcome(
            Outcome(self._id, response.status, response.rows_left(), sent, took_us, finished, self._at)
        )


class _Counted(Iterator[bytes]):
    """A body that leaves piece by piece, and what of it left."""

    def __init__(self, pieces: Iterator[bytes], ending: _Ending) -> None:
        self._pieces = pieces
        self._ending = ending
        self._sent = 0

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._ending.write(self._sent, finished=True)
            raise
        except BaseException:
            self.broken()
            raise
        self._sent += len(piece)
        return piece

    def broken(self) -> None:
        """Put on record that it broke off."""
        self._ending.write(self._sent, finished=False)

    def close(self) -> None:
        """Close the body; a client that went away before its end is told apart."""
        try:
            if close := getattr(self._pieces, "close", None):
                close()
        finally:
            self.broken()


def _tell_when_ended(body: object, broken: Callable[[], None]) -> None:
    """Have an export say when it is ended while nobody reads it; it stands innermost."""
    while (source := getattr(body, "source", None)) is not None:
        body = source
    if isinstance(body, Stream):
        body.when_ended = broken


def _decision(visit: Visit, response: Response, id_: str, at: datetime, asked: Question) -> Decision:
    caller, status = visit.visitor.caller, response.status
    refusal = _REFUSALS.get(status) or visit.refusal or _fault(status)
    return Decision(
        request_id=id_,
        at=at,
        subject=caller.subject,
        account=caller.account,
        unit=caller.unit,
        client=caller.client_id,
        token=caller.key[:12] or None,
        ip=visit.address or None,
        method=_cut(visit.request.method),
        route=_cut(visit.route),
        collection=None if visit.collection is None else _cut(visit.collection),
        operation=visit.operation,
        profile_hash=visit.visitor.profile_hash or None,
        agreements=visit.visitor.given_by(visit.collection, visit.operation) or None,
        granted=refusal is None,
        status=status,
        reason=refusal,
        query=asked.text,
        columns=asked.columns,
        sealed=asked.sealed,
    )


def _fault(status: int) -> str | None:
    """Return why nothing was answered as asked, as far as a status tells; nothing where it was."""
    if status < _CLIENT_ERROR:
        return None
    return _FAULTS.get(status, _NOT_DONE) if status < _SERVER_ERROR else _NOT_POSSIBLE


def _cut(text: str) -> str:
    """Return what a client chose freely no longer than it need be: the record is kept for years."""
    return text if len(text) <= _FREE_MAX else f"{text[:_FREE_MAX]}..."
