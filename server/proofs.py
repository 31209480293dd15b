"""What the server relies on, proved before it opens a port."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from psycopg import Connection

from auth.rights.publishing import check_published
from catalogue.layer import Layer
from core.errors import DatabaseError
from database.check import check_catalogue
from database.connections import connect
from database.queries import load
from database.walls import check_walls

_MINIMUM = {15: 150009, 16: 160005, 17: 170001}
"""First safe release of each branch. Before it row security could be led astray (CVE-2024-10976, CVE-2024-10978)."""
_QUERIES = load("server", "proofs.sql")
_VECTOR = (570704.4987, 1275711.0972, 106.90, 11.535)
"""Đồng Xoài by EPSG:6960, computed with PROJ 9.8. The wrong sign of the rotations is off by 0.56 m."""
_TOLERANCES = (0.001, 0.001, 1e-8, 1e-8)
"""1 mm in metres and in degrees."""


def prove(dsn: str, layers: Sequence[Layer]) -> None:
    """Check the release of PostgreSQL, the coordinate operation, every layer against its table, and the second wall.

    Raises:
        DatabaseError: the database is away, too old, computes coordinates otherwise, or grants what no profile says.
        CatalogueError: layers do not fit their tables; every fault is listed.
    """
    with connect(dsn, purpose="proofs", autocommit=True) as connection:
        _prove_release(connection.info.server_version)
        _prove_coordinates(connection)
        _prove_log(connection)
        _prove_walls(connection)
        check_catalogue(connection, layers)
        check_walls(connection, layers)


def legal_day(connection: Connection[Any]) -> date:
    """Return the legal day."""
    return cast("tuple[date]", connection.execute(_QUERIES["legal_day"].encode()).fetchone())[0]


def prove_published(publisher_dsn: str, layers: Sequence[Layer]) -> None:
    """Check that what is published is what agreements and functions give today.

    Raises:
        DatabaseError: it is not; every difference is listed.
    """
    with connect(publisher_dsn, purpose="proofs", autocommit=True) as connection:
        faults = check_published(connection, layers, legal_day(connection))
    if faults:
        lines = "\n".join(f"- {each}" for each in faults)
        raise DatabaseError(f"What is published is not what was agreed. Run: datdai migrate\n{lines}")


def _prove_release(version: int) -> None:
    least = _MINIMUM.get(version // 10_000, 150009)
    if version < least:
        shown = f"{least // 10_000}.{least % 10_000}"
        raise DatabaseError(f"PostgreSQL is too old ({version}): this branch is safe from {shown} on.")


def _prove_coordinates(connection: Connection[Any]) -> None:
    found = connection.execute(_QUERIES["vector"].encode()).fetchone()
    limits = zip(found or (), _VECTOR, _TOLERANCES, strict=True)
    if not found or any(abs(value - expected) > tolerance for value, expected, tolerance in limits):
        raise DatabaseError(
            f"VN-2000 is not converted to WGS 84 by EPSG:6960 here: expected {_VECTOR}, found {found}. "
            "Look at the PROJ version, its data, and spatial_ref_sys."
        )


def _prove_log(connection: Connection[Any]) -> None:
    """Check that the change log counts in transactions of this cluster: after a restore it does not."""
    if connection.execute(_QUERIES["counts_in_this_cluster"].encode()).fetchone() != (True,):
        raise DatabaseError("This database was restored from a dump: run `datdai migrate` once.")


def _prove_walls(connection: Connection[Any]) -> None:
    """Check that no profile role changes who it is or counts hidden rows; a REVOKE by a weak account only warns."""
    if any(row[0] for row in connection.execute(_QUERIES["may_call_too_much"].encode())):
        raise DatabaseError(
            "A profile role may call what it must not, as set_config or acl.enter: migrate as a superuser."
        )
