"""Is the process alive, and can it answer."""

from core.errors import MethodNotAllowed, NotFound
from database.reader import Reader
from server.http import Request, Response

_METHODS = ("GET", "HEAD")
_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


def answer(request: Request, reader: Reader) -> Response:
    """Answer ``/health/live`` (the process runs) and ``/health/ready`` (the database answers too, else 503)."""
    if request.path not in ("/health/live", "/health/ready"):
        raise NotFound
    if request.method not in _METHODS:
        raise MethodNotAllowed(_METHODS)
    if request.path == "/health/ready":
        reader.read(None, [("SELECT 1", ())])
    return Response(200, _HEADERS, b'{"status":"ok"}')
