"""Switches for tests alone: each takes one of the two walls away.

Without the second wall every role reads every row and every column of every table. Without the first one the server
selects no rows by the profile, and resolves names in the whole layer.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pytest

from catalogue.layer import Column
from catalogue.profile import Collection, Operation, whole
from query import request as query_request
from query import view as query_view
from query.condition import EVERYTHING
from query.paging import Order, read_sortby
from query.view import View, view_of
from server import shelf
from tests import conftest as run

_SCHEMAS = "hc, dc, tk, qh, gd, hs, mt"
_OPEN = f"""
    DO $$ DECLARE bang text; BEGIN
        FOR bang IN SELECT DISTINCT g.bang FROM acl.guarded g LOOP
            EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', bang);
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', bang);
        END LOOP;
    END $$;
    GRANT USAGE ON SCHEMA {_SCHEMAS} TO {run.TEMPLATE}_g_common;
    GRANT SELECT ON ALL TABLES IN SCHEMA {_SCHEMAS} TO {run.TEMPLATE}_g_common;
    CREATE OR REPLACE FUNCTION acl.trong_pham_vi(bang text, xa int[]) RETURNS int[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN xa"""


def without_second(dsn: str) -> None:
    """Let every role of one database read everything: what stands in the database alone, not in the cluster."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_OPEN.encode())


def without_first(patch: pytest.MonkeyPatch) -> None:
    """Let the server select rows without the profile, and resolve every name in the whole layer."""
    patch.setattr(shelf, "view_of", _blind)
    patch.setattr(query_request, "_columns", _columns)
    patch.setattr(query_request, "read_sortby", _sorted_by)
    patch.setattr(query_request, "_property_parameters", _parameters)
    patch.setattr(query_request, "equal_to", _equal_to)


def without_rows(patch: pytest.MonkeyPatch) -> None:
    """Let the server select rows without the profile; names stay those of the profile."""
    patch.setattr(shelf, "view_of", lambda collection: dataclasses.replace(view_of(collection), rows=EVERYTHING))


def without_scope(patch: pytest.MonkeyPatch) -> None:
    """As ``without_rows``, counters of the change log included."""
    patch.setattr(shelf, "view_of", lambda each: dataclasses.replace(view_of(each), rows=EVERYTHING, territory=None))


def with_names_of_all(patch: pytest.MonkeyPatch) -> None:
    """Let filters name every column of the layer."""
    patch.setattr(shelf, "view_of", lambda each: dataclasses.replace(view_of(each), names=_names(each)))


def entire(collection: Collection) -> Collection:
    """Return the layer behind a collection, nothing held back, under the collection's id."""
    return dataclasses.replace(
        whole(collection.layer), id=collection.id, columns=_every(collection), allowance=collection.allowance
    )


def _every(collection: Collection) -> tuple[Column, ...]:
    """Return the columns of a layer, each of which may be asked for, those that the profile shows first."""
    hidden = [each for each in collection.layer.columns if each not in collection.columns]
    return (*collection.columns, *(dataclasses.replace(each, queryable=True, sortable=True) for each in hidden))


def _names(collection: Collection) -> Mapping[str, Any]:
    return query_view._names(entire(collection))


def _blind(collection: Collection) -> View:
    names = _names(collection) if collection.allows(Operation.QUERY) else {}
    return dataclasses.replace(view_of(collection), rows=EVERYTHING, territory=None, names=names)


_own_columns = query_request._columns
_own_parameters = query_request._property_parameters
_own_equal_to = query_request.equal_to


def _columns(values: Mapping[str, str], view: View) -> tuple[Column, ...]:
    if not {"properties", "exclude-properties"} & values.keys():
        return _own_columns(values, view)
    if "properties" in values:
        return _own_columns(values, _entire_view(view))
    unwanted = query_request._names("exclude-properties", values["exclude-properties"], entire(view.collection).columns)
    return tuple(each for each in view.collection.columns if each.name not in unwanted)


def _sorted_by(value: str | None, collection: Collection) -> Order:
    return read_sortby(value, entire(collection) if collection.allows(Operation.QUERY) else collection)


def _parameters(view: View) -> Sequence[str]:
    return tuple(_own_parameters(_entire_view(view)))


def _equal_to(view: View, name: str, text: str) -> Any:
    return _own_equal_to(_entire_view(view), name, text)


def _entire_view(view: View) -> View:
    return dataclasses.replace(view, collection=entire(view.collection))
