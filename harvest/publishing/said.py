"""What officers say of records, as the publisher reads it."""

import logging
from typing import Any

from psycopg import Connection
from pydantic import ValidationError

from database.queries import load
from harvest.making.supplement import Supplement, Supplements, supplement_of

_QUERIES = {name: text.encode() for name, text in load("harvest.publishing", "said.sql").items()}
_log = logging.getLogger("datdai.publishing")


class SaidByOfficers:
    """The newest supplement of each record."""

    def version(self, connection: Connection[Any]) -> str:
        """Return what differs when anything else is said: how many supplements there are, and since when."""
        row = connection.execute(_QUERIES["version"]).fetchone()
        return str(row[0]) if row else ""

    def read(self, connection: Connection[Any]) -> Supplements:
        """Return what is said of each record; a supplement that this version cannot read says nothing."""
        found = {id_: _read(body) for id_, body in connection.execute(_QUERIES["newest"])}
        return {id_: each for id_, each in found.items() if each is not None}


def _read(body: str) -> Supplement | None:
    try:
        return supplement_of(body)
    except ValidationError as error:
        _log.warning("a supplement cannot be read: %s", " ".join(str(error).split()))
        return None
