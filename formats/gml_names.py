"""Names in GML documents and their schemas: both must say the same."""

import re

from catalogue.profile import Collection
from formats.values import free_name

GML = "http://www.opengis.net/gml/3.2"
SF = "http://www.opengis.net/ogcapi-features-1/1.0/sf"
SF_SCHEMA = "http://schemas.opengis.net/ogcapi/features/part1/1.0/xml/core-sf.xsd"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]")


def namespace(collection: Collection) -> str:
    """Return the namespace of a collection's elements; it does not depend on where the server stands."""
    return f"urn:x-datdai:collection:{collection.id}"


def element_name(name: str) -> str:
    """Return a name as XML allows it: other letters than a-z, digits, dot and dash become ``_`` and their code."""
    encoded = _NOT_IN_NAMES.sub(lambda match: f"_{ord(match[0]):X}_", name)
    return encoded if encoded[:1].isalpha() else "_" + encoded


def xml_id(key: object) -> str:
    """Return the gml:id of an item; different keys give different ids."""
    return "i." + _NOT_IN_NAMES.sub(lambda match: f"_{ord(match[0]):X}_", str(key))


def geometry_name(collection: Collection) -> str:
    """Return the element of the geometry; a column of that name keeps it."""
    return free_name("geometry", collection.columns)
