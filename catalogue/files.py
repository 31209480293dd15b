"""Reading of layer files: YAML to values, with every fault of every file in one list."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from catalogue.layer import (
    Column,
    Component,
    ExchangeVersion,
    Geometry,
    GeometryKind,
    Layer,
    Rows,
    Text,
    Tiles,
    ValidTime,
)
from catalogue.types import ColumnType
from core.errors import CatalogueError

DEFAULT_SRIDS = (4326, 9212, 3405, 3857)

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""A column or table: what needs no quotes in SQL, so also no percent sign."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Role = Literal["id", "type", "reference", "primary-instant", "primary-interval-start", "primary-interval-end"]
"""Roles of OGC 23-058r2 that a column may have; the geometry is the primary geometry without saying so."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Part):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def value(self) -> Text:
        return Text(self.vi, self.en)


class _Column(_Part):
    type: ColumnType
    title: _Text
    description: _Text | None = None
    unit: str | None = None
    codelist: Identifier | None = None
    role: Role | None = None
    refers_to: Slug | None = None
    queryable: bool = False
    sortable: bool = False
    required: bool = False

    @model_validator(mode="after")
    def _no_geometry(self) -> "_Column":
        if self.type is ColumnType.GEOMETRY:
            raise ValueError("a geometry is declared under 'geometry', not as a column")
        if self.sortable and self.type is ColumnType.TEXT_ARRAY:
            raise ValueError("an array cannot be sorted by")
        if self.refers_to and self.role != "reference":
            raise ValueError("refers_to needs the role 'reference'")
        return self

    def value(self, name: str) -> Column:
        fields = {each: getattr(self, each) for each in ("type", "unit", "codelist", "role", "refers_to")}
        flags = {each: getattr(self, each) for each in ("queryable", "sortable", "required")}
        description = self.description.value() if self.description else None
        return Column(name=name, title=self.title.value(), description=description, **fields, **flags)


class _Geometry(_Part):
    stored: Identifier
    srid: int
    lonlat: Identifier
    kind: GeometryKind


class _Time(_Part):
    begin: Identifier
    end: Identifier | None = None


class _Tiles(_Part):
    min_zoom: int = Field(ge=0, le=22)
    max_zoom: int = Field(ge=0, le=22)
    columns: dict[Identifier, int] = Field(default_factory=dict)


class _Version(_Part):
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    note: _Text


class _LayerFile(_Part):
    id: Slug
    table: str = Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")
    component: Component
    title: _Text
    description: _Text
    keywords: list[_Text] = Field(default_factory=list)
    managing_unit: Slug = "so-tai-nguyen-va-moi-truong"
    license: str = "proprietary"
    key: Identifier = "id"
    territory: Identifier = "xa_id"
    rows: Rows = Rows.ALL
    geometry: _Geometry | None = None
    time: _Time | None = None
    search: Identifier | None = None
    srids: list[int] = Field(default_factory=lambda: list(DEFAULT_SRIDS))
    tiles: _Tiles | None = None
    exchange: list[_Version] = Field(min_length=1)
    columns: dict[Identifier, _Column] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> "_LayerFile":
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        if self.key not in self.columns:
            yield f"key '{self.key}' is not among the columns"
        for name in self.tiles.columns if self.tiles else ():
            if name not in self.columns:
                yield f"tiles name '{name}', which is not among the columns"
        if self.rows is Rows.IN_FORCE and not (self.time and self.time.end):
            yield "rows 'in-force' needs time.end"
        if self.geometry and self.geometry.srid not in self.srids:
            yield f"srids lack the storage CRS {self.geometry.srid}"

    def value(self) -> Layer:
        schema, table = self.table.split(".")
        columns = tuple(column.value(name) for name, column in self.columns.items())
        geometry = self.geometry and Geometry(
            self.geometry.stored, self.geometry.srid, self.geometry.lonlat, self.geometry.kind
        )
        return Layer(
            id=self.id,
            schema=schema,
            table=table,
            component=self.component,
            title=self.title.value(),
            description=self.description.value(),
            keywords=tuple(each.value() for each in self.keywords),
            managing_unit=self.managing_unit,
            license=self.license,
            key=next(each for each in columns if each.name == self.key),
            territory=self.territory,
            rows=self.rows,
            columns=columns,
            geometry=geometry or None,
            time=ValidTime(self.time.begin, self.time.end) if self.time else None,
            search=self.search,
            srids=tuple(self.srids),
            tiles=self._tiles(),
            exchange=tuple(ExchangeVersion(each.version, each.day, each.note.value()) for each in self.exchange),
        )

    def _tiles(self) -> Tiles | None:
        if self.tiles is None:
            return None
        return Tiles(self.tiles.min_zoom, self.tiles.max_zoom, tuple(self.tiles.columns.items()))


def read_layers(folder: Path) -> tuple[Layer, ...]:
    """Read every ``*.yml`` of a folder, in order of file names.

    Raises:
        CatalogueError: a file is not as it must be; the text lists every fault of every file.
    """
    layers: list[Layer] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            layers.append(_LayerFile.model_validate(_load(path)).value())
        except ValidationError as error:
            faults += [_fault(path, each) for each in error.errors()]
        except yaml.YAMLError as error:
            faults.append(f"{path.name}: not YAML: {error}")
    faults += _repeated(layers)
    if not layers and not faults:
        faults.append(f"no layer file in {folder}")
    if faults:
        raise CatalogueError("The layer catalogue is wrong:\n" + "\n".join(f"- {each}" for each in faults))
    return tuple(layers)


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _fault(path: Path, error: Any) -> str:
    where = ".".join(str(each) for each in error["loc"])
    text = re.sub(r"^Value error, ", "", error["msg"])
    return f"{path.name}: {where + ': ' if where else ''}{text}"


def _repeated(layers: list[Layer]) -> list[str]:
    ids = [each.id for each in layers]
    return [f"two files declare the layer '{each}'" for each in sorted(set(ids)) if ids.count(each) > 1]
