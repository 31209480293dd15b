"""Reading of layer files: YAML to values, with every fault of every file in one list."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

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

LAYERS = Path(__file__).parent.parent / "config" / "layers"
DEFAULT_SRIDS = (4326, 9212, 3405, 3857)

_MESSAGES = {"missing": "is missing", "extra_forbidden": "there is no such key", "model_type": "must be a mapping"}
"""What the messages of pydantic about these faults become."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""A column or table: what needs no quotes in SQL, so also no percent sign."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Role = Literal["id", "type", "reference", "primary-instant", "primary-interval-start", "primary-interval-end"]
"""Roles of OGC 23-058r2 that a column may have; the geometry is the primary geometry without saying so."""


def _nfc(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("the text is not in Unicode NFC")
    return text


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_nfc)]
Day = Annotated[str, BeforeValidator(str), AfterValidator(_day)]
"""A day as ISO 8601, with or without quotes in the file."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Part):
    vi: Words
    en: Words

    def value(self) -> Text:
        return Text(self.vi, self.en)


class _Column(_Part):
    type: ColumnType
    title: _Text
    description: _Text | None = None
    unit: str | None = None
    codelist: Identifier | None = None
    codes: list[Words] = Field(default_factory=list)
    role: Role | None = None
    refers_to: Slug | None = None
    queryable: bool = False
    sortable: bool = False
    required: bool = False
    personal: bool = False
    wide: bool = False
    seen_from: Identifier | None = None

    @model_validator(mode="after")
    def _no_geometry(self) -> "_Column":
        if self.type is ColumnType.GEOMETRY:
            raise ValueError("a geometry is declared under 'geometry', not as a column")
        if self.sortable and self.type is ColumnType.TEXT_ARRAY:
            raise ValueError("an array cannot be sorted by")
        if self.codes and not self.codelist:
            raise ValueError("codes are some of a codelist")
        if self.refers_to and self.role != "reference":
            raise ValueError("refers_to needs the role 'reference'")
        if self.wide and self.type is not ColumnType.INTEGER:
            raise ValueError("only an integer is wide")
        if self.seen_from and self.type is not ColumnType.TIMESTAMP:
            raise ValueError("only an instant is seen from another one on")
        return self

    def value(self, name: str) -> Column:
        fields = {each: getattr(self, each) for each in ("type", "unit", "codelist", "role", "refers_to", "seen_from")}
        flags = {each: getattr(self, each) for each in ("queryable", "sortable", "required", "personal", "wide")}
        description = self.description.value() if self.description else None
        return Column(
            name=name, title=self.title.value(), description=description, codes=tuple(self.codes), **fields, **flags
        )


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
    day: Day
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
    scopes: list[Identifier] = Field(default_factory=list)
    rows: Rows = Rows.ALL
    aggregate: bool = False
    item_title: _Text | None = None
    geometry: _Geometry | None = None
    time: _Time | None = None
    search: Identifier | None = None
    search_reads: list[Identifier] = Field(default_factory=list)
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
        if bool(self.search) != bool(self.search_reads):
            yield "search and search_reads go together"
        yield from self._name_faults()
        if self.rows is Rows.IN_FORCE and not (self.time and self.time.end):
            yield "rows 'in-force' needs time.end"
        if self.geometry and self.geometry.srid not in self.srids:
            yield f"srids lack the storage CRS {self.geometry.srid}"
        for name, column in self.columns.items():
            if column.role == "id" and name != self.key:
                yield f"column '{name}' has the role 'id', but the key is '{self.key}'"
        yield from self._tile_faults()
        yield from self._exchange_faults()

    def _name_faults(self) -> Iterator[str]:
        texts = (self.item_title.vi, self.item_title.en) if self.item_title else ()
        titled = [name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None]
        for key, names in (("scopes", self.scopes), ("search_reads", self.search_reads), ("item_title", titled)):
            for name in names:
                if name not in self.columns:
                    yield f"{key} names '{name}', which is not among the columns"

    def _tile_faults(self) -> Iterator[str]:
        if self.tiles is None:
            return
        if self.geometry is None:
            yield "tiles need a geometry"
        if self.tiles.min_zoom > self.tiles.max_zoom:
            yield "tiles.min_zoom is above tiles.max_zoom"
        for name in self.tiles.columns:
            if name not in self.columns:
                yield f"tiles name '{name}', which is not among the columns"

    def _exchange_faults(self) -> Iterator[str]:
        numbers = [tuple(map(int, each.version.split("."))) for each in self.exchange]
        if numbers != sorted(set(numbers), reverse=True):
            yield "exchange must list each version once, the newest first"

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
            scopes=tuple(self.scopes),
            rows=self.rows,
            columns=columns,
            geometry=geometry or None,
            time=ValidTime(self.time.begin, self.time.end) if self.time else None,
            search=self.search,
            search_reads=tuple(self.search_reads),
            srids=tuple(self.srids),
            tiles=self._tiles(),
            exchange=tuple(ExchangeVersion(each.version, each.day, each.note.value()) for each in self.exchange),
            aggregate=self.aggregate,
            item_title=self.item_title.value() if self.item_title else None,
        )

    def _tiles(self) -> Tiles | None:
        if self.tiles is None:
            return None
        return Tiles(self.tiles.min_zoom, self.tiles.max_zoom, tuple(self.tiles.columns.items()))


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key written twice, of which the plain loader keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        if twice := sorted({each for each in keys if keys.count(each) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"written twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def read_layers(folder: Path = LAYERS) -> tuple[Layer, ...]:
    """Read every ``*.yml`` of a folder, in order of file names.

    Raises:
        CatalogueError: a file is not as it must be; the text lists every fault of every file.
    """
    documents, faults = _documents(folder)
    layers: list[Layer] = []
    for name, document in documents.items():
        try:
            layers.append(_LayerFile.model_validate(document).value())
        except ValidationError as error:
            faults += [_fault(name, each) for each in error.errors()]
    faults += [*_repeated(documents), *_dangling(layers, _ids(documents))]
    if not documents and not faults:
        faults.append(f"no layer file in {folder}")
    if faults:
        raise CatalogueError("The layer catalogue is wrong:\n" + "\n".join(f"- {each}" for each in faults))
    return tuple(layers)


def read_yaml(text: str) -> Any:
    """Read YAML; a key that is written twice is refused.

    Raises:
        yaml.YAMLError: it is not YAML, or nested deeper than anything that is written by hand.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - _Loader is a safe loader
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None


def _documents(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what each file holds by file name, and which files cannot be read."""
    documents: dict[str, Any] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            documents[path.name] = read_yaml(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: not YAML: {' '.join(str(error).split())}")
    return documents, faults


def _fault(name: str, error: Any) -> str:
    where = ".".join(str(each) for each in error["loc"] if each != "[key]")
    text = _MESSAGES.get(error["type"], re.sub(r"^Value error, ", "", error["msg"]))
    return f"{name}: {where + ': ' if where else ''}{text}"


def _ids(documents: Mapping[str, Any]) -> list[str]:
    return [str(each["id"]) for each in documents.values() if isinstance(each, dict) and "id" in each]


def _repeated(documents: Mapping[str, Any]) -> Iterator[str]:
    ids = _ids(documents)
    for each in sorted(set(ids)):
        if ids.count(each) > 1:
            yield f"two files declare the layer '{each}'"


def _dangling(layers: list[Layer], ids: list[str]) -> Iterator[str]:
    """Yield references to layers that no file declares; one whose own file is wrong counts as declared."""
    for layer in layers:
        for column in layer.columns:
            if column.refers_to and column.refers_to not in ids:
                yield f"{layer.id}: {column.name} refers to '{column.refers_to}', which no file declares"
