"""Notes who harvests what, off the way of answers: nobody waits for it, and no answer depends on it.

An answer of a face is told to ``Rounds.note``; one thread puts answers of one harvester together and writes them down
as rounds. Memory is bounded: what comes while a thousand answers wait is counted as lost and said in the log. What a
process that dies has not written is lost, too; the audit holds every request.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import psycopg
from psycopg import Connection

from core.clocks import Clock
from core.errors import DatdaiError, Unavailable
from database.queries import load
from database.writer import Writer
from harvest.report.agents import family_of

_SQL = load("harvest.report", "rounds.sql")
_WAITING_MAX: Final = 1_000
_HARVESTERS_MAX: Final = 500
"""Harvesters whose answers are put together at one time; one more has them written at once."""
_WRITTEN_EVERY_S: Final = 1.0
_CLOSED_WITHIN_S: Final = 15.0
_LOSS_SAID_EVERY_S: Final = 60.0
_WORD_MAX: Final = 100
PAUSE_MAX: Final = timedelta(minutes=30)
"""After a longer pause of a harvester a round of its own begins."""
KEPT: Final = timedelta(days=400)
"""For how long a round is kept."""
_A_DAY: Final = timedelta(days=1)
ROUNDS_A_DAY: Final = 50
"""Rounds of one subject in 24 hours; what begins after them is added to the newest round of its harvester."""
_NOT_MODIFIED, _WRONG, _UNABLE = 304, 400, 500
_log = logging.getLogger("datdai.harvest")


class Face(StrEnum):
    """By which door records leave."""

    CHANGES = "changes"
    CSW = "csw"
    OAI = "oai"
    RECORDS = "records"
    SITEMAP = "sitemap"
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class Given:
    """One answer of a face.

    Attributes:
        status: of HTTP; an error of OAI-PMH or CSW that travels with 200 is told as 400.
        records, deletions: how many of them it holds.
        size: bytes of its body, as far as they are known.
        begins: it is the first page of a list.
        ends: it is the last page of a list.
        since, until: of which instants the list is.
        form: in which form: ``metadataPrefix``, ``outputSchema``, media type.
        part: of which set or component database the list is.
    """

    status: int = 200
    records: int = 0
    deletions: int = 0
    size: int = 0
    begins: bool = False
    ends: bool = False
    since: datetime | None = None
    until: datetime | None = None
    form: str | None = None
    part: str | None = None


type Harvester = tuple[str, str | None, str, Face]
"""Subject, client, family of the program, face."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What one harvester was given since the last time that it was written down."""

    begun: datetime
    last: datetime
    requests: int
    unchanged: int
    wrong: int
    unable: int
    given: Given


def sum_of(given: Given, at: datetime) -> Sum:
    """Return one answer as a sum; ``at``: when it left."""
    wrong, unable = _WRONG <= given.status < _UNABLE, given.status >= _UNABLE
    return Sum(at, at, 1, int(given.status == _NOT_MODIFIED), int(wrong), int(unable), given)


def together(one: Sum, other: Sum) -> Sum:
    """Return what two sums are together, of which the other came later and begins no list."""
    first, then = one.given, other.given
    given = replace(
        first,
        records=first.records + then.records,
        deletions=first.deletions + then.deletions,
        size=first.size + then.size,
        ends=first.ends or then.ends,
        since=first.since or then.since,
        until=first.until or then.until,
        form=first.form or then.form,
        part=first.part or then.part,
    )
    return Sum(
        min(one.begun, other.begun),
        max(one.last, other.last),
        one.requests + other.requests,
        one.unchanged + other.unchanged,
        one.wrong + other.wrong,
        one.unable + other.unable,
        given,
    )


class Rounds:
    """One thread that writes."""

    def __init__(self, writer: Writer, clock: Clock, *, every_s: float = _WRITTEN_EVERY_S) -> None:
        self._writer = writer
        self._clock = clock
        self._every_s = every_s
        self._waiting: queue.Queue[tuple[Harvester, Sum] | None] = queue.Queue(_WAITING_MAX)
        self._sums: dict[Harvester, Sum] = {}
        self._lost, self._said = 0, 0.0
        self._thread = threading.Thread(target=self._work, name="harvests", daemon=True)
        self._thread.start()

    def note(self, subject: str, client: str | None, agent: str, face: Face, given: Given) -> None:
        """Note what somebody was given; never waits.

        Args:
            subject: ``public`` or ``account:<id>``.
            client: of OAuth, by which the account came.
            agent: the header ``User-Agent``; its family alone is kept.
        """
        try:
            self._waiting.put_nowait(((subject, client, family_of(agent), face), sum_of(given, self._clock.now())))
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, and close the connection."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_CLOSED_WITHIN_S)
        self._thread.join(_CLOSED_WITHIN_S)
        self._writer.close()

    def _work(self) -> None:
        due = time.monotonic() + self._every_s
        while True:
            with suppress(queue.Empty):
                noted = self._waiting.get(timeout=max(0.0, due - time.monotonic()) if self._sums else None)
                if noted is None:
                    break
                due = due if self._sums else time.monotonic() + self._every_s
                self._add(*noted)
            if time.monotonic() >= due:
                self._write_all()
                due = time.monotonic() + self._every_s
        self._write_all()

    def _add(self, harvester: Harvester, new: Sum) -> None:
        """Put an answer to the others of its harvester; what begins a list is written at once, before what follows."""
        known = self._sums.pop(harvester, None)
        if new.given.begins:
            self._write([(harvester, each) for each in (known, new) if each])
        elif known or len(self._sums) < _HARVESTERS_MAX:
            self._sums[harvester] = together(known, new) if known else new
        else:
            self._write([(harvester, new)])

    def _write_all(self) -> None:
        sums, self._sums = list(self._sums.items()), {}
        self._write(sums)
        if self._lost and time.monotonic() - self._said > _LOSS_SAID_EVERY_S:
            lost, self._lost, self._said = self._lost, 0, time.monotonic()
            _log.warning("%d answers to harvesters are not in the report of harvests", lost)

    def _write(self, sums: list[tuple[Harvester, Sum]]) -> None:
        for harvester, summed in sums:
            try:
                with self._writer.transaction() as connection:
                    write_round(connection, harvester, summed)
            except (DatdaiError, psycopg.Error) as error:
                _log.warning("a round of a harvester was not noted: %s", " ".join(str(error).split()))
                self._lost += summed.requests
                if isinstance(error, Unavailable | psycopg.OperationalError):
                    return


def write_round(connection: Connection[tuple[object, ...]], harvester: Harvester, summed: Sum) -> None:
    """Write a sum down: to the round under way of its harvester, or as a new one.

    A round goes on until the harvester begins another list, or pauses for longer than ``PAUSE_MAX``. What comes before
    the first list (a description of the service) belongs to the round of that list.
    """
    values = dict(_values(harvester, summed))
    connection.execute(_SQL["one_at_a_time"].encode(), values)
    if connection.execute(_SQL["go_on"].encode(), values).fetchone() is None:
        connection.execute(_SQL["begin"].encode(), values)
        connection.execute(_SQL["forget"].encode(), {"before": summed.last - KEPT})


def _values(harvester: Harvester, summed: Sum) -> Iterator[tuple[str, object]]:
    subject, client, agent, face = harvester
    yield from (("subject", subject), ("client", client and client[:_WORD_MAX]), ("agent", agent), ("face", face.value))
    yield "who", "\n".join((subject, client or "", agent, face.value))
    yield from (("begun", summed.begun), ("last", summed.last), ("since_pause", summed.begun - PAUSE_MAX))
    yield from (("day_before", summed.begun - _A_DAY), ("most", ROUNDS_A_DAY))
    yield from (("requests", summed.requests), ("unchanged", summed.unchanged))
    yield from (("wrong", summed.wrong), ("unable", summed.unable))
    given = summed.given
    yield from (("records", given.records), ("deletions", given.deletions), ("size", given.size))
    yield from (("begins", given.begins), ("ends", given.ends), ("since", given.since), ("until", given.until))
    yield from (("form", given.form and given.form[:_WORD_MAX]), ("part", given.part and given.part[:_WORD_MAX]))
