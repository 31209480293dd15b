"""What the server keeps for one profile: views, documents and pygeoapi's API object, each made when first asked for."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, cast

from catalogue.parts import part_names
from catalogue.profile import Operation, Profile
from core.errors import NotFound
from query.view import View, view_of

type Json = dict[str, Any]


class Shelf:
    """Everything derived from one profile; thrown away with it."""

    def __init__(self, profile: Profile, documents: "Documents | None" = None) -> None:
        self.profile = profile
        self._documents = documents or Documents()
        self._facets = {id(each): view_of(each) for each in profile.facets.values()}
        self._parts = part_names(profile)

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
        """Return what is kept under a key, made by ``make`` the first time, and again when it was pushed out."""
        return self._documents.keep((self.profile.hash, key), make)


class Documents:
    """What was made for profiles, up to so many of each kind for the whole process; what was used last stays.

    An API definition is some megabytes, a description of a collection some kilobytes.
    """

    def __init__(self, most: int = 5_000, most_definitions: int = 40) -> None:
        self._kept = (OrderedDict[Hashable, Any](), OrderedDict[Hashable, Any]())
        self._most = (most, most_definitions)
        self._lock = threading.Lock()

    def keep[Value](self, key: tuple[str, Hashable], make: Callable[[], Value]) -> Value:
        """Return what is kept under a key, made by ``make`` where it is not."""
        kind = int(isinstance(key[1], tuple) and cast("tuple[object, ...]", key[1])[0] == "/api")
        kept = self._kept[kind]
        with self._lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        made = make()
        with self._lock:
            found = kept.setdefault(key, made)
            while len(kept) > self._most[kind]:
                kept.popitem(last=False)
        return found
