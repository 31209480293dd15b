"""Tells the report of harvests what a face gave."""

from dataclasses import replace

from catalogue.record_keys import RECORDS
from harvest.report.rounds import Face, Given
from server.access import Visitor
from server.context import Context, Parts
from server.http import Request, Response
from server.visits import Visit

_GOOD = 200
_ITEMS = "/collections/{collectionId}/items"
_FACES = {"/changes": Face.CHANGES, "/csw": Face.CSW, "/oai": Face.OAI, "/sitemap.xml": Face.SITEMAP}


def noted(context: Context, face: Face, response: Response, given: Given | None = None) -> Response:
    """Return a response once the report was told of it; nothing waits for the report.

    Args:
        given: what the response holds, as the face knows it. Its size is filled in where the body is at hand, and its
            status but where it is told as wrong while HTTP says 200.
    """
    told = given or Given()
    size = len(response.body) if isinstance(response.body, bytes) else told.size
    status = response.status if told.status == _GOOD else told.status
    _tell(context.parts, context.visitor, context.request, face, replace(told, status=status, size=size))
    return response


def noted_refusal(parts: Parts, visit: Visit, response: Response) -> Response:
    """Return the response to a request that no face answered, once the report was told of it, where it was for one."""
    face = _FACES.get(visit.route)
    if face is None and visit.collection == RECORDS and visit.route.startswith(_ITEMS):
        face = Face.RECORDS
    if face is not None:
        size = len(response.body) if isinstance(response.body, bytes) else 0
        _tell(parts, visit.visitor, visit.request, face, Given(response.status, size=size))
    return response


def _tell(parts: Parts, visitor: Visitor, request: Request, face: Face, given: Given) -> None:
    caller = visitor.caller
    parts.harvests.note(caller.subject, caller.client_id, request.header("user-agent"), face, given)
