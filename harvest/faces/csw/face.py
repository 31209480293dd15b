"""The catalogue service: a request to a document."""

from dataclasses import dataclass

from catalogue.service import Service
from formats.records.about import About
from harvest.faces import instants
from harvest.faces.csw.capabilities import capabilities, description
from harvest.faces.csw.positions import Places
from harvest.faces.csw.records import Answer, record_by_id, records
from harvest.faces.csw.request import DescribeRecord, GetCapabilities, GetRecordById, GetRecords, Operation
from harvest.reading import Catalogue


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an answer depends on besides the catalogue.

    Attributes:
        url: of this catalogue service.
        sees: changes with what the caller may see.
    """

    service: Service
    about: About
    url: str
    sees: str
    places: Places


def answer(request: Operation, catalogue: Catalogue, around: Surroundings) -> Answer:
    """Answer a request.

    Raises:
        Fault: something in it is not understood.
        Unavailable: the catalogue was never published.
    """
    match request:
        case GetCapabilities():
            newest = catalogue.newest() or instants.EPOCH
            return Answer(capabilities(request, around.service, around.url, around.about.language, newest))
        case DescribeRecord():
            catalogue.clock()
            return Answer(description(request))
        case GetRecords():
            return records(request, catalogue, around.places, around.about, around.sees)
        case GetRecordById():
            return record_by_id(request, catalogue, around.about)
