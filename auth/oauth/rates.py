"""How often one client, and one address, may ask for tokens; counted in the database, for all processes at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from auth.oauth.errors import TooManyRequestsError
from auth.oauth.model import QUERIES

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a minute.

    Attributes:
        of_address: from one address, whichever client it is.
        of_client: of one client from one address: a stranger who uses its name elsewhere takes nothing from it.
    """

    of_address: int
    of_client: int


def count(connection: Connection[Any], rates: Rates, *, address: str, client: str, now: datetime) -> None:
    """Count a request.

    Raises:
        TooManyRequestsError: there were as many as there may be in this minute.
    """
    if _counted(connection, f"address {address}", now) > rates.of_address:
        raise TooManyRequestsError
    if client and _counted(connection, f"client {address} {client}", now) > rates.of_client:
        raise TooManyRequestsError


def _counted(connection: Connection[Any], key: str, now: datetime) -> int:
    values = {"key": key, "now": now, "window": WINDOW}
    found = connection.execute(QUERIES["count_request"].encode(), values).fetchone()
    return int(found[0]) if found else 0
