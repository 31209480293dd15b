"""What the service says of itself: ``config/service.yml``, or a file of the operator."""

from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogue.layer import Text
from core.errors import CatalogueError


@dataclass(frozen=True, slots=True)
class Service:
    """Title, provider and extent of the service.

    Attributes:
        extent: (west, south, east, north) of the province in degrees: a public fact, not computed from data.
        begin: first day (ISO 8601) of which the database tells.
        province: code of the province, which the identifiers of records are made of; they change with it.
        contact_phone: as E.164 writes it, ``+842713879427``.
    """

    title: Text
    description: Text
    provider: Text
    provider_url: str
    contact_email: str
    license: str
    extent: tuple[float, float, float, float]
    begin: str
    province: str = ""
    contact_phone: str | None = None
    contact_address: Text | None = None
    sample: bool = False
    """The data are not real."""


SAMPLE = Text(
    "Bản trình diễn dùng dữ liệu mẫu, không phải dữ liệu thật.", "The demonstration shows sample data, not real data."
)


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _ServiceFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: _Pair
    description: _Pair
    provider: _Pair
    provider_url: str
    contact_email: str
    license: str
    extent: tuple[float, float, float, float]
    begin: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    province: str = Field(default="", pattern=r"^(\d{2})?$")
    contact_phone: str | None = Field(default=None, pattern=r"^\+[1-9]\d{3,14}$")
    contact_address: _Pair | None = None


def told_as_sample(service: Service) -> Service:
    """Return what a service over the sample province says of itself: that its data are not real, too."""
    said = service.description
    return replace(service, description=Text(f"{said.vi} {SAMPLE.vi}", f"{said.en} {SAMPLE.en}"), sample=True)


def read_service(path: Path) -> Service:
    """Read the file.

    Raises:
        CatalogueError: the file is not as it must be.
    """
    try:
        file = _ServiceFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    names = ("title", "description", "provider", "contact_address")
    texts = {name: Text(**given.model_dump()) for name in names if (given := getattr(file, name))}
    return Service(**texts, **file.model_dump(exclude=set(names)))
