"""What an encoder of metadata records may know besides the record: where the service stands, and for whom it writes."""

from dataclasses import dataclass
from uuid import UUID

from catalogue.layer import Text
from catalogue.record import Access, Party

LANGUAGES = ("vi", "en")
"""In which texts are, the law's own first."""
_CATALOGUE = Text("Siêu dữ liệu đất đai", "Land metadata")


@dataclass(frozen=True, slots=True)
class About:
    """The answer that a record is in.

    Attributes:
        base_url: of the service, without a slash at the end.
        language: ``vi`` or ``en``, for encodings that have room for one.
        catalogue: URL of the collection of records.
        provider: who publishes; ``None``: whoever the record names.
        terms: URL of the conditions of use, for data whose license has no SPDX identifier; ``None``: the landing page.
        title: of the catalogue.
    """

    base_url: str
    language: str
    catalogue: str
    provider: Party | None = None
    terms: str | None = None
    title: Text = _CATALOGUE

    def record_url(self, record: UUID) -> str:
        """Return where a record stands; it is its URI in linked data, too."""
        return f"{self.catalogue}/items/{record}"

    def encoding_url(self, record: UUID, key: str) -> str:
        """Return where one encoding of a record stands."""
        return f"{self.record_url(record)}?f={key}"

    def absolute(self, href: str) -> str:
        """Return a link as it leaves: paths of this service get its URL."""
        return self.base_url + href if href.startswith("/") else href

    def url_of(self, access: Access) -> str:
        """Return where one way to the data leads."""
        return self.absolute(access.href)

    @property
    def terms_url(self) -> str:
        """Return the URL of the conditions of use."""
        return self.terms or f"{self.base_url}/"
