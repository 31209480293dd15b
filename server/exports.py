"""Exports: everything selected of a collection, streamed through a connection of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

from catalogue.profile import Operation
from core.errors import Unavailable
from database.lines import Row
from formats.coding import compress_stream
from formats.format import Answer
from formats.offered import FORMATS
from query.items import ItemsQuery, count_statement, export_statement, narrowing_box, narrowing_search
from query.request import read_items_query
from query.view import View
from server import answers
from server.context import Context
from server.http import Response
from server.items import JSON_TEXT, AnyFormat, answer_of, headers_of
from server.representations import chosen, offered_by

_BATCH = 2_000


def export(context: Context, collection_id: str) -> Response:
    """Answer ``/collections/{id}/export``."""
    view = context.shelf.view(collection_id, Operation.EXPORT)
    encoder: AnyFormat = chosen(context, offered_by(view.collection, FORMATS))
    query = read_items_query(context.parameters, view, context.parts.seal, context.profile.hash, paged=False)
    answer = answer_of(context, view, query.columns, query.shape, ())
    headers = (("Content-Type", encoder.media_types[0]), *answers.common(context), *headers_of(answer, encoder))
    if encoder.encoding in JSON_TEXT:
        headers += (("Content-Disposition", f'attachment; filename="{collection_id}.{encoder.extension}"'),)
    if context.request.method == "HEAD":
        return Response(200, headers, rows=0)
    _take_all(context, view, query)
    tally = Tally()
    stream = Stream(
        lambda begun: _pieces(context, view, query, encoder, answer, tally, begun), lambda: _let_in_again(context)
    )
    coding = None if encoder.is_compressed else answers.coding_for(context)
    if coding is None:
        return Response(200, headers, stream, tally.so_far)
    return Response(200, (*headers, ("Content-Encoding", coding)), compress_stream(stream, coding), tally.so_far)


class Tally:
    """Counts the rows of an export as they are encoded: of one that is broken off never fewer than left."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows = 0

    def so_far(self) -> int:
        """Return how many were encoded by now."""
        return self._rows

    def each(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows, and count them."""
        for row in rows:
            self._rows += 1
            yield row

    def first_column(self, rows: Iterator[Row]) -> Iterator[Any]:
        """Yield the first value of each row, and count them."""
        for row in rows:
            self._rows += 1
            yield row[0]


class Stream(Iterator[bytes]):
    """Pieces of an export. The first is made at once, so that what fails early is still an error response.

    Attributes:
        stack: what is given back when it ends: the connection, the temporary file.
        thread: what is given back when whoever reads it is gone: until then it holds a thread, ended or not.
        cancel: makes the database give up, while a piece is made.
        when_ended: called when it is ended before its end, though whoever reads it has not noticed.
    """

    def __init__(self, start: "Callable[[Stream], Iterator[bytes]]", still_allowed: Callable[[], None]) -> None:
        self.stack = ExitStack()
        self.thread = ExitStack()
        self.cancel: Callable[[], None] = lambda: None
        self.when_ended: Callable[[], None] = lambda: None
        self.still_allowed = still_allowed
        self.waits_since: float | None = None
        self._lock = threading.Lock()
        self._is_ended = False
        with self._lock:
            try:
                self._pieces = start(self)
                self._first: bytes | None = next(self._pieces, b"")
            except BaseException:
                self._give_back()
                raise
            self.waits_since = time.monotonic()

    def __next__(self) -> bytes:
        with self._lock:
            self.waits_since = None
            if self._is_ended:
                self._give_back()
                raise _ended()
            try:
                return self._piece()
            except BaseException:
                self._give_back()
                if self._is_ended:
                    raise _ended() from None
                raise
            finally:
                self.waits_since = time.monotonic()

    def _piece(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._pieces)

    def end(self) -> None:
        """End it from another thread: at once where it waits for its reader, else by what the database then says."""
        self._is_ended = True
        if not self._lock.acquire(blocking=False):
            self.cancel()
            return
        try:
            self.stack.close()
        finally:
            self._lock.release()
        self.when_ended()

    def close(self) -> None:
        """Give everything back: at the end, and when the client goes away."""
        with self._lock:
            self._give_back()

    def _give_back(self) -> None:
        try:
            self.stack.close()
        finally:
            self.thread.close()


def _ended() -> Unavailable:
    return Unavailable("The export was ended.")


def _let_in_again(context: Context) -> None:
    context.parts.reader.read(context.entry(), [])


def _take_all(context: Context, view: View, query: ItemsQuery) -> None:
    """Count everything that the query selects before the first of it leaves, where there is a quota."""
    if view.collection.allowance.daily_items is None:
        return
    counted = context.read(
        [count_statement(query, view)],
        of=view.collection.id,
        operation=Operation.EXPORT,
        bbox=narrowing_box(query, view),
        search=narrowing_search(query),
    )
    context.take(view.collection, max(1, int(str(counted[0][0][0]))))


def _pieces(
    context: Context,
    view: View,
    query: ItemsQuery,
    encoder: AnyFormat,
    answer: Answer,
    tally: Tally,
    stream: Stream,
) -> Iterator[bytes]:
    ordered = context.asked("sortby") is not None
    statement = export_statement(query, view, encoder.encoding, ordered=ordered)
    entry = context.entry(view.collection.id, Operation.EXPORT, narrowing_box(query, view), narrowing_search(query))
    stream.thread.callback(context.parts.export_shares.enter(context.visitor.caller).leave)
    stream.stack.callback(context.parts.running.add(stream))
    rows = stream.stack.enter_context(context.parts.reader.stream(entry, statement, batch=_BATCH))
    stream.cancel = rows.cancel
    context.entered.append(view.collection.id)
    counted = tally.first_column(rows) if encoder.encoding in JSON_TEXT else tally.each(rows)
    pieces = encoder.stream(answer, counted)
    stream.stack.callback(cast("Any", pieces).close)
    return pieces
