"""OAI-PMH 2.0: a request and the catalogue of its caller to the XML of the answer.

A list goes by identifier, and its later pages tell of the catalogue as it is when they are asked for: what changed
meanwhile comes with its new instant. ``responseDate`` of all pages is the second of the first one: who harvests from it
the next time gets whatever changed since, be it on a page that was given already.

Source: The Open Archives Initiative Protocol for Metadata Harvesting 2.0.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from formats.records.about import About
from formats.records.markup import Xml, document, node, root
from formats.records.offered import RecordFormat
from formats.records.terms import component_title
from harvest.faces import instants, oai_request
from harvest.faces.oai_request import Asked, Listing, Refused
from harvest.faces.oai_tokens import TokenSeal, expires
from harvest.reading import Catalogue, Entry, Gone, component_of, id_of, instant_of
from harvest.report.rounds import Given

PAGE_SIZE = 200
LONG_PAGE_SIZE = 100
"""Of records in anything but Dublin Core: one of ISO 19139 is some 35 KiB, and takes ten times as long to write."""
_OAI = "http://www.openarchives.org/OAI/2.0/"
_IDENTIFIER = "http://www.openarchives.org/OAI/2.0/oai-identifier"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = re.compile(rb"^<\?xml [^>]*\?>\s*")
_DOMAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]+)+")
_EMPTY = "noRecordsMatch"
_WRONG = 400
_GIVEN = Given()
_UNTOLD = ("badVerb", "badArgument")
"""Errors after which the answer does not repeat the arguments."""


@dataclass(frozen=True, slots=True)
class Repository:
    """What of the service every answer needs.

    Attributes:
        url: the address that harvesters ask.
        host: the middle part of identifiers.
        codings: content codings besides none.
        formats: by ``metadataPrefix``.
    """

    url: str
    host: str
    name: str
    email: str
    about: About
    formats: Mapping[str, RecordFormat]
    seal: TokenSeal
    codings: tuple[str, ...] = ("gzip",)
    page_max: int = PAGE_SIZE

    def page_size(self, verb: str, prefix: str) -> int:
        """Return how many entries a page has."""
        is_short = verb == "ListIdentifiers" or prefix == "oai_dc"
        return min(self.page_max, PAGE_SIZE if is_short else LONG_PAGE_SIZE)

    def identifier(self, id_: UUID) -> str:
        """Return the identifier of a record in this protocol."""
        return f"oai:{self.host}:{id_}"

    def id_of(self, identifier: str) -> UUID | None:
        """Return the record that an identifier names; ``None``: it cannot be one of ours."""
        try:
            id_ = UUID(identifier.rpartition(":")[2])
        except ValueError:
            return None
        return id_ if self.identifier(id_) == identifier else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The document, how many records are in it, and what the report of harvests is told."""

    body: bytes
    records: int = 0
    given: Given = _GIVEN


@dataclass(frozen=True, slots=True)
class _Content:
    """What stands below the root; ``begun``: the second of the first page of a list that goes on."""

    element: Xml
    records: int = 0
    begun: datetime | None = None
    given: Given = _GIVEN


def answer(pairs: Sequence[tuple[str, str]], repository: Repository, catalogue: Catalogue) -> Answer:
    """Answer a request.

    Raises:
        Unavailable: the catalogue was never published, or cannot be read now; never is a list empty because of that.
    """
    asked: Asked | None = None
    try:
        asked = oai_request.read(pairs)
        content = _ANSWERS[asked.verb](asked, repository, catalogue)
    except Refused as refused:
        told = Given(begins=True, ends=True) if refused.code == _EMPTY else Given(_WRONG)
        content = _Content(node("error", refused.text, attributes={"code": refused.code}), given=told)
        asked = None if refused.code in _UNTOLD else asked
    told = {"verb": asked.verb, **asked.arguments} if asked else {}
    begun = content.begun or catalogue.clock().now
    parts = (
        node("responseDate", instants.written(begun)),
        node("request", repository.url, attributes=told),
        content.element,
    )
    return Answer(document(_located("OAI-PMH", _OAI, "OAI-PMH.xsd", parts)), content.records, content.given)


def _located(tag: str, namespace: str, schema: str, parts: Sequence[Xml]) -> Xml:
    location = f"{namespace} http://www.openarchives.org/OAI/2.0/{schema}"
    attributes = {"xmlns": namespace, "xsi:schemaLocation": location}
    return root(tag, {"xsi": _XSI}, parts, attributes=attributes)


def _identify(_: Asked, repository: Repository, catalogue: Catalogue) -> _Content:
    earliest = catalogue.earliest() or instants.EPOCH
    members = (
        ("repositoryName", repository.name),
        ("baseURL", repository.url),
        ("protocolVersion", "2.0"),
        ("adminEmail", repository.email),
        ("earliestDatestamp", instants.written(earliest)),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
        *(("compression", each) for each in repository.codings),
    )
    scheme = node("description", _scheme(repository)) if _DOMAIN.fullmatch(repository.host) else None
    return _Content(node("Identify", [node(name, text) for name, text in members], scheme))


def _scheme(repository: Repository) -> Xml:
    """Return how identifiers are made. Source: OAI Identifier Format, 2002."""
    members = (
        ("scheme", "oai"),
        ("repositoryIdentifier", repository.host),
        ("delimiter", ":"),
        ("sampleIdentifier", repository.identifier(UUID(int=0))),
    )
    parts = [node(name, text) for name, text in members]
    return _located("oai-identifier", _IDENTIFIER, "oai-identifier.xsd", parts)


def _formats(asked: Asked, repository: Repository, catalogue: Catalogue) -> _Content:
    if (identifier := asked.get("identifier")) is not None:
        _found(identifier, repository, catalogue)
    formats = [
        node(
            "metadataFormat",
            node("metadataPrefix", prefix),
            node("schema", each.schema or ""),
            node("metadataNamespace", each.namespace or ""),
        )
        for prefix, each in repository.formats.items()
    ]
    return _Content(node("ListMetadataFormats", formats))


def _sets(asked: Asked, repository: Repository, catalogue: Catalogue) -> _Content:
    if asked.get("resumptionToken") is not None:
        raise Refused("badResumptionToken", "The list of sets is given whole.")
    found = catalogue.components()
    if not found:
        raise Refused("noSetHierarchy", "There is no record yet, and so no set.")
    language = repository.about.language
    sets = [
        node("set", node("setSpec", each), node("setName", component_title(each).in_language(language)))
        for each in found
    ]
    return _Content(node("ListSets", sets))


def _record(asked: Asked, repository: Repository, catalogue: Catalogue) -> _Content:
    format_ = _format(asked["metadataPrefix"], repository)
    entry = _found(asked["identifier"], repository, catalogue)
    return _Content(
        node("GetRecord", _written(entry, repository, format_)), 1, given=Given(records=1, form=format_.prefix)
    )


def _list(asked: Asked, repository: Repository, catalogue: Catalogue) -> _Content:
    listing = _page_of(asked, repository)
    format_ = _format(listing.prefix, repository)
    page_size = repository.page_size(listing.verb, listing.prefix)
    found = catalogue.page_with_gone(
        after=listing.after,
        limit=page_size + 1,
        since=listing.since,
        until=listing.until,
        component=listing.component,
        moved=listing.begun,
    )
    listing = _in_time(listing, catalogue)
    entries, is_last = found[:page_size], len(found) <= page_size
    if not entries:
        raise _nothing(listing)
    headers_only = listing.verb == "ListIdentifiers"
    parts = [_header(each, repository) if headers_only else _written(each, repository, format_) for each in entries]
    token = _token(listing, None if is_last else id_of(entries[-1]), len(entries), repository, catalogue)
    given = _given(listing, entries, is_last=is_last)
    return _Content(node(listing.verb, parts, token), len(entries), listing.begun, given)


def _given(listing: Listing, entries: Sequence[Entry], *, is_last: bool) -> Given:
    """Return what the report of harvests is told of a page."""
    gone = sum(isinstance(each, Gone) for each in entries)
    return Given(
        records=len(entries) - gone,
        deletions=gone,
        begins=listing.after is None,
        ends=is_last,
        since=listing.since,
        until=listing.until,
        form=listing.prefix,
        part=listing.component,
    )


def _page_of(asked: Asked, repository: Repository) -> Listing:
    """Return the page that is asked for; some harvesters repeat the prefix beside the token."""
    token = asked.get("resumptionToken")
    if token is None:
        return oai_request.first_page(asked)
    listing = repository.seal.open(token, asked.verb)
    if asked.get("metadataPrefix") not in (None, listing.prefix):
        raise Refused("badArgument", "metadataPrefix is another one than that of the resumptionToken.")
    return listing


def _in_time(listing: Listing, catalogue: Catalogue) -> Listing:
    """Return a page with the second at which its list began."""
    now = catalogue.clock().now
    if listing.begun and now > expires(listing.begun):
        raise Refused("badResumptionToken", "The token has expired. Begin the list again.")
    return replace(listing, begun=listing.begun or now)


def _nothing(listing: Listing) -> Refused:
    """Return why a page has no entry: a list that was begun and has lost its rest is begun again, and is not empty."""
    if listing.after:
        return Refused("badResumptionToken", "What may be seen was changed meanwhile. Begin the list again.")
    return Refused(_EMPTY, "No record was changed or deleted in that time, in that set.")


def _token(listing: Listing, last: UUID | None, given: int, repository: Repository, catalogue: Catalogue) -> Xml | None:
    """Return the token of the next page, which begins after ``last``; the last of several pages has an empty one."""
    if last is None and listing.after is None:
        return None
    told = listing.given + given
    size = listing.size or catalogue.count(
        since=listing.since, until=listing.until, component=listing.component, gone=True
    )
    size = max(size, told if last is None else told + 1)
    attributes = {"completeListSize": str(size), "cursor": str(listing.given)}
    if last is None or listing.begun is None:
        return node("resumptionToken", attributes=attributes)
    sealed = repository.seal.seal(replace(listing, after=last, given=told, size=size))
    until = instants.written(expires(listing.begun))
    return node("resumptionToken", sealed, attributes={"expirationDate": until, **attributes})


def _format(prefix: str, repository: Repository) -> RecordFormat:
    if prefix not in repository.formats:
        raise Refused("cannotDisseminateFormat", f"Formats: {', '.join(repository.formats)}.")
    return repository.formats[prefix]


def _found(identifier: str, repository: Repository, catalogue: Catalogue) -> Entry:
    id_ = repository.id_of(identifier)
    entry = catalogue.one(id_) if id_ else None
    if entry is None:
        raise Refused("idDoesNotExist", "There is no record of that identifier.")
    return entry


def _written(entry: Entry, repository: Repository, format_: RecordFormat) -> Xml:
    """Return a record; what is gone is a header alone."""
    header = _header(entry, repository)
    if isinstance(entry, Gone):
        return node("record", header)
    encoded = _DECLARATION.sub(b"", format_.encode(entry, repository.about), count=1)
    return node("record", header, node("metadata", Xml(encoded.decode())))


def _header(entry: Entry, repository: Repository) -> Xml:
    return node(
        "header",
        node("identifier", repository.identifier(id_of(entry))),
        node("datestamp", instants.written(instant_of(entry))),
        node("setSpec", component_of(entry)),
        attributes={"status": "deleted"} if isinstance(entry, Gone) else None,
    )


_ANSWERS: Mapping[str, Callable[[Asked, Repository, Catalogue], _Content]] = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "ListIdentifiers": _list,
    "ListRecords": _list,
    "GetRecord": _record,
}
