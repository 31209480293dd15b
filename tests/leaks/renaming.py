"""Two servers over one database whose catalogues differ in names, titles and kinds of what a profile does not show.

A name that is hidden in one is no name at all in the other: what is hidden must look like what never was.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalogue import profile as catalogue_profile
from catalogue.layer import Column, Layer, Text
from catalogue.profile import Collection, Profile
from catalogue.types import ColumnType
from server import app
from tests.leaks.viewpoints import LAYERS, Viewpoint
from tests.leaks.worlds import World, Worlds, copy_of, publish, served


def renamed(layers: Sequence[Layer], profile: Profile) -> tuple[Layer, ...]:
    """Return layers in which everything that a profile does not show has another name, title and type; shapes that
    it does not show are none.
    """
    shown: dict[str, set[str]] = {}
    drawn = {each.layer.id for each in profile.facets.values() if each.geometry}
    for each in profile.facets.values():
        names = {column.name for column in each.columns} | {term.column for term in each.scope.terms}
        shown.setdefault(each.layer.id, set()).update(names)
    others = (_renamed(each, shown.get(each.id)) for each in layers)
    return tuple(each if each.id in drawn else dataclasses.replace(each, geometry=None) for each in others)


def _renamed(layer: Layer, shown: set[str] | None) -> Layer:
    if shown is None:
        return dataclasses.replace(layer, id=f"{layer.id}-cu", title=Text("Lớp khác", "Another layer"))
    columns = tuple(each if each.name in shown or each is layer.key else _other(each) for each in layer.columns)
    return dataclasses.replace(layer, columns=columns)


def _other(column: Column) -> Column:
    changed = dataclasses.replace(column, name=f"{column.name}_cu", title=Text("Cột khác", "Another column"))
    return dataclasses.replace(changed, type=ColumnType.TEXT, codelist=None, refers_to=None, required=False, unit=None)


def _digest(collections: Iterator[Collection]) -> str:
    """Digest what is granted by its names alone: the catalogues that are compared differ in the rest."""
    content = [catalogue_profile._written(each) for each in collections]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextmanager
def catalogues(
    worlds: Worlds, viewpoint: Viewpoint, home: Path, *, before: Callable[[str], None] | None = None
) -> Iterator[tuple[World, World]]:
    """Yield two servers over one copy of the small province: with the real catalogue, and with one renamed."""
    with pytest.MonkeyPatch.context() as patch, copy_of(worlds.cluster, worlds.template) as dsn:
        patch.setattr(catalogue_profile, "_digest", _digest)
        profile = publish(dsn, viewpoint)
        if before:
            before(dsn)
        with served(dsn, home) as one:
            patch.setattr(app, "read_layers", lambda _: renamed(tuple(LAYERS.values()), profile))
            with served(dsn, home) as other:
                yield one, other
