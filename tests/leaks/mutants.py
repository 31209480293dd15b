"""Leaks that are planted one at a time: each must be found, or the search for leaks finds nothing.

Two walls stand. A mutant of the first one leaks only while the second is open, and is planted so; one of the second
is planted together with a server that does not select rows.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from catalogue.profile import Collection, Operation, everything, whole
from catalogue.record_keys import RECORDS
from core.errors import BadFilter, BadParameter, Forbidden
from openapi import schemas
from query import bbox, encoding, paging
from query import items as query_items
from query import published as query_published
from query import request as query_request
from query import view as query_view
from query.condition import EVERYTHING, Condition, all_of
from query.view import View, quoted, view_of
from server import access, answers, codelists, described, documents, exports, items, shelf
from server.http import Response
from tests.leaks import walls

type Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted leak.

    Attributes:
        plant: changes the server, from then on; what callers may see is known by then.
        viewpoint: who finds it.
        opens: the second wall is taken away besides.
        sql: changes both databases.
        finds: ``worlds`` that differ in what is hidden, ``catalogues`` that do, ``exports`` judged by what exports may
            show, callers that share a process (``mixed``), or foreign ``cursors``.
    """

    name: str
    plant: Callable[[Patch], None]
    viewpoint: str = "commune-clerk"
    opens: bool = True
    sql: str = ""
    finds: str = "worlds"

    @property
    def before(self) -> Callable[[str], None] | None:
        """What changes a database as the mutant wants it."""
        return self._prepared if self.opens or self.sql else None

    def _prepared(self, dsn: str) -> None:
        if self.opens:
            walls.without_second(dsn)
        if self.sql:
            with psycopg.connect(dsn) as connection:
                connection.execute(self.sql.encode())


def _views(change: Callable[[View], View]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(shelf, "view_of", lambda each: change(view_of(each)))


def _without_rows(view: View) -> View:
    return dataclasses.replace(view, rows=EVERYTHING, territory=None)


# Rows


def _items_without_rows(patch: Patch) -> None:
    def item_sql(view: View, *rest: Any) -> str:
        return own(view, *rest).replace(f" AND {view.rows.sql}", f" AND ({view.rows.sql} OR TRUE)")

    own = query_items._item_sql
    patch.setattr(query_items, "_item_sql", item_sql)


def _counts_of_all(patch: Patch) -> None:
    own = query_items._matched
    patch.setattr(query_items, "_matched", lambda query, view, selected: own(query, _without_rows(view), selected))


def _hits_of_all(patch: Patch) -> None:
    own = query_items.count_statement
    patch.setattr(items, "count_statement", lambda query, view: own(query, _without_rows(view)))


def _estimates(patch: Patch) -> None:
    def matched(_query: Any, view: View, _selected: Condition) -> Condition:
        name = view.layer.qualified_table
        return Condition(f"(SELECT reltuples::bigint FROM pg_class WHERE oid = '{name}'::regclass)")

    patch.setattr(query_items, "_matched", matched)


def _limit_before_rows(patch: Patch) -> None:
    """Take the first rows of the table, and then those of the profile."""

    def branch(query: Any, view: View, where: Condition) -> Any:
        sql, params = own(query, dataclasses.replace(view, rows=EVERYTHING), where)
        first = f"(SELECT * FROM {view.source} ORDER BY {view.key} LIMIT 200) AS t"
        return sql.replace(f"FROM {view.source}", f"FROM {first}"), params

    own = query_items._branch
    patch.setattr(query_items, "_branch", branch)


def _exports_as_they_lie(patch: Patch) -> None:
    def statement(*arguments: Any, ordered: bool, **rest: Any) -> Any:
        sql, params = own(*arguments, ordered=ordered, **rest)
        return (sql if ordered else sql.partition(" ORDER BY ")[0]), params

    own = query_items.export_statement
    patch.setattr(exports, "export_statement", statement)


def _exports_of_all(patch: Patch) -> None:
    own = query_items.export_statement
    patch.setattr(
        exports, "export_statement", lambda query, view, *rest, **more: own(query, _without_rows(view), *rest, **more)
    )


def _exports_of_what_is_read(patch: Patch) -> None:
    own_view, own_entry = shelf.Shelf.view, shelf.Shelf.part
    patch.setattr(shelf.Shelf, "view", lambda self, id_, _=None: own_view(self, id_, Operation.READ))
    patch.setattr(shelf.Shelf, "part", lambda self, id_, _=None: own_entry(self, id_, Operation.READ))


def _boxes_of_all(patch: Patch) -> None:
    """Forget the rows of the profile wherever a box narrows them."""

    def page(query: Any, view: View, selected: Condition) -> Any:
        return own(query, _without_rows(view) if query.bbox else view, selected)

    own = query_items._page
    patch.setattr(query_items, "_page", page)


# Columns


def _properties_of_all(patch: Patch) -> None:
    own = query_request._names
    patch.setattr(query_request, "_columns", walls._columns)
    patch.setattr(query_request, "_names", own)


def _encoder_of_all(patch: Patch) -> None:
    own = encoding._needed_columns, encoding._properties

    def needed(view: View, _: Any, shape: Any) -> Any:
        return own[0](view, view.layer.columns, shape)

    patch.setattr(encoding, "_needed_columns", needed)
    patch.setattr(encoding, "_properties", lambda view, _: own[1](view, view.layer.columns))


def _order_by_hidden(patch: Patch) -> None:
    patch.setattr(query_request, "read_sortby", walls._sorted_by)


def _equals_hidden(patch: Patch) -> None:
    patch.setattr(query_request, "_property_parameters", walls._parameters)
    patch.setattr(query_request, "equal_to", walls._equal_to)


def _geometry_of_all(patch: Patch) -> None:
    patch.setattr(Collection, "geometry", property(lambda self: self.layer.geometry))


def _boxes_by_hidden_geometry(patch: Patch) -> None:
    def condition(box: Any, view: View) -> Condition:
        geometry = view.layer.geometry
        if geometry is None:
            return EVERYTHING
        return all_of(bbox._box_condition(each, box.crs, geometry) for each in box.boxes)

    patch.setattr(query_items, "bbox_condition", condition)
    patch.setattr(query_items, "narrowing_box", lambda *_: None)
    patch.setattr(items, "narrowing_box", lambda *_: None)


def _ties_by_hidden(patch: Patch) -> None:
    def ordered(order: Any, view: View, *, backward: bool = False) -> str:
        return f"md5(t.{quoted('cap_nhat')}::text), {own(order, view, backward=backward)}"

    own = paging.order_sql
    patch.setattr(query_items, "order_sql", ordered)
    needed = query_items._needed
    patch.setattr(query_items, "_needed", lambda query, view: (*needed(query, view), quoted("cap_nhat")))


# Names


def _errors_name_all(patch: Patch) -> None:
    def columns(values: Mapping[str, str], view: View) -> Any:
        layers.append(view.layer)
        return own_columns(values, view)

    def names(parameter: str, text: str, columns: Any) -> Any:
        try:
            return own(parameter, text, columns)
        except BadParameter:
            return own(parameter, text, [each for each in layers[-1].columns if each.name not in text.split(",")])

    layers: list[Any] = []
    own, own_columns = query_request._names, query_request._columns
    patch.setattr(query_request, "_names", names)
    patch.setattr(query_request, "_columns", columns)


def _errors_tell_hidden(patch: Patch) -> None:
    """Say that a column is not permitted, where it exists."""

    def compiled(text: str, language: str, crs: Any, view: View) -> Any:
        shown = {each.name for each in view.collection.columns}
        for each in view.layer.columns:
            if each.name not in shown and re.search(rf"\b{each.name}\b", text):
                raise BadFilter("there is no function {}.", each.name)
        return own(text, language, crs, view)

    own = query_request._compiled
    patch.setattr(query_request, "_compiled", compiled)


def _forbidden(patch: Patch) -> None:
    """Answer 403 for a collection that exists and is hidden."""

    def made(self: Any, reader: Any, layers: Any, *rest: Any) -> None:
        init(self, reader, layers, *rest)
        known.update({id(self): {each.id for each in layers}})

    def shelf_of(self: Any, hash_: str, only: str | None = None) -> Any:
        found = own_shelf(self, hash_, only)
        known[id(found)] = known[id(self)]
        return found

    def view(self: Any, id_: str, operation: Operation = Operation.READ) -> View:
        if self.profile.facet(id_, operation) is None and id_ in known.get(id(self), ()):
            raise Forbidden
        return own_view(self, id_, operation)

    known: dict[int, set[str]] = {}
    init, own_shelf, own_view = access.Access.__init__, access.Access._shelf, shelf.Shelf.view
    patch.setattr(access.Access, "__init__", made)
    patch.setattr(access.Access, "_shelf", shelf_of)
    patch.setattr(shelf.Shelf, "view", view)


def _layers_of(context: Any) -> Any:
    """Return every layer behind a profile, whole."""
    return {each.layer.id: each.layer for each in context.profile.facets.values()}.values()


def _openapi_of_all(patch: Patch) -> None:
    def document(context: Any) -> Any:
        visitor = dataclasses.replace(context.visitor, shelf=shelf.Shelf(everything(_layers_of(context))))
        return own(dataclasses.replace(context, visitor=visitor))

    own = described.api_document
    patch.setattr(described, "api_document", document)


def _schemas_of_all(kind: str) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        own = getattr(schemas, kind)
        patch.setattr(schemas, kind, lambda collection, *rest, **more: own(whole(collection.layer), *rest, **more))

    return plant


# What is derived from data


def _enum_from_data(patch: Patch) -> None:
    def document(context: Any, id_: str, kind: str) -> Any:
        table = context.shelf.view(id_).layer.qualified_table
        rows = context.read([(f"SELECT string_agg(DISTINCT xa_id::text, ',') FROM {table}", ())], of=id_)
        return own(context, id_, kind) | {"enum": rows[0][0][0]}

    own = described.schema_document
    patch.setattr(described, "schema_document", document)


def _extent_from_data(patch: Patch) -> None:
    def collection(context: Any, id_: str) -> Response:
        view = context.shelf.view(id_)
        if view.layer.geometry is None:
            return own(context, id_)
        statement = f"SELECT ST_Extent(geom)::text, count(*) FROM {view.layer.qualified_table}"
        extent = str(context.read([(statement, ())], of=id_)[0][0])
        answer = own(context, id_)
        return dataclasses.replace(answer, headers=(*answer.headers, ("Content-Extent", extent)))

    own = documents.collection
    patch.setattr(documents, "collection", collection)


def _version_in_tags(patch: Patch) -> None:
    """Tag a page with the version of the whole table."""

    def answered(context: Any, media_type: str, body: bytes, *more: Any, after: Any = None) -> Response:
        view = context.shelf.view(context.request.path.split("/")[2])
        version = items._version(context, _without_rows(view))
        answer = own(context, media_type, body, *more, after=after)
        return dataclasses.replace(answer, headers=(*answer.headers, ("ETag", f'"{version}"')))

    own = answers.document
    patch.setattr(items.answers, "document", answered)


def _last_modified(patch: Patch) -> None:
    def item(context: Any, collection_id: str, item_id: str) -> Response:
        answer = own(context, collection_id, item_id)
        table = context.shelf.view(collection_id).layer.qualified_table
        found = context.read([(f"SELECT max(cap_nhat)::text FROM {table}", ())], of=collection_id)
        return dataclasses.replace(answer, headers=(*answer.headers, ("Last-Modified", str(found[0][0][0]))))

    own = items.item
    from server import routes

    patch.setattr(items, "item", item)
    patch.setattr(routes.items, "item", item)


def _units_of_all(patch: Patch) -> None:
    own = codelists.UnitNames._read

    def read(self: Any, entry: Any, statement: Any) -> Any:
        return own(self, entry, (re.sub("WHERE .* ORDER", "ORDER", statement[0]), ()))

    patch.setattr(codelists.UnitNames, "_read", read)


# Caches, tokens, operations


def _one_shelf_for_all(patch: Patch) -> None:
    own = access.Access._shelf

    def shelf_of(self: Any, hash_: str, only: str | None = None) -> Any:
        return next(iter(self._shelves.values()), None) or own(self, hash_, only)

    patch.setattr(access.Access, "_shelf", shelf_of)


def _documents_kept_for_all(patch: Patch) -> None:
    patch.setattr(shelf.Shelf, "keep", lambda self, key, make: self._documents.keep(("", key), make))


def _tags_kept_for_all(patch: Patch) -> None:
    """Answer with what another caller was answered under the same address."""
    kept: dict[Any, Response] = {}

    def page(context: Any, id_: str) -> Response:
        key = (id(context.parts), context.request.path, context.request.query, context.request.method)
        headers = context.request.headers.items()
        key = (*key, *sorted((name, value) for name, value in headers if name != "authorization"))
        return kept.setdefault(key, own(context, id_)) if context.request.method == "GET" else own(context, id_)

    own = items.items
    patch.setattr(items, "items", page)


def _cursors_for_all(patch: Patch) -> None:
    own = query_request.fingerprint_of
    patch.setattr(query_request, "fingerprint_of", lambda _profile, *rest: own(*rest))


def _scopes_ignored(patch: Patch) -> None:
    patch.setattr(access, "FEATURES_SCOPE", "tiles:read")


def _scopes_of_records_ignored(patch: Patch) -> None:
    patch.setattr(access, "narrowed", lambda profile, _: profile)


# Records


def _counted(patch: Patch) -> None:
    """Tell in each record, that of frames too, how many parcels there are."""
    own = query_published._shown
    items = "to_jsonb((SELECT count(*) FROM dc.thua_dat))"
    body = f"jsonb_set(t.\"ban_ghi\"::jsonb, '{{description,items}}', {items})::text"
    patch.setattr(query_published, "_shown", lambda view: own(view).replace('t."ban_ghi"', body))


def _entered_by_anybody(patch: Patch) -> None:
    own = query_view.expression_of
    patch.setattr(query_view, "expression_of", lambda each: own(each).replace("cb.vao(", "cb.vao_cua_ai_do("))


def _all_keys(view: View) -> View:
    return _without_rows(view) if view.layer.id == RECORDS else view


def _tombstones_of_all(patch: Patch) -> None:
    own = query_published._gone

    def gone(selected: Any) -> Any:
        sql, params = own(selected)
        return sql.replace("cb.da_mat(", "cb.da_mat_cua_moi_nguoi("), params

    patch.setattr(query_published, "_gone", gone)


_ENTRIES_OF_ALL = """
    CREATE FUNCTION cb.vao_cua_ai_do(khoa text) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    RETURN (SELECT max(k.tu) FROM cb.khoa_cua k WHERE k.khoa = vao_cua_ai_do.khoa);
    GRANT EXECUTE ON FUNCTION cb.vao_cua_ai_do TO datdai_mau_g_common"""
_GONE_OF_ALL = """
    CREATE FUNCTION cb.da_mat_cua_moi_nguoi(sau uuid, tu_luc timestamptz, den_luc timestamptz)
    RETURNS TABLE (id uuid, luc timestamptz, thanh_phan text, thay_boi uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT s.id, max(s.den), max(s.thanh_phan), NULL::uuid FROM cb.doi_song s
        WHERE s.den IS NOT NULL AND (sau IS NULL OR s.id > sau) GROUP BY s.id ORDER BY s.id;
    END;
    GRANT EXECUTE ON FUNCTION cb.da_mat_cua_moi_nguoi TO datdai_mau_g_common"""
_BOX_POLICIES = """
    DO $$ DECLARE g record; BEGIN
        FOR g IN SELECT bang, policy FROM acl.guarded WHERE policy IN ('xhb', 'xb', 'xdb') LOOP
            EXECUTE format('ALTER POLICY %I ON %s USING (geom && acl.req_bbox())', g.policy, g.bang);
        END LOOP;
    END $$"""
_COUNTERS = """
    CREATE OR REPLACE FUNCTION acl.trong_pham_vi(bang text, xa int[]) RETURNS int[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN xa"""
_ESTIMATES = "GRANT SELECT ON pg_class TO PUBLIC"
_ROW_SECURITY = "ALTER TABLE dc.thua_dat DISABLE ROW LEVEL SECURITY"
_SEARCHED = _views(lambda view: dataclasses.replace(view, search=view.layer.search))
_TIMED = _views(lambda view: dataclasses.replace(view, time=view.layer.time))

MUTANTS: tuple[Mutant, ...] = (
    Mutant("no rows are selected, and row security is off", _views(_without_rows), "commune-officer"),
    Mutant("row security is off for parcels, and the server selects no rows", walls.without_scope, "district", False,
           _ROW_SECURITY),
    Mutant("row security by a box forgets the scope", walls.without_rows, "district", False, _BOX_POLICIES),
    Mutant("counters of the change log count every unit", walls.without_scope, "commune-officer", False, _COUNTERS),
    Mutant("an item is read without the rows of the profile", _items_without_rows, "commune-officer"),
    Mutant("the number matched is that of the table", _counts_of_all, "commune-officer"),
    Mutant("hits are those of the table", _hits_of_all, "commune-officer"),
    Mutant("the number matched is estimated by the planner", _estimates, "commune-officer", False, _ESTIMATES),
    Mutant("rows of the profile are chosen behind the limit", _limit_before_rows, "commune-officer"),
    Mutant("an export leaves as rows lie", _exports_as_they_lie, "district", opens=False),
    Mutant("an export is of all rows", _exports_of_all, "commune-officer"),
    Mutant("an export shows what reading shows", _exports_of_what_is_read, "exporter", opens=False, finds="exports"),
    Mutant("a box forgets the rows of the profile", _boxes_of_all, "commune-officer"),
    Mutant("a filter may name every column", walls.with_names_of_all),
    Mutant("a search reads a text that is hidden", _SEARCHED, "ioc"),
    Mutant("a day selects by a date that is hidden", _TIMED, "ioc"),
    Mutant("properties may name every column", _properties_of_all),
    Mutant("the encoder writes every column", _encoder_of_all),
    Mutant("an order may name every column", _order_by_hidden),
    Mutant("a parameter may name every column", _equals_hidden),
    Mutant("ties are broken by a column that is hidden", _ties_by_hidden, "commune-officer"),
    Mutant("the geometry is written though it is hidden", _geometry_of_all, "without-geometry"),
    Mutant("a box selects by a geometry that is hidden", _boxes_by_hidden_geometry, "without-geometry"),
    Mutant("an error lists every column", _errors_name_all, opens=False, finds="catalogues"),
    Mutant("an error tells that a column is there", _errors_tell_hidden, opens=False, finds="catalogues"),
    Mutant("a hidden collection is forbidden", _forbidden, opens=False, finds="catalogues"),
    Mutant("OpenAPI describes every column", _openapi_of_all, opens=False, finds="catalogues"),
    Mutant("the schema names every column", _schemas_of_all("schema"), opens=False, finds="catalogues"),
    Mutant("queryables name every column", _schemas_of_all("queryables"), opens=False, finds="catalogues"),
    Mutant("sortables name every column", _schemas_of_all("sortables"), opens=False, finds="catalogues"),
    Mutant("a schema lists values of the table", _enum_from_data, "commune-officer"),
    Mutant("a collection tells the extent of the table", _extent_from_data, "commune-officer"),
    Mutant("a tag holds the version of the table", _version_in_tags, "commune-officer"),
    Mutant("an item tells when the table was changed", _last_modified, "commune-officer"),
    Mutant("units are named whatever the profile", _units_of_all, "commune-officer"),
    Mutant("the first caller's shelf serves all", _one_shelf_for_all, opens=False, finds="mixed"),
    Mutant("documents are kept without the profile", _documents_kept_for_all, opens=False, finds="mixed"),
    Mutant("answers are kept without the profile", _tags_kept_for_all, opens=False, finds="mixed"),
    Mutant("a cursor is good for every caller", _cursors_for_all, opens=False, finds="cursors"),
    Mutant("scopes of tokens are ignored", _scopes_ignored, "token-without-features", opens=False),
    Mutant("a token of records shows all that the account sees", _scopes_of_records_ignored, "token-of-records",
           opens=False),
    Mutant("a record of a frame tells a count", _counted, "records-of-a-territory"),
    Mutant("a record tells when others got to see it", _entered_by_anybody, "records-of-the-province", False,
           _ENTRIES_OF_ALL),
    Mutant("records of every key are seen", _views(_all_keys), "records-of-a-component"),
    Mutant("what was taken away from others is told to all", _tombstones_of_all, "records-of-a-territory", False,
           _GONE_OF_ALL),
)  # fmt: skip
