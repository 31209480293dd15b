"""The catalogue of metadata for the caller of a request."""

from catalogue.layer import Text
from catalogue.record import Party, Role
from catalogue.record_keys import RECORDS
from catalogue.service import Service
from formats.records.about import About
from harvest.reading import Catalogue
from server.context import Context


def catalogue_of(context: Context) -> Catalogue:
    """Return the catalogue as the caller sees it.

    Raises:
        NotFound: the caller sees no record.
    """
    view = context.shelf.view(RECORDS)
    return Catalogue(view, lambda statements: context.read(statements, of=RECORDS, repeatable=True))


def about_of(context: Context) -> About:
    """Return what encoders of records may know of an answer."""
    title = context.shelf.view(RECORDS).layer.title
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
