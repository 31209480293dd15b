"""The catalogue of metadata for the caller of a request."""

from collections.abc import Sequence

from catalogue.layer import Text
from catalogue.parts import BASE
from catalogue.record import Party, Role
from catalogue.record_keys import RECORDS
from catalogue.service import Service
from core.errors import NotFound
from database.lines import Row, Statement
from database.reader import Reader
from formats.records.about import About
from harvest.reading import Catalogue
from query import published
from query.view import View
from server.access import Visitor
from server.context import Context


def catalogue_of(context: Context) -> Catalogue:
    """Return the catalogue as the caller sees it; who lost the last record sees none, and is told what was taken away.

    Raises:
        NotFound: the caller sees no record, and never saw one.
    """
    return Catalogue(_view(context), lambda statements: read_catalogue(context, statements))


def read_catalogue(context: Context, statements: Sequence[Statement]) -> list[list[Row]]:
    """Run statements of a catalogue as the caller, in one trip and on one snapshot."""
    of = RECORDS if _sees_records(context) else None
    return context.read(statements, of=of, repeatable=True)


def has_lost_records(reader: Reader, visitor: Visitor) -> bool:
    """Tell whether a caller could see records once that it cannot see any more."""
    ((row,),) = reader.read(visitor.entry(BASE), [published.ANY_GONE])
    return bool(row[0])


def _view(context: Context) -> View:
    if _sees_records(context):
        return context.shelf.view(RECORDS)
    context.entered.append("")
    if not has_lost_records(context.parts.reader, context.visitor):
        raise NotFound
    return context.parts.no_records


def _sees_records(context: Context) -> bool:
    return RECORDS in context.profile.collections


def about_of(context: Context) -> About:
    """Return what encoders of records may know of an answer."""
    title = context.parts.no_records.layer.title
    return about(context.parts.service, context.parts.base_url, context.language, title)


def about(service: Service, base_url: str, language: str, title: Text) -> About:
    """Return what encoders of records may know of a service; ``title`` is that of its catalogue."""
    return About(
        base_url=base_url,
        language=language,
        catalogue=f"{base_url}/collections/{RECORDS}",
        provider=provider_of(service),
        title=title,
    )


def provider_of(service: Service) -> Party:
    """Return who publishes the catalogue, as a party of records."""
    return Party(
        service.provider,
        (Role.PUBLISHER,),
        email=service.contact_email,
        phone=service.contact_phone,
        url=service.provider_url,
        address=service.contact_address,
    )
