"""Run a private PostgreSQL cluster that only one operating-system user can reach.

A cluster is one folder::

    <folder>/lock       held while the cluster is made, started or stopped
    <folder>/users      held, shared, by every process that uses the cluster: the last one stops it
    <folder>/kept       there while the running cluster is to outlive its users
    <folder>/data       PostgreSQL's own data directory
    <folder>/data.new   a data directory that is being made; whatever is left of one is thrown away
    <folder>/run        the Unix socket, open to the owner alone; there is no TCP port
    <folder>/log        what PostgreSQL says, one file for each day of the week

PostgreSQL refuses to run as root, so root runs it as the operating-system user ``postgres``. That user
usually cannot enter root's home or the place of the repository, hence the folder below ``/var/lib/datdai``.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess  # nosec: the programs of PostgreSQL, with arguments that no client can reach
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.errors import DatabaseError
from core.settings import Settings
from database.connections import alone, connect

OLDEST_MAJOR = 15
SUPERUSER = "postgres"
EMBEDDED_DATABASE = "datdai"
ROOT_FOLDER = Path("/var/lib/datdai")
SOCKET_PATH_MAX = 100
"""Bytes in the path of a Unix socket; the kernel's own limit is 107, that of some BSDs 103."""

_PORT = 5432
_CREATE_KEY = 0x64617463  # "datc": whoever makes a database of a cluster holds this advisory lock
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
_START_TIMEOUT_S = 300  # a recovery after a crash replays up to max_wal_size
_LOCALE = "C.UTF-8"
_INSTALL = (
    "Install them; on Debian and Ubuntu: apt-get install postgresql postgresql-<version>-postgis-3; "
    "or set DATDAI_DATABASE_URL to a database elsewhere."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL release that has PostGIS."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The operating-system user that PostgreSQL runs as; ``name`` is None when it is the caller."""

    uid: int
    gid: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A private cluster in one folder.

    Args:
        folder: absolute; made when missing.
        durable: False gives a cluster for tests that forgets everything when the machine stops.
    """

    folder: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: in the cluster's folder, or a short one where that path is too long."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{_PORT}")) <= SOCKET_PATH_MAX:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path("/tmp") / f"datdai-{digest}"  # noqa: S108 - its owner and mode are checked before use

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Return the connection string of one database."""
        return make_conninfo(host=str(self.sockets), port=_PORT, dbname=database, user=user)

    def is_running(self) -> bool:
        """Tell whether the cluster answers now."""
        if not (self.sockets / f".s.PGSQL.{_PORT}").exists():
            return False
        with suppress(DatabaseError), connect(self.dsn(), purpose="cluster"):
            return True
        return False

    def is_used(self) -> bool:
        """Tell whether a process uses the cluster now, between ``started`` and the end of its block."""
        if not self.folder.exists():
            return False
        with _locked(self.folder), _open_file(self.folder / "users") as users:
            return not _is_last(users)

    def start(self) -> bool:
        """Start the cluster, making it first when there is none; it runs until ``stop``, whoever uses it meanwhile.

        Returns:
            True when this call started it, False when it ran already.

        Raises:
            DatabaseError: PostgreSQL or PostGIS is missing, or PostgreSQL did not start.
        """
        owner = cluster_owner()
        _make_folder(self.folder, owner)
        with _locked(self.folder):
            mine = self._start(owner)
            self._keep()
        return mine

    def _start(self, owner: Owner) -> bool:
        if self.is_running():
            return False
        self._kept.unlink(missing_ok=True)  # of a cluster that died
        binaries = find_binaries(_major_of(self.data))
        if not self.data.exists():
            _create(self, binaries, owner)
        _make_folder(self.sockets, owner)
        for lock in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{_PORT}.lock"):
            _drop_dead_lock(lock, self.data)
        _launch(self, binaries, owner)
        return True

    def _keep(self) -> None:
        with _open_file(self._kept):
            pass

    @property
    def _kept(self) -> Path:
        return self.folder / "kept"

    def stop(self) -> bool:
        """Stop the cluster, ending the work in it; return False when it did not run."""
        if not self.data.exists():
            return False
        with _locked(self.folder):
            return self._stop()

    def _stop(self) -> bool:
        self._kept.unlink(missing_ok=True)
        if not (self.data / "postmaster.pid").exists():
            return False
        binaries = find_binaries(_major_of(self.data))
        command = [str(binaries.folder / "pg_ctl"), "stop", "-w", "-m", "fast", "-D", str(self.data)]
        return _run(command, cluster_owner()).returncode == 0

    def join(self, *, keep: bool) -> int:
        """Begin to use the cluster, starting it when it does not run; return what ``leave`` takes.

        Raises:
            DatabaseError: as ``start``.
        """
        owner = cluster_owner()
        _make_folder(self.folder, owner)
        with _locked(self.folder), ExitStack() as undo:
            users = os.open(self.folder / "users", _LOCK_FLAGS, 0o600)
            undo.callback(os.close, users)
            fcntl.flock(users, fcntl.LOCK_SH)
            self._start(owner)
            if keep:
                self._keep()
            undo.pop_all()
        return users

    def leave(self, users: int) -> None:
        """End to use the cluster: the last one that does stops it, unless it is kept."""
        with _locked(self.folder):
            if _is_last(users) and not self._kept.exists():
                self._stop()
            os.close(users)

    def destroy(self) -> None:
        """Stop the cluster and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.sockets.parent != self.folder:
            shutil.rmtree(self.sockets, ignore_errors=True)


def cluster_folder(home: Path) -> Path:
    """Return the folder of the cluster that belongs to ``home``.

    Root's is named after ``home``, so that two checkouts of one machine do not share a cluster.
    """
    if os.geteuid() != 0:
        return home.resolve() / "pg"
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return ROOT_FOLDER / digest / "pg"


@contextmanager
def started(cluster: Cluster, *, keep: bool = False) -> Generator[Cluster]:
    """Use a cluster for the time of a block, starting it when it does not run; the last user stops it.

    Args:
        keep: let it run on when the last user has left.
    """
    users = cluster.join(keep=keep)
    try:
        yield cluster
    finally:
        cluster.leave(users)


def ensure_database(admin_dsn: str, name: str) -> bool:
    """Create a database unless it exists; return whether it was created. Whoever comes second waits."""
    with alone(admin_dsn, _CREATE_KEY, purpose="cluster") as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return found is None


@contextmanager
def database_of(settings: Settings, *, keep: bool = False) -> Generator[Settings]:
    """Yield the settings with the addresses of the database filled in, for the time of a block.

    Without ``database_url`` the embedded cluster runs meanwhile; ``keep`` leaves it running afterwards.
    """
    if settings.database_url:
        yield settings
        return
    with started(Cluster(cluster_folder(settings.home)), keep=keep) as cluster:
        ensure_database(cluster.dsn(), EMBEDDED_DATABASE)
        app = cluster.dsn(EMBEDDED_DATABASE, f"{EMBEDDED_DATABASE}_app")
        addresses = {"database_url": app, "admin_database_url": cluster.dsn(EMBEDDED_DATABASE)}
        yield settings.model_copy(update=addresses)


def find_binaries(major: int | None = None) -> Binaries:
    """Find the newest PostgreSQL on this machine that has PostGIS.

    Args:
        major: only this release; None takes any from ``OLDEST_MAJOR`` on.

    Raises:
        DatabaseError: there is none; the text says what to install.
    """
    found = [Binaries(folder, version) for folder in _candidates() if (version := _version(folder))]
    fitting = [one for one in found if one.major == major or (major is None and one.major >= OLDEST_MAJOR)]
    if not fitting:
        wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or newer"
        seen = ", ".join(sorted({str(one.major) for one in found})) or "none"
        raise DatabaseError(f"{wanted} with PostGIS is needed; found PostgreSQL: {seen}. {_INSTALL}")
    with_postgis = [one for one in fitting if _has_postgis(one)]
    if not with_postgis:
        raise DatabaseError(f"PostgreSQL {fitting[0].major} is here, but PostGIS is missing. {_INSTALL}")
    return max(with_postgis, key=lambda one: one.major)


def cluster_owner() -> Owner:
    """Return the user that PostgreSQL runs as: the caller, or ``postgres`` when the caller is root."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), None)
    try:
        entry = pwd.getpwnam(SUPERUSER)
    except KeyError as exc:
        raise DatabaseError(
            "PostgreSQL does not run as root, and there is no operating-system user 'postgres'. " + _INSTALL
        ) from exc
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def server_settings(*, durable: bool, memory_bytes: int) -> dict[str, str]:
    """Return the server settings for a machine with this much memory.

    A laptop with 8 GB gives PostgreSQL 1 GB of shared buffers, a server with 24 GB gives it 3 GB.
    """
    megabytes = memory_bytes // 1024**2
    shared = {
        "max_connections": "120",
        "max_locks_per_transaction": "256",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
    }
    return shared | (_durable_settings(megabytes) if durable else _throw_away_settings())


def _durable_settings(megabytes: int) -> dict[str, str]:
    return {
        "shared_buffers": f"{_between(128, megabytes // 8, 8192)}MB",
        "effective_cache_size": f"{_between(256, megabytes // 2, 262144)}MB",
        "work_mem": f"{_between(8, megabytes // 512, 64)}MB",
        "maintenance_work_mem": f"{_between(64, megabytes // 24, 2048)}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "logging_collector": "on",
        "log_directory": "../log",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
    }


def _throw_away_settings() -> dict[str, str]:
    return {
        "shared_buffers": "256MB",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
    }


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _create(cluster: Cluster, binaries: Binaries, owner: Owner) -> None:
    """Make the data directory; a kill at any moment leaves either none or a whole one."""
    new = cluster.folder / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    command = [str(binaries.folder / "initdb"), "-D", str(new), "-U", SUPERUSER, "-E", "UTF8", "-A", "trust"]
    command += [f"--locale={_LOCALE}", "--data-checksums", "--no-instructions"]
    made = _run(command if cluster.durable else [*command, "--no-sync"], owner)
    if made.returncode != 0:
        raise DatabaseError(f"initdb failed: {_last_line(made.stderr or made.stdout)}")
    with (new / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("\n# Written anew by datdai at each start; ALTER SYSTEM overrides it.\n")
        configuration.write("include_if_exists = 'datdai.conf'\n")
    new.rename(cluster.data)


def _launch(cluster: Cluster, binaries: Binaries, owner: Owner) -> None:
    """Start PostgreSQL and wait until it answers."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    settings = server_settings(durable=cluster.durable, memory_bytes=memory)
    _write_settings(cluster.data / "datdai.conf", settings, owner)
    _make_folder(cluster.folder / "log", owner)
    fixed = {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
    }
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in fixed.items())
    log = cluster.folder / "log" / "start.log"
    command = [str(binaries.folder / "pg_ctl"), "start", "-w", "-t", str(_START_TIMEOUT_S), "-s"]
    command += ["-D", str(cluster.data), "-l", str(log), "-o", options]
    if not _starts(command, owner, log):
        raise DatabaseError(f"PostgreSQL did not start: {_last_words(log.parent)} (see {log.parent})")


def _starts(command: Sequence[str], owner: Owner, log: Path) -> bool:
    """Run ``pg_ctl start``; once more when the children of a killed server are still on their way out."""
    for pause_s in (1.0, 0.0):
        log.unlink(missing_ok=True)
        if _run(command, owner).returncode == 0:
            return True
        if "shared memory" not in _last_words(log.parent):
            return False
        time.sleep(pause_s)
    return False


def _write_settings(path: Path, settings: Mapping[str, str], owner: Owner) -> None:
    """Replace the settings file; root must not be led through a link that the owner planted."""
    text = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        os.fchown(descriptor, owner.uid, owner.gid)
        out.write(text)
    new.replace(path)


def _make_folder(folder: Path, owner: Owner) -> None:
    """Make a folder that only its owner can enter, and that the owner can reach."""
    missing = [one for one in folder.parents if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o755, exist_ok=True)
            one.chmod(0o755)
        folder.mkdir(mode=0o700, exist_ok=True)
        if owner.name and folder.lstat().st_uid == 0:
            os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
    except OSError as exc:
        raise DatabaseError(f"{folder} cannot be made: {exc.strerror}.") from exc
    _require_private(folder, owner)


def _require_private(folder: Path, owner: Owner) -> None:
    """Refuse a folder that somebody else owns or can enter, or that its owner cannot reach."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.uid:
        raise DatabaseError(f"{folder} belongs to somebody else; remove it or choose another DATDAI_HOME.")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    closed = [one for one in folder.parents if owner.name and not _can_enter(one.stat(), owner)]
    if closed:
        raise DatabaseError(f"The operating-system user '{owner.name}' cannot enter {closed[-1]}.")


def _can_enter(found: os.stat_result, owner: Owner) -> bool:
    if found.st_uid == owner.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    return bool(found.st_mode & (stat.S_IXGRP if found.st_gid == owner.gid else stat.S_IXOTH))


@contextmanager
def _open_file(path: Path) -> Generator[int]:
    descriptor = os.open(path, _LOCK_FLAGS, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold the lock of a cluster; whoever comes second waits."""
    with _open_file(folder / "lock") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _is_last(users: int) -> bool:
    """Tell whether no other process holds the file of users; the caller holds the lock of the cluster."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drop_dead_lock(path: Path, data: Path) -> None:
    """Delete a lock file of PostgreSQL whose process is no living server of this data directory.

    After a power cut the number may belong to another process of the same user, and a killed server may linger
    as a zombie that nobody reaps; PostgreSQL would refuse to start. Where the working directory of the process
    may not be read, PostgreSQL decides.
    """
    with suppress(OSError):
        process = Path("/proc") / path.read_text().split("\n", 1)[0]
        if process.exists() and _working_folder(process) != data:
            path.unlink()


def _working_folder(process: Path) -> Path | None:
    """Return the working folder of a process; None for a zombie, which has none."""
    try:
        return (process / "cwd").readlink()
    except FileNotFoundError:
        return None


def _run(command: Sequence[str], owner: Owner) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL as its owner, from a folder that everybody can enter."""
    other = owner.name is not None
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
        command,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,
        user=owner.uid if other else None,
        group=owner.gid if other else None,
        extra_groups=[] if other else None,
    )


def _candidates() -> Iterator[Path]:
    """Yield the folders in which distributions put the server's programs."""
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    yield from Path("/usr").glob("pgsql-*/bin")
    for program in ("postgres", "initdb", "pg_config"):
        if where := shutil.which(program):
            yield Path(where).resolve().parent


def _version(folder: Path) -> int | None:
    """Return the major release of the server in a folder; None when there is no whole server."""
    if not all((folder / program).exists() for program in ("postgres", "initdb", "pg_ctl")):
        return None
    said = _output([str(folder / "postgres"), "--version"])
    number = re.search(r"PostgreSQL\) (\d+)", said)
    return int(number[1]) if number else None


def _has_postgis(binaries: Binaries) -> bool:
    share = [Path(f"/usr/share/postgresql/{binaries.major}"), binaries.folder.parent / "share"]
    if (binaries.folder / "pg_config").exists():
        share.append(Path(_output([str(binaries.folder / "pg_config"), "--sharedir"]).strip()))
    return any((one / "extension" / "postgis.control").exists() for one in share)


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/").stdout  # noqa: S603 - no shell
    except OSError:
        return ""


def _major_of(data: Path) -> int | None:
    with suppress(OSError):
        return int((data / "PG_VERSION").read_text())
    return None


def _last_words(folder: Path) -> str:
    """Return the newest line that PostgreSQL wrote at level FATAL, else its newest line."""
    logs = sorted(folder.glob("*.log"), key=lambda one: one.stat().st_mtime)
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()[-50:]]
    fatal = [line for line in lines if "FATAL" in line]
    return (fatal or lines or ["it said nothing"])[-1]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def temporary_folder() -> Path:
    """Make a folder for a throw-away cluster that the cluster's owner can reach."""
    folder = Path(tempfile.mkdtemp(prefix="datdai-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder
