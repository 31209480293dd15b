"""The database and the catalogue behind the plugins of a stock ``pygeoapi serve``, opened at the first query."""

from functools import cache
from pathlib import Path
from typing import Any

from pygeoapi.provider.base import ProviderConnectionError, ProviderInvalidQueryError

from catalogue.files import read_layers
from catalogue.profile import Profile, everything
from core.errors import DatdaiError, Unavailable
from database.pool import Entry, Reader
from query.view import View, view_of


class Source:
    """A pool of connections and the profile that this login may enter."""

    def __init__(self, dsn: str, layers: str) -> None:
        self.reader = Reader(dsn)
        self.profile: Profile = everything(read_layers(Path(layers)))
        self._views = {id_: view_of(each) for id_, each in self.profile.collections.items()}

    def view(self, collection_id: str) -> View:
        """Return the view of a collection.

        Raises:
            ProviderInvalidQueryError: there is none of that id.
        """
        if collection_id not in self._views:
            raise ProviderInvalidQueryError(f"no layer '{collection_id}'")
        return self._views[collection_id]

    def entry(self) -> Entry:
        """Return the one profile that a stock shell may enter."""
        return Entry("public", "", self.profile.hash)


@cache
def source_of(dsn: str, layers: str) -> Source:
    """Return the source for a connection string and a folder of layer files, one for the whole process."""
    return Source(dsn, layers)


def as_provider_error(error: DatdaiError) -> Any:
    """Return pygeoapi's error for one of ours: it knows 503 from 400."""
    kind = ProviderConnectionError if isinstance(error, Unavailable) else ProviderInvalidQueryError
    return kind(str(error), user_msg=str(error))
