"""The database and the catalogue behind the plugins of a stock ``pygeoapi serve``, opened at the first query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pygeoapi.provider.base import ProviderConnectionError, ProviderInvalidQueryError

from catalogue.files import read_layers
from catalogue.parts import part_names
from catalogue.profile import Operation
from core.errors import DatdaiError, ProfileMoved, Unavailable
from database.lines import Entry, Row, Statement
from database.profiles import profile_hash, read_profile
from database.reader import Reader
from query.bbox import Box
from query.view import View, view_of


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the shell may show: the public profile as it was when first asked for."""

    hash: str
    views: Mapping[str, View]
    parts: Mapping[tuple[str, Operation], str]


class Source:
    """A pool of connections and the profile that this login may enter: what the Sở published to everybody."""

    def __init__(self, dsn: str, layers: str) -> None:
        self._reader = Reader(dsn)
        self._layers = read_layers(Path(layers))
        self._known: _Shown | None = None

    def view(self, collection_id: str) -> View:
        """Return the view of a collection.

        Raises:
            ProviderInvalidQueryError: there is none of that id.
        """
        views = self._shown().views
        if collection_id not in views:
            raise ProviderInvalidQueryError(f"no layer '{collection_id}'")
        return views[collection_id]

    def read(
        self, collection_id: str, statement: Statement, bbox: Box | None = None, search: str | None = None
    ) -> list[Row]:
        """Run a statement as ``read_all`` does."""
        return self.read_all(collection_id, [statement], bbox, search)[0]

    def read_all(
        self, collection_id: str, statements: Sequence[Statement], bbox: Box | None = None, search: str | None = None
    ) -> list[list[Row]]:
        """Run statements on a collection in the one profile that a stock shell may enter, on one snapshot.

        Raises:
            ProfileMoved: something else is public by now; the next request sees it.
        """
        shown = self._shown()
        part = shown.parts[collection_id, Operation.READ]
        try:
            entry = Entry("public", "", shown.hash, part, bbox, search)
            return self._reader.read(entry, statements, repeatable=len(statements) > 1)
        except ProfileMoved:
            self._known = None
            raise

    def _shown(self) -> _Shown:
        known = self._known
        if known is None:
            hash_ = profile_hash(self._reader, "public", "")
            profile = read_profile(self._reader, hash_, self._layers)
            views = {id_: view_of(each) for id_, each in profile.collections.items()}
            known = self._known = _Shown(hash_, views, part_names(profile))
        return known


@cache
def source_of(dsn: str, layers: str) -> Source:
    """Return the source for a connection string and a folder of layer files, one for the whole process."""
    return Source(dsn, layers)


def as_provider_error(error: DatdaiError) -> Any:
    """Return pygeoapi's error for one of ours: it knows 503 from 400."""
    kind = ProviderConnectionError if isinstance(error, Unavailable) else ProviderInvalidQueryError
    return kind(str(error), user_msg=str(error))
