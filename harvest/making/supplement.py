"""What people say of a record besides what is computed of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar
from unicodedata import normalize
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter

from catalogue.layer import Text
from catalogue.record import Json, Party, Record

type Supplements = Mapping[UUID, "Supplement"]
"""By the identifier of the record."""


@dataclass(frozen=True, slots=True)
class Supplement:
    """What is said in place of what the layer files and the service say; ``None``: nothing.

    Nothing that is computed from rows is among it: every variant of a record shows it alike. For that it
    names no other record: who sees the one need not know that there is the other.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    abstract: Text | None = None
    purpose: Text | None = None
    keywords: tuple[Text, ...] | None = None
    topics: tuple[str, ...] | None = None
    legal_basis: tuple[Text, ...] | None = None
    scales: tuple[int, ...] | None = None
    lineage: Text | None = None
    contacts: tuple[Party, ...] | None = None
    frequency: str | None = None
    constraints: tuple[Text, ...] | None = None
    license: str | None = None
    fees: Text | None = None
    ordering: Text | None = None
    external_ids: tuple[tuple[str, str], ...] | None = None


_ADAPTER: TypeAdapter[Supplement] = TypeAdapter(Supplement)
_OF_DESCRIPTION = (
    "abstract",
    "purpose",
    "keywords",
    "topics",
    "legal_basis",
    "scales",
    "frequency",
    "constraints",
    "license",
)


def supplement_of(body: str | bytes) -> Supplement:
    """Return the supplement that a JSON text holds; its texts are in NFC afterwards.

    Raises:
        pydantic.ValidationError: it is none, or names a member that there is not.
    """
    text = body if isinstance(body, str) else body.decode()
    return _ADAPTER.validate_json(normalize("NFC", text))


def body_of_supplement(supplement: Supplement) -> Json:
    """Return what is said as JSON, without what is not."""
    return {name: each for name, each in _ADAPTER.dump_python(supplement, mode="json").items() if each is not None}


def merged(record: Record, supplement: Supplement | None) -> Record:
    """Return the record with what people say of it."""
    if supplement is None:
        return record
    said = {each.name: given for each in fields(supplement) if (given := getattr(supplement, each.name)) is not None}
    return replace(
        record,
        general=_changed(record.general, said, parties="contacts"),
        description=_changed(record.description, said, **{name: name for name in _OF_DESCRIPTION}),
        quality=_changed(record.quality, said, lineage="lineage"),
        distribution=_changed(record.distribution, said, fees="fees", ordering="ordering"),
        external_ids=said.get("external_ids", record.external_ids),
    )


def _changed[T: Any](part: T, said: Mapping[str, Any], **names: str) -> T:
    """Return a part of a record with what is said; ``names`` tells for each of its fields under which name."""
    return replace(part, **{field: said[name] for field, name in names.items() if name in said})
