"""The GML application schema of a collection: what its profile shows, as XML Schema of compliance level 0.

Source: OGC 10-100r3 (GML Simple Features profile 2.0), clause 9.
"""

from collections.abc import Iterator

from catalogue.layer import Column, GeometryKind
from catalogue.profile import Collection
from catalogue.types import ColumnType
from formats.gml_names import GML, element_name, geometry_name, namespace
from formats.xml_text import attribute, escaped

_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "long",
    ColumnType.NUMBER: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "dateTime",
    ColumnType.UUID: "string",
    ColumnType.TEXT_ARRAY: "string",
}
_GEOMETRY_TYPES = {
    GeometryKind.POINT: "gml:PointPropertyType",
    GeometryKind.MULTILINESTRING: "gml:MultiCurvePropertyType",
    GeometryKind.MULTIPOLYGON: "gml:MultiSurfacePropertyType",
}
_LEVELS = "http://schemas.opengis.net/gmlsfProfile/2.0/gmlsfLevels.xsd"
_GML_SCHEMA = "http://schemas.opengis.net/gml/3.2.1/gml.xsd"
_SCHEMA = """<?xml version="1.0" encoding="UTF-8"?>
<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:gml="{gml}" xmlns:gmlsf="http://www.opengis.net/gmlsf/2.0"
        xmlns:d={namespace} targetNamespace={namespace} elementFormDefault="qualified" version="1.0">
<annotation><appinfo source="{levels}"><gmlsf:ComplianceLevel>0</gmlsf:ComplianceLevel></appinfo></annotation>
<import namespace="{gml}" schemaLocation="{gml_schema}"/>
<import namespace="http://www.opengis.net/gmlsf/2.0" schemaLocation="{levels}"/>
<element name="{name}" type="d:{name}Type" substitutionGroup="gml:AbstractFeature">{title}</element>
<complexType name="{name}Type"><complexContent><extension base="gml:AbstractFeatureType"><sequence>
{elements}
</sequence></extension></complexContent></complexType>
</schema>
"""


def gml_schema(collection: Collection, *, language: str) -> bytes:
    """Return the schema document; every element may be absent: a value can be null, or not be selected."""
    text = _SCHEMA.format(
        gml=GML,
        levels=_LEVELS,
        gml_schema=_GML_SCHEMA,
        namespace=attribute(namespace(collection)),
        name=element_name(collection.id),
        title=_documentation(collection.layer.title.in_language(language)),
        elements="\n".join(_elements(collection, language)),
    )
    return text.encode()


def _elements(collection: Collection, language: str) -> Iterator[str]:
    for each in collection.columns:
        yield _element(each, language)
    if collection.geometry:
        kind = _GEOMETRY_TYPES[collection.geometry.kind]
        yield f'<element name="{geometry_name(collection)}" type="{kind}" minOccurs="0"/>'


def _element(column: Column, language: str) -> str:
    title = column.title.in_language(language)
    if column.type is ColumnType.TEXT_ARRAY:
        title += " (JSON)"
    return f'<element name="{column.name}" type="{_TYPES[column.type]}" minOccurs="0">{_documentation(title)}</element>'


def _documentation(text: str) -> str:
    return f"<annotation><documentation>{escaped(text)}</documentation></annotation>"
