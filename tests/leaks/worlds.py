"""Pairs of worlds: two servers over two databases that differ only in what one caller may not see."""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from catalogue.profile import Operation, Profile
from core.settings import Settings
from database.profiles import Segment
from database.profiles import publish as publish_profiles
from server import app
from tests import conftest as run
from tests.leaks.mutations import Mutator, read_tables
from tests.leaks.sight import Sight, sight_of
from tests.leaks.stocked import stock
from tests.leaks.viewpoints import VIEWPOINTS, Places, Viewpoint

TEMPLATE = "datdai_ro_ri_mau"
BASE = "http://land.test"
SECRET = "a secret that only the tests know, long enough"
SINCE = date(2000, 1, 1)


def token_of(viewpoint: Viewpoint) -> str:
    """Return the bearer token of a viewpoint's account."""
    return f"lda_{hashlib.sha256(viewpoint.name.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class World:
    """One server over one database."""

    dsn: str
    application: app.Application


@dataclass(frozen=True, slots=True)
class Pair:
    """Two worlds that one caller cannot tell apart."""

    viewpoint: Viewpoint
    profile: Profile
    sight: Sight
    places: Places
    one: World
    other: World
    changes: Counter[str]

    @property
    def headers(self) -> Mapping[str, str]:
        return {} if self.viewpoint.unit is None else {"Authorization": f"Bearer {token_of(self.viewpoint)}"}


def build_template(cluster: str, sample_template: str) -> str:
    """Return the name of a small province with an account of each viewpoint; nobody may connect to it."""
    with run._locked("leaks"):
        if not run._is_finished(cluster, TEMPLATE):
            run._clone(cluster, sample_template, TEMPLATE)
            _fill(run._cluster().dsn(TEMPLATE))
            run._finish(cluster, TEMPLATE)
    return TEMPLATE


def _fill(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        for statement in _THINNED:
            connection.execute(statement.encode())
        _found_accounts(connection)
        places = places_of(connection)
        for each in VIEWPOINTS:
            if each.unit:
                _put_in_force(connection, each, each.profile(places))
        stock(connection, places)
        connection.execute("SELECT lg.don_dem()")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


_FEWER = "hashtext(t.id::text) % 9 <> 0 AND t.xa_id % 10 <> 7"
_GONE = f"thua_id IN (SELECT t.id FROM dc.thua_dat t WHERE {_FEWER})"
_THINNED = (
    "DELETE FROM acl.profile_in_force",
    *(
        f"DELETE FROM {table} WHERE {_GONE}"
        for table in ("hs.ho_so_thua", "gd.gia_thua", "dc.han_che", "dc.tai_san", "dc.muc_dich", "dc.quyen_su_dung_dat",
                      "dc.giay_chung_nhan")
    ),
    *(f"DELETE FROM dc.thua_dat_pha_he WHERE {_GONE.replace('thua_id', each)}" for each in ("thua_cha", "thua_con")),
    f"DELETE FROM dc.thua_dat t WHERE {_FEWER}",
    "DELETE FROM gd.vi_tri",
    "DELETE FROM gd.doan_duong d WHERE xa_id % 8 <> 0 AND id NOT IN "
    "(SELECT doan_duong_id FROM gd.gia_thua WHERE doan_duong_id IS NOT NULL)",
    "DELETE FROM tk.khoanh_dat k WHERE k.xa_id % 4 <> 0",
    "DELETE FROM tk.bieu k WHERE k.xa_id % 8 <> 0",
    "UPDATE dc.thua_dat SET hieu_luc_den = '2024-05-01' "
    "WHERE hashtext(id::text) % 5 = 0 AND hieu_luc_tu < '2024-01-01'",
    "UPDATE dc.thua_dat t SET tranh_chap = hashtext(t.id::text) % 3 = 0",
)  # fmt: skip
"""A province that is quick to copy and to read, with parcels that are in force no more."""


def _found_accounts(connection: psycopg.Connection[Any]) -> None:
    for each in VIEWPOINTS:
        if each.unit is None:
            continue
        connection.execute(
            "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, 'khac', '2020-01-01') "
            "ON CONFLICT (code) DO NOTHING",
            [each.unit, f"Đơn vị {each.unit}"],
        )
        connection.execute(
            "INSERT INTO acl.account (code, unit_id, kind, person, state, password_until) "
            "SELECT %s, id, 'individual', 'Cán bộ', 'active', now() + interval '60 days' FROM acl.unit WHERE code = %s",
            [each.name, each.unit],
        )
        connection.execute(
            "INSERT INTO oauth.token (hash, kind, account_id, scopes, family, expires_at) "
            "SELECT %s, 'personal', id, %s, gen_random_uuid(), now() + interval '30 days' "
            "FROM acl.account WHERE code = %s",
            [hashlib.sha256(token_of(each).encode()).hexdigest(), list(each.scopes), each.name],
        )


def _put_in_force(connection: psycopg.Connection[Any], viewpoint: Viewpoint, profile: Profile) -> None:
    row = connection.execute("SELECT 'account:' || id FROM acl.account WHERE code = %s", [viewpoint.name]).fetchone()
    publish_profiles(connection, {row[0] if row else "public": [Segment(SINCE, None, profile)]})


def places_of(connection: psycopg.Connection[Any]) -> Places:
    """Return the administrative units that viewpoints speak of: the commune with most parcels, and others around."""
    found = connection.execute(
        "SELECT t.xa_id, d.cha_id FROM dc.thua_dat t JOIN hc.don_vi d ON d.id = t.xa_id WHERE t.hieu_luc_den IS NULL "
        "GROUP BY 1, 2 ORDER BY count(*) DESC, 1"
    ).fetchall()
    commune, district = found[0]
    province = connection.execute("SELECT cha_id FROM hc.don_vi WHERE id = %s", [district]).fetchall()[0][0]
    return Places(
        commune=commune,
        above=(district, province),
        district=tuple(sorted(xa for xa, above in found if above == district)),
        other=tuple(sorted([xa for xa, above in found if above != district][:12])),
    )


@contextmanager
def copy_of(cluster: str, template: str) -> Generator[str]:
    """Yield the superuser's connection string to a copy of a database."""
    with run._database(cluster, template) as dsn:
        yield dsn


@contextmanager
def served(dsn: str, home: Path) -> Generator[World]:
    """Serve a database in this process."""
    login = make_conninfo(dsn, user=f"{run.TEMPLATE}_app")
    application = app.create(Settings(database_url=login, home=home, base_url=BASE, secret=SECRET, pool_size=2))
    try:
        yield World(dsn, application)
    finally:
        application.close()


def _seen_from(
    viewpoint: Viewpoint, one: World, operations: Container[Operation] = tuple(Operation)
) -> tuple[Profile, Sight, Places]:
    """Return what a viewpoint shows, asked of the world that stays as it is."""
    with psycopg.connect(one.dsn) as connection:
        places = places_of(connection)
    profile = viewpoint.shown(places)
    sight = sight_of(profile, operations if viewpoint.is_let_in else ())
    near = frozenset(each.layer.qualified_table for each in viewpoint.profile(places).facets.values())
    return profile, replace(sight, near=near if viewpoint.is_let_in else frozenset()), places


def _changed(dsn: str, sight: Sight, seed: int) -> Counter[str]:
    with psycopg.connect(dsn) as connection:
        return Mutator(connection, sight, read_tables(connection), seed).mutate()


@dataclass(frozen=True, slots=True)
class Worlds:
    """Makes worlds: copies of the small province, one kept as it is for each set of publications."""

    cluster: str
    template: str
    home: Path
    stack: ExitStack
    kept: dict[str, World]

    @contextmanager
    def pair(
        self,
        viewpoint: Viewpoint,
        seed: int,
        *,
        operations: Container[Operation] = tuple(Operation),
        before: Callable[[str], None] | None = None,
    ) -> Iterator[Pair]:
        """Yield two worlds that differ in what a viewpoint does not show, by a seed.

        Args:
            operations: what these show must not change.
            before: done to both databases before they are served; both are then copies of their own.
        """
        with ExitStack() as stack:
            one = self.base(viewpoint) if before is None else self._served(stack, viewpoint, before)
            other = self.copied(stack, viewpoint)
            profile, sight, places = _seen_from(viewpoint, one, operations)
            changes = _changed(other, sight, seed)
            if before:
                before(other)
            world = stack.enter_context(served(other, self.home))
            yield Pair(viewpoint, profile, sight, places, one, world, changes)

    @contextmanager
    def pairs(self, viewpoint: Viewpoint, seeds: Sequence[int]) -> Iterator[Iterator[Pair]]:
        """Yield a pair for each seed, one after the other: each second world grows out of the one before it, under a
        server that goes on running.
        """
        with ExitStack() as stack:
            other = self.copied(stack, viewpoint)
            yield self._grown(stack, viewpoint, other, seeds)

    def _grown(self, stack: ExitStack, viewpoint: Viewpoint, other: str, seeds: Sequence[int]) -> Iterator[Pair]:
        one, world = self.base(viewpoint), None
        profile, sight, places = _seen_from(viewpoint, one)
        for seed in seeds:
            changes = _changed(other, sight, seed)
            world = world or stack.enter_context(served(other, self.home))
            yield Pair(viewpoint, profile, sight, places, one, world, changes)

    def base(self, viewpoint: Viewpoint) -> World:
        """Return the world that stays as it is, as long as the run lives."""
        key = viewpoint.name if viewpoint.unit is None else ""
        if key not in self.kept:
            self.kept[key] = self._served(self.stack, viewpoint, None)
        return self.kept[key]

    def _served(self, stack: ExitStack, viewpoint: Viewpoint, before: Callable[[str], None] | None) -> World:
        dsn = self.copied(stack, viewpoint)
        if before:
            before(dsn)
        return stack.enter_context(served(dsn, self.home))

    def copied(self, stack: ExitStack, viewpoint: Viewpoint) -> str:
        """Return the connection string of the superuser to a copy, which the stack drops."""
        dsn = stack.enter_context(copy_of(self.cluster, self.template))
        if viewpoint.unit is None:
            publish(dsn, viewpoint)
        return dsn


def publish(dsn: str, viewpoint: Viewpoint) -> Profile:
    """Publish the profile of a viewpoint, for its account or for the public."""
    with psycopg.connect(dsn) as connection:
        profile = viewpoint.profile(places_of(connection))
        if profile.facets:
            _put_in_force(connection, viewpoint, profile)
    return profile
