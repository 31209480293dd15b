"""Requests and responses of our own lane, without a web framework."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from core.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from core.limits import LIMITS

type Headers = tuple[tuple[str, str], ...]
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        path: decoded, begins with a slash.
        query: the query string as it came.
        headers: by name in lower case.
        read_body: reads at most so many bytes of the body.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    read_body: Callable[[int], bytes] = lambda _: b""

    def header(self, name: str) -> str:
        """Return a header by its name in lower case; nothing where it is absent."""
        return self.headers.get(name, "")

    @property
    def media_type(self) -> str:
        """Return the media type of the body, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def parameters(self, *, takes_documents: bool = False) -> list[tuple[str, str]]:
        """Return the parameters of the query string, and of the form in the body of a POST.

        Args:
            takes_documents: a body that is no form is left to whoever answers.

        Raises:
            ContentTooLarge: more than ``core.limits`` allows.
            BadRequest: not UTF-8.
            UnsupportedMediaType: a POST whose body is no form.
        """
        if len(self.query) > LIMITS.query_string_max:
            raise ContentTooLarge(
                "The query string is longer than {} characters; send a form.", LIMITS.query_string_max
            )
        pairs = _pairs(self.query)
        if self.method != "POST" or (takes_documents and self.media_type != FORM):
            return pairs
        return pairs + _pairs(self._form())

    def readable_parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of the query string, to speak of them; none where they cannot be read."""
        try:
            return _pairs(self.query) if len(self.query) <= LIMITS.query_string_max else []
        except BadRequest:
            return []

    def _form(self) -> str:
        if self.header("content-encoding") not in ("", "identity"):
            raise UnsupportedMediaType("The body of a request is not compressed here.")
        if self.media_type != FORM:
            raise UnsupportedMediaType("A POST here carries the same parameters as a GET, as {}.", FORM)
        body = self.read_body(LIMITS.filter_post_max + 1)
        if len(body) > LIMITS.filter_post_max:
            raise ContentTooLarge("The body is larger than {} bytes.", LIMITS.filter_post_max)
        try:
            return body.decode("ascii")
        except UnicodeDecodeError:
            raise BadRequest("The form is not percent-encoded UTF-8.") from None


def _pairs(text: str) -> list[tuple[str, str]]:
    # Each sign that is none would take long to be told from an encoded byte.
    if len(text) > LIMITS.query_string_max and text.count("%") * 3 > len(text):
        raise BadRequest("The parameters are not percent-encoded UTF-8, or there are more than 100.")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise BadRequest("The parameters are not percent-encoded UTF-8, or there are more than 100.") from None


@dataclass(frozen=True, slots=True)
class Response:
    """One response; a body that is an iterator is sent piece by piece and closed when the client goes away.

    Attributes:
        rows: items in the body, where they are counted; of a body sent piece by piece, asked when it ends.
    """

    status: int
    headers: Headers
    body: bytes | Iterator[bytes] = b""
    rows: int | Callable[[], int] | None = None

    def rows_left(self) -> int | None:
        """Return the items that left, once the body did."""
        return self.rows() if callable(self.rows) else self.rows
