"""Forget what is long over, so that the tables stay as small as what is alive."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from auth.oauth.model import QUERIES

KEPT = timedelta(days=7)
"""How long after its end a token or code is kept, to recognise a late second use."""
_SHORT = timedelta(minutes=10)


def forget(connection: Connection[Any], *, now: datetime) -> int:
    """Delete what is over; return how many rows."""
    deleted = 0
    for query in ("forget_rates", "forget_assertions"):
        deleted += connection.execute(QUERIES[query].encode(), {"before": now - _SHORT}).rowcount
    for query in ("forget_codes", "forget_devices", "forget_refreshes", "forget_tokens", "forget_families"):
        deleted += connection.execute(QUERIES[query].encode(), {"before": now - KEPT}).rowcount
    return deleted
