"""A catalogue that stays as it is, served over HTTP by threads of this process: no publisher writes to it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from core.settings import Settings
from server import app


@contextmanager
def served(dsn: str, home: Path) -> Iterator[str]:
    """Yield the address of a service over a database."""
    place: list[Callable[..., object]] = []
    server = make_server("127.0.0.1", 0, _last_of(place), threaded=True)  # type: ignore[arg-type]
    base_url = f"http://127.0.0.1:{server.server_port}"
    application = app.create(Settings(database_url=dsn, home=home, base_url=base_url, secret="s" * 40))
    place.append(application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield base_url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        application.close()


def _last_of(place: list[Callable[..., object]]) -> Callable[..., object]:
    """Return what asks an application that is put into place later, when the port is known."""

    def ask(*asked: object) -> object:
        return place[-1](*asked)

    return ask
