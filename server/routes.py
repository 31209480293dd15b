"""Which handler answers which path by which methods."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import MethodNotAllowed, NotFound
from server import documents, exports, items
from server.context import Context
from server.http import Response

type Handler = Callable[..., Response]
READ = ("GET", "HEAD", "OPTIONS")
_READ_BY_FORM = ("GET", "HEAD", "POST", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """A handler with the parts of the path that it takes."""

    handler: Handler
    arguments: tuple[str, ...] = ()
    methods: tuple[str, ...] = READ

    def answer(self, context: Context) -> Response:
        """Answer a request.

        Raises:
            MethodNotAllowed: the resource does not take the method.
        """
        if context.request.method not in self.methods:
            raise MethodNotAllowed(self.methods)
        return self.handler(context, *self.arguments)


_SERVICE: dict[tuple[str, ...], Route] = {
    (): Route(documents.landing),
    ("conformance",): Route(documents.conformance),
    ("api",): Route(documents.api),
    ("functions",): Route(documents.functions),
    ("collections",): Route(documents.collections),
}


def route_of(path: str) -> Route:
    """Return the route of a path.

    Raises:
        NotFound: no resource can be there.
    """
    parts: tuple[str, ...] = tuple(path[1:].split("/")) if path != "/" else ()
    if len(parts) > 1 and parts[-1] == "":
        parts = parts[:-1]
    if route := _SERVICE.get(parts):
        return route
    match parts:
        case ("collections", id_):
            return Route(documents.collection, (id_,))
        case ("collections", id_, "items"):
            return Route(items.items, (id_,), _READ_BY_FORM)
        case ("collections", id_, "items", item_id):
            return Route(items.item, (id_, item_id))
        case ("collections", id_, "export"):
            return Route(exports.export, (id_,), _READ_BY_FORM)
        case ("collections", id_, "schema" | "queryables" | "sortables" as kind):
            return Route(documents.schema, (id_, kind))
        case _:
            raise NotFound
