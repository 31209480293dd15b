"""Connections whose other end takes nothing any more, or is gone without a word: the kernel ends them.

What a thread of the server waits for at a connection, it waits for without a clock of its own. The end of the
connection ends the waiting.
"""

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.limits import LIMITS

_OPEN_FILES = Path("/proc/self/fd")
_ASK_AFTER_S, _ASK_EVERY_S, _ASK_TIMES = 30, 10, 3
"""When a silent other end is asked whether it is there still; without an answer the connection ends."""
_LOOK_EVERY_S = 0.1
_LOOKS = 600
_log = logging.getLogger("datdai.server")


def watch_port(port: int) -> None:
    """Watch what comes in at a port once this process listens there; the socket is made by the server, not by us."""
    for _ in range(_LOOKS):
        found = list(_listening(port))
        for each in found:
            with each:
                watch(each)
        if found:
            return
        time.sleep(_LOOK_EVERY_S)
    _log.warning("connections that nobody reads are not ended: no socket listens on port %d", port)


def watch(listening: socket.socket, stalled_s: float = LIMITS.export_stalled_s) -> None:
    """Have the kernel end each connection, accepted from now on, that takes nothing for so long or does not answer."""
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stalled_s * 1_000))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ASK_AFTER_S)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASK_EVERY_S)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _ASK_TIMES)


def _listening(port: int) -> Iterator[socket.socket]:
    """Yield a second handle of each socket of this process that listens on a port."""
    for path in _OPEN_FILES.iterdir():
        with suppress(OSError):  # closed meanwhile
            if not path.is_socket():
                continue
            found = socket.socket(fileno=os.dup(int(path.name)))
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and found.getsockname()[1] == port:
                yield found
            else:
                found.close()
