"""What the server keeps for one profile: views, documents and pygeoapi's API object, each made when first asked for."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from catalogue.parts import part_names
from catalogue.profile import Operation, Profile
from core.errors import NotFound
from query.view import View, view_of

type Json = dict[str, Any]


class Shelf:
    """Everything derived from one profile; thrown away with it."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._facets = {id(each): view_of(each) for each in profile.facets.values()}
        self._parts = part_names(profile)
        self._kept: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    def view(self, collection_id: str, operation: Operation = Operation.READ) -> View:
        """Return the view that an operation has of a collection.

        Raises:
            NotFound: the profile has no such collection, or does not allow the operation on it.
        """
        facet = self.profile.facet(collection_id, operation)
        if facet is None:
            raise NotFound
        return self._facets[id(facet)]

    def part(self, collection_id: str, operation: Operation) -> str:
        """Return the part of the profile that an operation on a collection reads in."""
        return self._parts[collection_id, operation]

    def keep[Value](self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what is kept under a key, made by ``make`` the first time."""
        if key not in self._kept:
            made = make()
            with self._lock:
                self._kept.setdefault(key, made)
        return self._kept[key]
