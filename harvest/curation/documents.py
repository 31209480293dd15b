"""Supplements as people write them: every fault is named with its place, and nothing that is wrong gets any further.

Topics and frequencies are code lists of ISO 19115-1 (MD_TopicCategoryCode, MD_MaintenanceFrequencyCode); phone numbers
are written as E.164, for the schema of OGC API Records 1.0 takes no others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal
from unicodedata import category, normalize
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from catalogue.layer import Text
from catalogue.record import Json, Party, Role
from core.errors import BadDocument
from core.faults import Fault, excess_of, faults_of
from core.phrases import Phrase
from harvest.making.supplement import Supplement

TEXT_MAX, LINE_MAX, ENTRIES_MAX = 4_000, 300, 50
_BREAKS = "\n\t"
_TWICE = Phrase("stands there twice.")


def _clean(text: str) -> str:
    """Return a text in NFC; what XML 1.0 cannot hold is refused, for every encoding says the same."""
    made = normalize("NFC", text)
    if any(_is_unfit(each) for each in made):
        raise ValueError("the text has a control character")
    return made


def _is_unfit(char: str) -> bool:
    return char not in _BREAKS and (category(char) in ("Cc", "Cs", "Co") or ord(char) & 0xFFFE == 0xFFFE)


_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
_PHONE = r"^\+[1-9][0-9]{3,14}$"
_URL = r"^https?://[^\s<>\"{}|\\^`]+$"
_LICENSE = r"^[A-Za-z0-9][A-Za-z0-9.+-]*$"
_OUTSIDE = r"^[A-Za-z][A-Za-z0-9.+-]*:[^\s:/][^\s]*$"
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Paragraph = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_MAX, strip_whitespace=True), AfterValidator(_clean)
]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=LINE_MAX, strip_whitespace=True), AfterValidator(_clean)
]
Email = Annotated[str, StringConstraints(pattern=_EMAIL, max_length=LINE_MAX)]
Phone = Annotated[str, StringConstraints(pattern=_PHONE)]
Address = Annotated[str, StringConstraints(pattern=_URL, max_length=2_000)]
License = Annotated[str, StringConstraints(pattern=_LICENSE, max_length=64)]
Outside = Annotated[str, StringConstraints(pattern=_OUTSIDE, max_length=LINE_MAX)]
Identifier = Annotated[str, StringConstraints(pattern=_UUID)]
Scale = Annotated[int, Field(ge=1, le=100_000_000)]
Topic = Literal[
    "biota",
    "boundaries",
    "climatologyMeteorologyAtmosphere",
    "economy",
    "elevation",
    "environment",
    "farming",
    "geoscientificInformation",
    "health",
    "imageryBaseMapsEarthCover",
    "inlandWaters",
    "intelligenceMilitary",
    "location",
    "oceans",
    "planningCadastre",
    "society",
    "structure",
    "transportation",
    "utilitiesCommunication",
]
"""Of ISO 19115, Annex B: those that ISO 19139 has as well."""
Frequency = Literal[
    "continual",
    "daily",
    "weekly",
    "fortnightly",
    "monthly",
    "quarterly",
    "biannually",
    "annually",
    "asNeeded",
    "irregular",
    "notPlanned",
    "unknown",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParagraphPair(_Part):
    """A text in both languages."""

    vi: Paragraph
    en: Paragraph


class LinePair(_Part):
    """A short text in both languages."""

    vi: Line
    en: Line


class Contact(_Part):
    """An office, never a person."""

    name: LinePair
    roles: list[Role] = Field(min_length=1, max_length=ENTRIES_MAX)
    email: Email | None = None
    phone: Phone | None = None
    url: Address | None = None
    address: LinePair | None = None


class SupplementDocument(_Part):
    """What people say of a record; what is absent or null stays as it is computed."""

    abstract: ParagraphPair | None = None
    purpose: ParagraphPair | None = None
    keywords: list[LinePair] | None = Field(default=None, min_length=1, max_length=ENTRIES_MAX)
    topics: list[Topic] | None = Field(default=None, min_length=1, max_length=ENTRIES_MAX)
    legal_basis: list[LinePair] | None = Field(default=None, max_length=ENTRIES_MAX)
    scales: list[Scale] | None = Field(default=None, max_length=ENTRIES_MAX)
    lineage: ParagraphPair | None = None
    contacts: list[Contact] | None = Field(default=None, min_length=1, max_length=ENTRIES_MAX)
    frequency: Frequency | None = None
    constraints: list[ParagraphPair] | None = Field(default=None, max_length=ENTRIES_MAX)
    license: License | None = None
    fees: LinePair | None = None
    ordering: ParagraphPair | None = None
    external_ids: list[Outside] | None = Field(default=None, max_length=ENTRIES_MAX)

    def value(self) -> Supplement:
        """Return it as the making of records takes it."""
        contacts = self.contacts
        return Supplement(
            abstract=_text(self.abstract),
            purpose=_text(self.purpose),
            keywords=_texts(self.keywords),
            topics=_every(self.topics),
            legal_basis=_texts(self.legal_basis),
            scales=_every(self.scales),
            lineage=_text(self.lineage),
            contacts=None if contacts is None else tuple(map(_party, contacts)),
            frequency=self.frequency,
            constraints=_texts(self.constraints),
            license=self.license,
            fees=_text(self.fees),
            ordering=_text(self.ordering),
            external_ids=None if self.external_ids is None else tuple(map(_pair, self.external_ids)),
        )


def read_supplement(written: object) -> Supplement:
    """Return the supplement that a document in YAML or JSON holds.

    Raises:
        BadDocument: it has faults; each is listed.
    """
    try:
        document = SupplementDocument.model_validate(written)
    except ValidationError as exc:
        raise BadDocument(faults_of(exc, whole="supplement")) from exc
    require_sense(document)
    if too_much := list(excess_of(written)):
        raise BadDocument(too_much)
    return document.value()


def require_sense(document: SupplementDocument, *, under: str = "") -> None:
    """Refuse what each member alone may say, and the document may not.

    Args:
        under: what the place of a fault begins with.

    Raises:
        BadDocument: something stands there twice.
    """
    if faults := [(under + place, problem) for place, problem in _repeated(document)]:
        raise BadDocument(faults)


def _repeated(document: SupplementDocument) -> Iterator[Fault]:
    for name in ("keywords", "topics", "legal_basis", "scales", "constraints", "external_ids"):
        entries: Sequence[object] = getattr(document, name) or ()
        for number, each in enumerate(entries):
            if each in entries[:number]:
                yield f"{name}.{number}", _TWICE
    for number, contact in enumerate(document.contacts or ()):
        if len(set(contact.roles)) < len(contact.roles):
            yield f"contacts.{number}.roles", _TWICE


def body_as_written(supplement: Supplement) -> Json:
    """Return a supplement as people write it, without what it does not say."""
    written = _without_nothing({each.name: _written(getattr(supplement, each.name)) for each in fields(supplement)})
    if supplement.external_ids is not None:
        written["external_ids"] = [":".join(each) for each in supplement.external_ids]
    return written


def _without_nothing(members: Json) -> Json:
    return {name: each for name, each in members.items() if each is not None}


def _written(value: object) -> Any:
    match value:
        case Text(vi, en):
            return {"vi": vi, "en": en}
        case Party():
            return _without_nothing({each.name: _written(getattr(value, each.name)) for each in fields(value)})
        case UUID() | Role():
            return str(value)
        case tuple():
            return [_written(each) for each in value]
        case _:
            return value


def _text(pair: ParagraphPair | LinePair | None) -> Text | None:
    return None if pair is None else Text(pair.vi, pair.en)


def _texts(pairs: Sequence[ParagraphPair] | Sequence[LinePair] | None) -> tuple[Text, ...] | None:
    return None if pairs is None else tuple(Text(each.vi, each.en) for each in pairs)


def _every[T](entries: Sequence[T] | None) -> tuple[T, ...] | None:
    return None if entries is None else tuple(entries)


def _party(contact: Contact) -> Party:
    name, address = Text(contact.name.vi, contact.name.en), _text(contact.address)
    return Party(name, tuple(contact.roles), contact.email, contact.phone, contact.url, address)


def _pair(outside: str) -> tuple[str, str]:
    scheme, _, value = outside.partition(":")
    return scheme, value
