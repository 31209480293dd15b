"""Schemas of other standards, which are not ours to carry: read from a folder outside, skipped where it is absent."""

import os
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from formats.records import iso19115_3

VARIABLE = "DATDAI_TEST_SCHEMAS"
SVRL = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
NOT_KNOWN = "LocalisedCharacterString"
"""The files take the text of each element outside ``gco`` for missing: of this one, too, which the standard has."""


class Schemas:
    """The folder that ``DATDAI_TEST_SCHEMAS`` names; what is not in it skips the test that asks."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def path(self, ending: str) -> Path:
        """Return a file by the end of its path."""
        if self._folder is None:
            pytest.skip(f"{VARIABLE} names no folder with {ending}")
        found = sorted(each for each in self._folder.rglob(Path(ending).name) if str(each).endswith("/" + ending))
        if not found:
            pytest.skip(f"{ending} is not in the folder that {VARIABLE} names")
        return found[0]


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    folder = os.environ.get(VARIABLE)
    return Schemas(Path(folder) if folder else None)


@pytest.fixture(scope="session")
def xsd_19139(schemas: Schemas) -> Any:
    return etree.XMLSchema(etree.parse(schemas.path("iso19139eden/gmx_and_srv.xsd")))


class _Local(etree.Resolver):
    """Finds GML and XLink in the folder: the schemas name them by their place in the web."""

    def __init__(self, schemas: Schemas) -> None:
        super().__init__()
        self._gml = schemas.path("gml/3.2.1/gml.xsd")
        self._xlink = schemas.path("w3c/1999/xlink.xsd")

    def resolve(self, system_url: str | None, _: str | None, context: Any) -> Any:
        name = Path(system_url or "").name
        local = {"gml.xsd": self._gml, "xlink.xsd": self._xlink}.get(name)
        return self.resolve_filename(str(local), context) if local and not Path(system_url or "").exists() else None


@pytest.fixture(scope="session")
def xsd_19115_3(schemas: Schemas) -> Any:
    home = schemas.path("standards.iso.org/iso/19115/-3/mdb/2.0/mdb.xsd").parents[5]
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local(schemas))
    prefix = "http://standards.iso.org/"
    places = {
        each: f"{home}/{each.removeprefix(prefix)}/{each.split('/')[-2]}.xsd" for each in iso19115_3.PREFIXES.values()
    }
    places[iso19115_3.PREFIXES["srv"]] = str(schemas.path("srv/2.1/srv.xsd"))
    imports = "".join(
        f'<xs:import namespace="{space}" schemaLocation="{place}"/>'
        for space, place in sorted(places.items(), key=lambda each: "/srv/" in each[0])
        if space.startswith(prefix)
    )
    return etree.XMLSchema(
        etree.fromstring(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>', parser)
    )


@pytest.fixture(scope="session", params=["1.3", "1.4"])
def constraints(request: pytest.FixtureRequest, schemas: Schemas) -> Any:
    compiled = etree.parse(schemas.path(f"medin/ISOTS19139A1Constraints_v{request.param}.sch"))
    for each in ("iso_dsdl_include", "iso_abstract_expand", "iso_svrl_for_xslt1"):
        compiled = etree.XSLT(etree.parse(schemas.path(f"schematron/{each}.xsl")))(compiled)
    return etree.XSLT(compiled)


def broken(constraints: Any, document: bytes) -> list[str]:
    """Return what a document breaks of the constraints, in words."""
    failed = [each[0].text.strip() for each in constraints(etree.fromstring(document)).iter(SVRL)]
    return [each for each in failed if NOT_KNOWN not in each]
