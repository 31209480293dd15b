"""Is the second wall what the profiles say? Roles, their settings, memberships, columns, policies and scopes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from catalogue.layer import Layer
from catalogue.parts import TableView, parts_of
from catalogue.profile import Between, OneOf, Term, profile_of
from core.errors import CatalogueError, DatabaseError
from database.queries import load

_QUERIES = load("database", "walls.sql")
_TERRITORY = "xa_id"
_TWINS = ("", "_b", "_s")
_NARROWING = {"b": "geom", "s": "tim"}
"""By which column a twin narrows: nobody else's answer may depend on it."""

_HARMLESS = {
    "client_connection_check_interval", "effective_cache_size", "effective_io_concurrency", "hash_mem_multiplier",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "jit", "jit_above_cost", "lock_timeout",
    "maintenance_work_mem", "max_parallel_workers_per_gather", "random_page_cost", "seq_page_cost", "statement_timeout",
    "tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout", "temp_buffers",
    "temp_file_limit", "track_io_timing", "work_mem",
}  # fmt: skip
"""What may be set for roles and databases, beside ``log_…``: time, memory, plans; never what is answered or kept."""


@dataclass(frozen=True, slots=True)
class _Wall:
    """The second wall as it stands.

    Attributes:
        is_copy: other databases of the cluster may have roles by the same pattern of names.
        groups: roles that each role is a member of.
        columns: table and columns that each role of columns may read.
        scopes: by role and table: in force only, administrative units, further terms.
        policies: names of the policies of each table.
    """

    prefix: str
    is_copy: bool
    groups: Mapping[str, frozenset[str]]
    columns: Mapping[str, tuple[str, tuple[str, ...]]]
    scopes: Mapping[tuple[str, str], tuple[bool, list[int] | None, list[dict[str, Any]]]]
    policies: Mapping[str, frozenset[str]]


def check_walls(connection: Connection[Any], layers: Iterable[Layer]) -> None:
    """Compare what PostgreSQL grants, and sets for sessions, with what migrations and published profiles say.

    Any login that may look profiles up will do.

    Raises:
        DatabaseError: they differ; the text lists every difference.
    """
    layers = tuple(layers)
    wall = _read(connection)
    faults = [
        *(f"{each} is not behind row security" for each in _names(connection, "unguarded")),
        *(f"the policy of {each} is not as it was made" for each in _names(connection, "changed_policies")),
        *(f"the role {each} may do more than it must" for each in _names(connection, "strong_roles")),
        *(f"no profile explains {each}" for each in _names(connection, "stray_grants")),
        *(f"the catalogue is the publisher's alone, but {each}" for each in _names(connection, "catalogue_rights")),
        *_setting_faults(connection),
        *_profile_faults(connection, layers, wall),
    ]
    if faults:
        lines = "\n".join(f"- {each}" for each in faults)
        raise DatabaseError(f"What PostgreSQL grants is not what the profiles say:\n{lines}")


def _setting_faults(connection: Connection[Any]) -> Iterator[str]:
    """Yield what is set by ALTER ROLE or ALTER DATABASE: migrations set nothing so."""
    here = connection.info.dbname
    for role, is_here, setting in connection.execute(_QUERIES["settings"].encode()).fetchall():
        if setting in _HARMLESS or setting.startswith("log_"):
            continue
        where = f" IN DATABASE {here}" if is_here else ""
        if role:
            yield f"the role {role} has a setting of its own, {setting}: ALTER ROLE {role}{where} RESET {setting}"
        elif is_here:
            yield f"this database has a setting of its own, {setting}: ALTER DATABASE {here} RESET {setting}"
        else:
            yield f"all roles have a setting of their own, {setting}: ALTER ROLE ALL RESET {setting}"


def _profile_faults(connection: Connection[Any], layers: tuple[Layer, ...], wall: _Wall) -> Iterator[str]:
    known: set[str] = set()
    for hash_, body, roles in connection.execute(_QUERIES["profiles"].encode()).fetchall():
        known |= {name + twin for name in roles.values() for twin in _TWINS}
        if hash_:
            yield from _faults_of(hash_, json.loads(body), roles, layers, wall)
        else:
            yield from _role_faults(roles["0"], {}, wall)
    app = f"{wall.prefix}app"
    extra = wall.groups.get(app, frozenset()) - known
    if extra := sorted(each for each in extra if not (wall.is_copy and each.startswith(f"{wall.prefix}p_"))):
        yield f"the login {app} is a member of {', '.join(extra)}, which no profile has"
    if missing := sorted(known - wall.groups.get(app, frozenset())):
        yield f"the login {app} may not take on {', '.join(missing)}"


def _faults_of(
    hash_: str, body: Any, roles: Mapping[str, str], layers: tuple[Layer, ...], wall: _Wall
) -> Iterator[str]:
    try:
        profile = profile_of(body, layers)
    except CatalogueError as error:
        yield f"profile {hash_[:12]}: {error}"
        return
    if profile.hash != hash_:
        yield f"profile {hash_[:12]} was published of other layer files: publish it again"
        return
    parts = {each.name: {view.table: view for view in each.views} for each in parts_of(profile)}
    if parts.keys() != roles.keys():
        yield f"profile {hash_[:12]} has {len(parts)} parts and {len(roles)} roles"
        return
    for part, views in parts.items():
        yield from _role_faults(roles[part], views, wall)


def _role_faults(role: str, views: Mapping[str, TableView], wall: _Wall) -> Iterator[str]:
    for twin in _TWINS:
        groups = {_group(view, twin.removeprefix("_"), wall) for view in views.values()}
        wanted = sorted({f"{wall.prefix}g_common", *groups, *(_columns_role(view, wall) for view in views.values())})
        found = sorted(wall.groups.get(role + twin, frozenset()))
        if found != wanted:
            yield f"the role {role + twin} is a member of {', '.join(found)}; needed: {', '.join(wanted)}"
    for view in views.values():
        if wall.columns.get(_columns_role(view, wall)) != (view.table, tuple(sorted(view.columns))):
            yield f"the role {_columns_role(view, wall)} may not read just {', '.join(sorted(view.columns))}"
    found_scopes = {table: scope for (owner, table), scope in wall.scopes.items() if owner == role}
    if found_scopes != {table: _scope(view) for table, view in views.items()}:
        yield f"the rows of the role {role} are not those of its profile"


def _group(view: TableView, narrowed: str, wall: _Wall) -> str:
    further = any(each.column != _TERRITORY for each in view.terms)
    word = "x" if any(each.column == _TERRITORY for each in view.terms) else "t"
    word += "d" if further else "h" if view.in_force else ""
    is_read = _NARROWING.get(narrowed) in view.columns
    if is_read and word + narrowed in wall.policies.get(view.table, frozenset()):
        word += narrowed
    return f"{wall.prefix}g_{view.table.replace('.', '_')}_{word}"


def _columns_role(view: TableView, wall: _Wall) -> str:
    digest = hashlib.md5(",".join(sorted(view.columns)).encode(), usedforsecurity=False).hexdigest()[:12]
    return f"{wall.prefix}c_{view.table.replace('.', '_')}_{digest}"


def _scope(view: TableView) -> tuple[bool, list[int] | None, list[dict[str, Any]]]:
    units: list[int] | None = None
    further: list[dict[str, Any]] = []
    for term in view.terms:
        match term:
            case OneOf(column=column, values=values) if column == _TERRITORY:
                units = sorted(int(each) for each in values)
            case _:
                further.append(_further(term))
    return view.in_force, units, sorted(further, key=lambda each: str(each["cot"]))


def _further(term: Term) -> dict[str, Any]:
    row: dict[str, Any] = {"cot": term.column}
    match term:
        case OneOf(values=values):
            kinds = {bool: "logic", int: "so", str: "chu"}
            row[kinds[type(values[0])] if values else "chu"] = list(values)
        case Between(begin=begin, end=end):
            kind = "so" if (begin or end or "").lstrip("-").isdigit() else "ngay"
            limits = {f"{kind}_tu": begin, f"{kind}_den": end}
            row |= {name: int(each) if kind == "so" else each for name, each in limits.items() if each is not None}
    return row


def _read(connection: Connection[Any]) -> _Wall:
    def rows(name: str) -> list[Any]:
        return connection.execute(_QUERIES[name].encode()).fetchall()

    prefix, is_copy = rows("prefix")[0]
    policies: dict[str, set[str]] = {}
    for table, policy in connection.execute("SELECT bang, policy::text FROM acl.guarded"):
        policies.setdefault(table, set()).add(policy)
    return _Wall(
        prefix=prefix,
        is_copy=is_copy,
        groups={member: frozenset(groups) for member, groups in rows("memberships")},
        columns={role: (table, tuple(columns)) for role, table, columns in rows("column_grants")},
        scopes={
            (role, table): (in_force, units, _terms(terms)) for role, table, in_force, units, terms in rows("scopes")
        },
        policies={table: frozenset(names) for table, names in policies.items()},
    )


def _terms(terms: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if value is not None} for each in terms or ()]


def _names(connection: Connection[Any], query: str) -> list[str]:
    return [name for (name,) in connection.execute(_QUERIES[query].encode()).fetchall()]
