"""The database that everybody reads: the sample province in a private, durable cluster, and the views of the peers."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from catalogue.files import read_layers
from catalogue.profile import everything
from core.settings import Settings
from database.cluster import EMBEDDED_DATABASE, Cluster, cluster_folder, database_of, ensure_database
from query.view import View, view_of
from server.cli import prepare

REPOSITORY = Path(__file__).parent.parent
VAR = REPOSITORY / "var" / "bench"
COLLECTION = "thua-dat"
PEERS_SCHEMA = "bench"
_CONNECTIONS_MAX = 200  # 64 of pgbench beside the idle pools of all servers
_PEERS_INDEXES = ("CREATE INDEX IF NOT EXISTS bench_hinh_goc ON dc.thua_dat USING gist (geom_goc)",)


@dataclass(frozen=True, slots=True)
class World:
    """A loaded and running database.

    Attributes:
        home: ``DATDAI_HOME`` of the server.
        dsn: of the superuser, by whom the peers read.
        app_dsn: of the login of the server.
        sockets: folder of the cluster's socket.
    """

    home: Path
    dsn: str
    app_dsn: str
    sockets: Path
    parcels: int
    view: View
    profile_hash: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.view.collection.columns)


def cluster_of(parcels: int) -> Cluster:
    """Return the cluster for a number of parcels; it stays on disk for the next run."""
    return Cluster(cluster_folder(VAR / str(parcels)))


def open_world(parcels: int) -> World:
    """Load what is not loaded yet, and let the planner know the table. The cluster has to run."""
    home = VAR / str(parcels)
    cluster = cluster_of(parcels)
    ensure_database(cluster.dsn(), EMBEDDED_DATABASE)
    with database_of(Settings(home=home)) as settings:
        dsn, app_dsn = settings.admin_database_url or "", settings.database_url or ""
    prepare(dsn, parcels=parcels)
    profile = everything(read_layers(REPOSITORY / "config" / "layers"))
    world = World(home, dsn, app_dsn, cluster.sockets, parcels, view_of(profile.collections[COLLECTION]), profile.hash)
    with psycopg.connect(dsn, autocommit=True) as connection:
        _make_views(connection, world)
        connection.execute("SELECT lg.don_dem()")
        connection.execute("VACUUM (ANALYZE) dc.thua_dat")
        connection.execute("CHECKPOINT")
        connection.execute("SELECT sum(length(t.geom::bytea)) + sum(length(t.geom_goc::bytea)) FROM dc.thua_dat AS t")
    return world


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
