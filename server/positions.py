"""Where pages of CSW ended, written down for the page that comes next."""

from database.queries import load
from database.writer import Writer
from harvest.faces.csw.positions import Place

_KEEP = load("server", "positions.sql")["keep"].encode()


class Positions:
    """Writes where pages ended; one for the process."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def keep(
        self, subject: str, client: str, search: str, place: Place | None, *, falls: bool, came_by: int | None
    ) -> None:
        """Note where a page began that a client of a subject got, and where the next one goes on.

        Raises:
            Unavailable: it cannot be noted; a page whose successor might leave something out is not given.
        """
        values: dict[str, object] = {
            "subject": subject,
            "client": client,
            "search": search,
            "came_by": came_by,
            "falls": falls,
        }
        values |= {"number": place and place.number, "after": list(place.after) if place else None}
        values |= {"matched": place and place.matched, "version": place and place.version}
        with self._writer.transaction() as connection:
            connection.execute(_KEEP, values)

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()
