"""What the server keeps for one profile: views, documents and pygeoapi's API object, each made when first asked for."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from catalogue.profile import Profile
from core.errors import NotFound
from query.view import View, view_of

type Json = dict[str, Any]


class Shelf:
    """Everything derived from one profile; thrown away with it."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._views = {id_: view_of(each) for id_, each in profile.collections.items()}
        self._kept: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    def view(self, collection_id: str) -> View:
        """Return the view of a collection.

        Raises:
            NotFound: the profile has no such collection.
        """
        try:
            return self._views[collection_id]
        except KeyError:
            raise NotFound from None

    def keep[Value](self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what is kept under a key, made by ``make`` the first time."""
        if key not in self._kept:
            made = make()
            with self._lock:
                self._kept.setdefault(key, made)
        return self._kept[key]
