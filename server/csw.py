"""The catalogue service CSW 2.0.2 at ``/csw``."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import cast

from core.errors import (
    ContentTooLarge,
    DatdaiError,
    NotFound,
    ProfileMoved,
    Unauthorized,
    UnsupportedMediaType,
    status_of,
)
from core.limits import LIMITS
from database.queries import load
from harvest.faces.csw.face import Surroundings, answer
from harvest.faces.csw.faults import NOTHING_APPLIES, Fault, report
from harvest.faces.csw.kvp import read_parameters
from harvest.faces.csw.names import MEDIA_TYPES
from harvest.faces.csw.positions import Place
from harvest.faces.csw.records import Answer
from harvest.faces.csw.request import GetRecordById, GetRecords, Operation
from harvest.faces.csw.xml import read_document
from harvest.report.rounds import Face, Given
from server import answers
from server.cataloguing import about_of, catalogue_of, read_catalogue
from server.context import Context
from server.harvests import noted
from server.http import FORM, Request, Response
from server.problems import headers_of

_PLACE = load("server", "positions.sql")["place"]
_SENT = "application/xml; charset=utf-8"
_XML = (*MEDIA_TYPES, "application/soap+xml")


@dataclass(frozen=True, slots=True)
class _Places:
    """The places of who makes a request."""

    context: Context

    def at(self, search: str, number: int, *, falls: bool) -> Place | None:
        rows = read_catalogue(self.context, [(_PLACE, (search, self._client, number, falls))])[0]
        if not rows:
            return None
        after, matched, version = rows[0]
        return Place(number, tuple(cast("list[str]", after)), cast("int", matched), str(version))

    def keep(self, search: str, place: Place | None, *, falls: bool, came_by: int | None) -> None:
        subject = self.context.visitor.caller.subject
        self.context.parts.positions.keep(subject, self._client, search, place, falls=falls, came_by=came_by)

    @property
    def _client(self) -> str:
        """Return a digest of where the request comes from and by which program: one harvester, as far as that tells."""
        told = f"{self.context.address} {self.context.request.header('user-agent')}"
        return sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def csw(context: Context) -> Response:
    """Answer ``/csw``: what is wrong is told as an exception report, with the status that it has.

    Records are told in Vietnamese, whatever a harvester happens to accept: a copy must not depend on who made it, and
    constraints compare the Vietnamese texts.
    """
    context = replace(context, language="vi")
    catalogue = catalogue_of(context)
    try:
        request = _request(context)
        given = answer(request, catalogue, _around(context))
    except Fault as fault:
        return noted(context, Face.CSW, _refusal(context, fault))
    except (ProfileMoved, Unauthorized, NotFound):
        raise
    except DatdaiError as error:
        fault = Fault(str(error.text), code=NOTHING_APPLIES, status=status_of(error))
        return noted(context, Face.CSW, _refusal(context, fault, error))
    context.take(catalogue.view.collection, max(1, given.records))
    response = _counted(context, answers.document(context, _SENT, given.body), given.records)
    return noted(context, Face.CSW, response, _given(request, given))


def _request(context: Context) -> Operation:
    """Read what is asked: parameters, or the document in the body of a POST."""
    if context.request.method != "POST" or context.request.media_type == FORM:
        return read_parameters(context.parameters)
    if context.parameters:
        raise Fault("A POST has its request in the body alone.", locator=context.parameters[0][0])
    body = _body(context.request)
    context.parameters.append(("document", body.decode("utf-8", "replace")))  # what was asked goes on record
    return read_document(body)


def _body(request: Request) -> bytes:
    if request.header("content-encoding") not in ("", "identity"):
        raise UnsupportedMediaType("The body of a request is not compressed here.")
    if request.media_type not in _XML:
        raise UnsupportedMediaType("A request by POST is a document of application/xml.")
    body = request.read_body(LIMITS.filter_post_max + 1)
    if len(body) > LIMITS.filter_post_max:
        raise ContentTooLarge("The body is larger than {} bytes.", LIMITS.filter_post_max)
    return body


def _around(context: Context) -> Surroundings:
    parts = context.parts
    return Surroundings(parts.service, about_of(context), context.url("/csw"), context.profile.hash, _Places(context))


def _refusal(context: Context, fault: Fault, error: DatdaiError | None = None) -> Response:
    headers = headers_of(error, "en", context.parts.base_url) if error else (("Cache-Control", "no-store"),)
    return Response(fault.status, (("Content-Type", _SENT), *headers), report(fault))


def _counted(context: Context, response: Response, records: int) -> Response:
    return replace(response, rows=records if response.status == 200 and context.request.method != "HEAD" else 0)


def _given(request: Operation, given: Answer) -> Given:
    records = given.records
    match request:
        case GetRecords():
            lists = not request.hits and bool(request.most)
            return Given(
                records=records, begins=lists and request.start == 1, ends=lists and given.is_last, form=request.schema
            )
        case GetRecordById():
            return Given(records=records, form=request.schema)
        case _:
            return Given()
