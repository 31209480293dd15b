"""The faces of the catalogue for harvesters."""

from dataclasses import replace
from urllib.parse import urlsplit

from catalogue.record import Party, Role
from catalogue.record_keys import RECORDS
from formats.records.about import About
from formats.records.offered import BY_PREFIX
from harvest.faces import oai as oai_face
from harvest.faces.oai_tokens import TokenSeal
from harvest.reading import Catalogue
from server import answers
from server.cataloguing import catalogue_of
from server.context import Context
from server.http import Response

_XML = "text/xml; charset=utf-8"
_OAI = "/oai"


def oai(context: Context) -> Response:
    """Answer ``/oai``."""
    catalogue = catalogue_of(context)
    answer = oai_face.answer(context.parameters, _repository(context), catalogue)
    return _sent(context, catalogue, _XML, answer.body, answer.records)


def about(context: Context) -> About:
    """Return what encoders of records may know of an answer."""
    service, base_url = context.parts.service, context.parts.base_url
    return About(
        base_url=base_url,
        language=context.language,
        catalogue=f"{base_url}/collections/{RECORDS}",
        provider=Party(service.provider, (Role.PUBLISHER,), service.contact_email, url=service.provider_url),
    )


def _repository(context: Context) -> oai_face.Repository:
    service = context.parts.service
    return oai_face.Repository(
        url=context.url(_OAI),
        host=urlsplit(context.parts.base_url).hostname or "",
        name=service.title.in_language(context.language),
        email=service.contact_email,
        about=about(context),
        formats=BY_PREFIX,
        seal=TokenSeal(context.parts.secret),
    )


def _sent(
    context: Context, catalogue: Catalogue, media_type: str, body: bytes, records: int, *more: tuple[str, str]
) -> Response:
    """Return an answer after its records were counted."""
    context.take(catalogue.view.collection, max(1, records))
    response = answers.document(context, media_type, body, *more)
    return replace(response, rows=records if response.status == 200 and context.request.method != "HEAD" else 0)
