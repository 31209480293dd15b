"""The database that everybody reads: the sample province in a private, durable cluster, its units, the peers' views."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.scopes import FIVE, Places, places_in, profile_on, scopes_of
from benchmarks.units import agree
from catalogue.files import read_layers
from database.cluster import EMBEDDED_DATABASE, Cluster, ensure_database
from database.indexes import put_back, set_aside
from query.view import View, view_of
from server.cli import prepare

REPOSITORY = Path(__file__).parent.parent
VAR = REPOSITORY / "var" / "bench"
COLLECTION = "thua-dat"
PEERS_SCHEMA = "bench"
ROOT_FOLDER = Path("/var/lib/datdai-bench")
"""Root's PostgreSQL runs as another user, who usually cannot enter the repository."""
_CONNECTIONS_MAX = 200  # 64 of pgbench beside the idle pools of all servers
_PEERS_INDEXES = ("CREATE INDEX IF NOT EXISTS bench_hinh_goc ON dc.thua_dat USING gist (geom_goc)",)


SAMPLE = 50_000
"""Parcels of the sample province that is built in full."""
_IS_MULTIPLIED = "SELECT EXISTS (SELECT FROM dc.thua_dat AS t WHERE t.so_to >= 100000)"
_SHRINK = """
UPDATE dc.thua_dat AS t
SET geom_goc = ST_Affine(t.geom_goc, 1 / k, 0, 0, 1 / k, ST_XMin(e.box) * (1 - 1 / k), ST_YMin(e.box) * (1 - 1 / k)),
    dien_tich = greatest(0.1, round((t.dien_tich / k ^ 2)::numeric, 1)),
    dien_tich_phap_ly = greatest(0.1, round((t.dien_tich_phap_ly / k ^ 2)::numeric, 1))
FROM (SELECT ST_Extent(o.geom_goc) AS box FROM dc.thua_dat AS o) AS e, (SELECT %(side)s::float8 AS k) AS f
"""
_COPY = """
INSERT INTO dc.thua_dat (
    xa_id, ma_xa, ma_dinh_danh, so_to, so_thua, so_to_cu, so_thua_cu, dien_tich, dien_tich_phap_ly, dia_chi, he_ma,
    loai_dat, loai_dat_chinh, nhom_dat_chinh, muc_dich, loai_doi_tuong, da_cap_gcn, tranh_chap, trang_thai,
    tai_lieu_do_dac_id, nguon, hieu_luc_tu, hieu_luc_den, geom_goc)
SELECT
    t.xa_id, t.ma_xa, translate(left(md5(t.id::text || %(number)s), 12), 'a', 'z'), t.so_to + 100000 * %(number)s,
    t.so_thua, t.so_to_cu, t.so_thua_cu, t.dien_tich, t.dien_tich_phap_ly, t.dia_chi, t.he_ma,
    t.loai_dat, t.loai_dat_chinh, t.nhom_dat_chinh, t.muc_dich, t.loai_doi_tuong, t.da_cap_gcn, t.tranh_chap,
    t.trang_thai, t.tai_lieu_do_dac_id, t.nguon, t.hieu_luc_tu, t.hieu_luc_den,
    ST_Translate(
        t.geom_goc, %(column)s * (ST_XMax(e.box) - ST_XMin(e.box)), %(row)s * (ST_YMax(e.box) - ST_YMin(e.box)))
FROM dc.thua_dat AS t, (SELECT ST_Extent(o.geom_goc) AS box FROM dc.thua_dat AS o WHERE o.so_to < 100000) AS e
WHERE t.so_to < 100000
"""


@dataclass(frozen=True, slots=True)
class World:
    """A loaded and running database.

    Attributes:
        home: ``DATDAI_HOME`` of the server.
        dsn: of the superuser, by whom the peers read.
        app_dsn: of the login of the server.
        view: of the unit of five communes, by its profile.
        sockets: folder of the cluster's socket.
    """

    home: Path
    dsn: str
    app_dsn: str
    sockets: Path
    parcels: int
    places: Places
    view: View
    profile_hash: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.view.collection.columns)


def cluster_of(parcels: int) -> Cluster:
    """Return the cluster for a number of parcels; it stays on disk for the next run."""
    return Cluster((ROOT_FOLDER if os.geteuid() == 0 else VAR) / str(parcels) / "pg")


def open_world(parcels: int) -> World:
    """Load what is not loaded yet, and let the planner know the table. The cluster has to run."""
    home = VAR / str(parcels)
    cluster = cluster_of(parcels)
    ensure_database(cluster.dsn(), EMBEDDED_DATABASE)
    dsn, app_dsn = cluster.dsn(EMBEDDED_DATABASE), cluster.dsn(EMBEDDED_DATABASE, f"{EMBEDDED_DATABASE}_app")
    prepare(dsn, parcels=sample_size(parcels), remake=f"To build it anew, delete {cluster.folder.parent}.")
    with psycopg.connect(dsn, autocommit=True) as connection:
        multiply(connection, parcels)
        places = places_in(connection)
        layers = read_layers(REPOSITORY / "config" / "layers")
        layer = next(each for each in layers if each.id == COLLECTION)
        with connection.transaction():
            agree(connection, layers, places, COLLECTION)
        profile = profile_on(layer, scopes_of(layer, places)[FIVE])
        view = view_of(profile.collections[COLLECTION])
        world = World(home, dsn, app_dsn, cluster.sockets, parcels, places, view, profile.hash)
        _make_views(connection, world)
        connection.execute("SELECT lg.don_dem()")
        connection.execute("VACUUM (ANALYZE) dc.thua_dat")
        connection.execute("CHECKPOINT")
        connection.execute("SELECT sum(length(t.geom::bytea)) + sum(length(t.geom_goc::bytea)) FROM dc.thua_dat AS t")
    return world


def sample_size(parcels: int) -> int:
    """Return how many parcels the sample province is built with; the rest are copies."""
    return min(parcels, SAMPLE)


def multiply(connection: psycopg.Connection, parcels: int) -> None:
    """Bring the table of parcels to its size: copies of the sample, so much smaller and side by side.

    To build all other tables for a million parcels takes half an hour, and nobody asks for them here. Density, shapes
    and attributes are those of the sample; each copy lies in a cell of its own of a grid over the province.
    """
    copies = round(parcels / sample_size(parcels))
    if copies == 1 or _one(connection, _IS_MULTIPLIED) == "True":
        return
    side = math.ceil(math.sqrt(copies))
    with connection.transaction():
        connection.execute("SET LOCAL maintenance_work_mem = '1GB'")
        aside = set_aside(connection, ["dc.thua_dat"])
        connection.execute(_SHRINK, {"side": side})
        for number in range(1, copies):
            place = {"column": number % side, "row": number // side, "number": str(number)}
            connection.execute(_COPY.replace("* %(number)s", f"* {number}").encode(), place)
        put_back(connection, aside)


def allow_connections(parcels: int) -> None:
    """Start the cluster with room for everybody's connections at once."""
    cluster = cluster_of(parcels)
    cluster.start()
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        enough = int(_one(connection, "SHOW max_connections")) >= _CONNECTIONS_MAX
        connection.execute(sql.SQL("ALTER SYSTEM SET max_connections = {}").format(_CONNECTIONS_MAX))
    if not enough:
        cluster.stop()
        cluster.start()


def _make_views(connection: psycopg.Connection, world: World) -> None:
    """Make the views of the peers: the columns and rows that the collection publishes, one with each geometry."""
    for index in _PEERS_INDEXES:
        connection.execute(index.encode())
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {PEERS_SCHEMA}".encode())
    columns = sql.SQL(", ").join(map(sql.Identifier, world.columns))
    for name, geometry in (("thua_dat_9212", "geom_goc"), ("thua_dat_4326", "geom")):
        connection.execute(
            sql.SQL(
                "CREATE OR REPLACE VIEW {} AS SELECT {}, {} AS geom FROM dc.thua_dat WHERE hieu_luc_den IS NULL"
            ).format(sql.Identifier(PEERS_SCHEMA, name), columns, sql.Identifier(geometry))
        )


def _one(connection: psycopg.Connection, statement: str) -> str:
    row = connection.execute(statement.encode()).fetchone()
    return str(row[0]) if row else ""
