"""Tells the report of harvests what a face gave."""

from dataclasses import replace

from harvest.report.rounds import Face, Given
from server.context import Context
from server.http import Response

_GOOD = 200


def noted(context: Context, face: Face, response: Response, given: Given | None = None) -> Response:
    """Return a response once the report was told of it; nothing waits for the report.

    Args:
        given: what the response holds, as the face knows it. Its size is filled in where the body is at hand, and its
            status but where it is told as wrong while HTTP says 200.
    """
    told = given or Given()
    size = len(response.body) if isinstance(response.body, bytes) else told.size
    status = response.status if told.status == _GOOD else told.status
    caller, agent = context.visitor.caller, context.request.header("user-agent")
    context.parts.harvests.note(caller.subject, caller.client_id, agent, face, replace(told, status=status, size=size))
    return response
