"""The catalogue of metadata for the caller of a request."""

from catalogue.record_keys import RECORDS
from harvest.reading import Catalogue
from server.context import Context


def catalogue_of(context: Context) -> Catalogue:
    """Return the catalogue as the caller sees it.

    Raises:
        NotFound: the caller sees no record.
    """
    view = context.shelf.view(RECORDS)
    return Catalogue(view, lambda statements: context.read(statements, of=RECORDS, repeatable=True))
