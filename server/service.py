"""What the service says of itself, over the data that are there."""

from pathlib import Path

from catalogue.service import Service, read_service, told_as_sample
from database.queries import load
from database.reader import Reader

_QUERIES = load("server", "service.sql")


def service_of(path: Path, reader: Reader) -> Service:
    """Return what a file says of the service; over the sample province also that its data are not real.

    Raises:
        CatalogueError: the file is not as it must be.
    """
    service = read_service(path)
    is_sample = reader.read(None, [(_QUERIES["is_sample"], ())])[0][0][0]
    return told_as_sample(service) if is_sample else service
