"""The database of a command that works on what is there: one that was prepared, never a new one."""

from collections.abc import Generator
from contextlib import contextmanager

from core.errors import DatabaseError
from core.settings import Settings
from database.cluster import Cluster, cluster_folder, database_of
from database.migrate import check_migrated, status


@contextmanager
def prepared_database(settings: Settings, *, keep: bool = False) -> Generator[Settings]:
    """Yield the settings with the addresses of the database filled in, as ``database_of`` does, once it proved ready.

    Raises:
        DatabaseError: there is none, it was never prepared, or it lacks migrations; the text says what to run.
    """
    require_cluster(settings)
    with database_of(settings, keep=keep) as complete:
        dsn = complete.admin_database_url or complete.database_url or ""
        if not status(dsn).applied:
            raise DatabaseError(f"{_named(settings)} was never prepared for datdai. Run: {_how(settings)}")
        check_migrated(dsn)
        yield complete


def require_cluster(settings: Settings) -> None:
    """Refuse to work on an embedded cluster that was never made.

    Raises:
        DatabaseError: there is none; the text says where it was looked for.
    """
    if not settings.database_url and not Cluster(cluster_folder(settings.home)).data.exists():
        raise DatabaseError(
            f"There is no database yet that belongs to DATDAI_HOME={settings.home.resolve()}. Run: {_how(settings)}; "
            "or set DATDAI_HOME as where that was run."
        )


def _named(settings: Settings) -> str:
    return "This database" if settings.database_url else f"The database of DATDAI_HOME={settings.home.resolve()}"


def _how(settings: Settings) -> str:
    return "datdai migrate" if settings.database_url else "datdai prepare"
