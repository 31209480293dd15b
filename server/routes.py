"""Which handler answers which path by which methods."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogue.profile import Operation
from catalogue.record_keys import RECORDS
from core.errors import MethodNotAllowed, NotFound
from server import csw, documents, exports, harvesting, items, records
from server.context import Context
from server.http import Response

type Handler = Callable[..., Response]
READ = ("GET", "HEAD", "OPTIONS")
_FACES = ("/csw", "/oai", "/changes", "/sitemap.xml")
_COLLECTION = "/collections/{collectionId}"
_READ_BY_FORM = ("GET", "HEAD", "POST", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """A handler with the parts of the path that it takes.

    Attributes:
        template: the path with names in place of those parts.
        operation: what it does with a collection, which is the first of the parts.
        collection: the collection, where the path does not name it.
        takes_documents: a POST may have a body that is no form.
    """

    template: str
    handler: Handler
    arguments: tuple[str, ...] = ()
    methods: tuple[str, ...] = READ
    operation: Operation | None = None
    collection: str | None = None
    takes_documents: bool = False

    @property
    def is_of_records(self) -> bool:
        """Tell whether it tells of metadata records: their collection, and the faces that harvesters ask."""
        is_collection = self.template.startswith(_COLLECTION) and self.arguments[0] == RECORDS
        return is_collection or self.template.startswith(_FACES)

    @property
    def tells_of_removals(self) -> bool:
        """Tell whether it says of records that they were taken away, to whom no record is left, too."""
        return self.template.startswith(_FACES) or (self.is_of_records and self.handler is records.record)

    def answer(self, context: Context) -> Response:
        """Answer a request.

        Raises:
            MethodNotAllowed: the resource does not take the method.
        """
        if context.request.method not in self.methods:
            raise MethodNotAllowed(self.methods)
        return self.handler(context, *self.arguments)


_SERVICE: dict[tuple[str, ...], Route] = {
    (): Route("/", documents.landing),
    ("conformance",): Route("/conformance", documents.conformance),
    ("api",): Route("/api", documents.api),
    ("functions",): Route("/functions", documents.functions),
    ("collections",): Route("/collections", documents.collections),
    ("oai",): Route("/oai", harvesting.oai, methods=_READ_BY_FORM),
    ("changes",): Route("/changes", harvesting.changes),
    ("sitemap.xml",): Route("/sitemap.xml", harvesting.sitemap),
    ("robots.txt",): Route("/robots.txt", harvesting.robots),
    ("csw",): Route("/csw", csw.csw, (), _READ_BY_FORM, Operation.READ, collection=RECORDS, takes_documents=True),
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
            return Route(_COLLECTION, documents.collection, (id_,), operation=Operation.READ)
        case ("collections", id_, "items") if id_ == RECORDS:
            return Route(f"{_COLLECTION}/items", records.records, (id_,), _READ_BY_FORM, Operation.READ)
        case ("collections", id_, "items", item_id) if id_ == RECORDS:
            return Route(f"{_COLLECTION}/items/{{itemId}}", records.record, (id_, item_id), operation=Operation.READ)
        case ("collections", id_, "items"):
            return Route(f"{_COLLECTION}/items", items.items, (id_,), _READ_BY_FORM, Operation.READ)
        case ("collections", id_, "items", item_id):
            return Route(f"{_COLLECTION}/items/{{itemId}}", items.item, (id_, item_id), operation=Operation.READ)
        case ("collections", id_, "export"):
            return Route(f"{_COLLECTION}/export", exports.export, (id_,), _READ_BY_FORM, Operation.EXPORT)
        case ("collections", id_, "schema" | "queryables" | "sortables" as kind):
            return Route(f"{_COLLECTION}/{kind}", documents.schema, (id_, kind), operation=Operation.READ)
        case _:
            raise NotFound
