"""Static files of the pages."""

from core.errors import MethodNotAllowed, NotFound
from server.http import Request, Response
from web.assets import CACHE_CONTROL, find

_METHODS = ("GET", "HEAD", "OPTIONS")


def answer(request: Request) -> Response:
    """Answer ``/static/{name}``."""
    asset = find(request.path.removeprefix("/static/"))
    if asset is None:
        raise NotFound
    if request.method not in _METHODS:
        raise MethodNotAllowed(_METHODS)
    if request.method == "OPTIONS":
        return Response(204, (("Allow", ", ".join(_METHODS)),))
    headers = (("ETag", asset.etag), ("Cache-Control", CACHE_CONTROL))
    if asset.etag in request.header("if-none-match"):
        return Response(304, headers)
    return Response(200, (("Content-Type", asset.media_type), *headers), asset.content)
