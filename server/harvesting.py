"""The faces of the catalogue for harvesters."""

from dataclasses import replace
from urllib.parse import urlsplit

from formats.records.offered import BY_PREFIX
from harvest.faces import changes as changes_face
from harvest.faces import oai as oai_face
from harvest.faces import sitemap as sitemap_face
from harvest.faces.oai_tokens import TokenSeal
from harvest.reading import Catalogue
from harvest.report.rounds import Face
from query.request import largest_page
from query.view import View
from server import answers
from server.cataloguing import about_of, catalogue_of
from server.context import Context
from server.harvests import noted
from server.http import Response

_XML = "text/xml; charset=utf-8"
_OAI = "/oai"
_CHANGES = "/changes"
_SITEMAP = "/sitemap.xml"


def oai(context: Context) -> Response:
    """Answer ``/oai``."""
    catalogue = catalogue_of(context)
    answer = oai_face.answer(context.parameters, _repository(context, catalogue.view), catalogue)
    return noted(context, Face.OAI, _sent(context, catalogue, _XML, answer.body, answer.records), answer.given)


def changes(context: Context) -> Response:
    """Answer ``/changes``."""
    catalogue = catalogue_of(context)
    feed = changes_face.Feed(context.url(_CHANGES), about_of(context), TokenSeal(context.parts.secret))
    answer = changes_face.answer(context.parameters, feed, catalogue)
    response = _sent(context, catalogue, changes_face.MEDIA_TYPE, answer.body, answer.entries)
    return noted(context, Face.CHANGES, response, answer.given)


def sitemap(context: Context) -> Response:
    """Answer ``/sitemap.xml``."""
    catalogue = catalogue_of(context)
    answer = sitemap_face.answer(context.parameters, context.url(_SITEMAP), about_of(context), catalogue)
    response = _sent(context, catalogue, sitemap_face.MEDIA_TYPE, answer.body, answer.records)
    return noted(context, Face.SITEMAP, response, answer.given)


def robots(context: Context) -> Response:
    """Answer ``/robots.txt``: everything may be crawled as far as nobody needs a token for it."""
    text = f"User-agent: *\nAllow: /\nSitemap: {context.url(_SITEMAP)}\n"
    return answers.document(context, "text/plain; charset=utf-8", text.encode())


def _repository(context: Context, view: View) -> oai_face.Repository:
    service = context.parts.service
    return oai_face.Repository(
        url=context.url(_OAI),
        host=urlsplit(context.parts.base_url).hostname or "",
        name=service.title.in_language(context.language),
        email=service.contact_email,
        about=about_of(context),
        formats=BY_PREFIX,
        seal=TokenSeal(context.parts.secret),
        page_max=largest_page(view),
    )


def _sent(
    context: Context, catalogue: Catalogue, media_type: str, body: bytes, records: int, *more: tuple[str, str]
) -> Response:
    """Return an answer after its records were counted."""
    context.take(catalogue.view.collection, max(1, records))
    response = answers.document(context, media_type, body, *more)
    return replace(response, rows=records if response.status == 200 and context.request.method != "HEAD" else 0)
