"""Every error that datdai raises on purpose.

The tree::

    DatdaiError
    ├── BadRequest
    │   ├── BadParameter
    │   ├── BadBody
    │   ├── BadFilter
    │   ├── BadDocument
    │   └── LoadRefused
    ├── Unauthorized
    │   └── ProofNeeded
    ├── Forbidden
    │   ├── InsufficientScope
    │   └── SignInRefused
    ├── NotFound
    ├── Gone
    ├── Conflict
    ├── PreconditionFailed
    ├── PreconditionRequired
    ├── MethodNotAllowed
    ├── NotAcceptable
    ├── UnsupportedMediaType
    ├── ContentTooLarge
    ├── TooManyRequests
    ├── Unavailable
    │   ├── QueryTimeout
    │   └── ProfileMoved
    └── StartRefused
        ├── SettingsError
        ├── CatalogueError
        └── DatabaseError

The text of an error may be shown to the caller: it names what was wrong, where, and what is allowed, and never
a value from the database. It is a phrase: ``str()`` says it in English, for logs and the command line; who answers
people says it in their language. ``STATUS`` is the only place that knows HTTP.
"""

from collections.abc import Sequence

from core.phrases import Phrase, phrase


class DatdaiError(Exception):
    """Something was refused on purpose; the text may be read by the caller.

    Args:
        template: the English text, with ``{}`` for each of ``values``; without values braces stand for themselves.
    """

    def __init__(self, template: str = "", *values: object) -> None:
        self.text = Phrase(template, values)
        super().__init__(str(self.text))


class BadRequest(DatdaiError):
    """The request cannot be understood."""


class BadParameter(BadRequest):
    """One parameter is unknown or malformed.

    Args:
        name: the parameter as the client wrote it.
        problem: what is wrong with it.
        allowed: what would have been accepted, in words or as names; empty when ``problem`` says it.
    """

    def __init__(self, name: str, problem: str | Phrase, allowed: str | Phrase = "") -> None:
        self.name = name
        self.allowed = phrase(allowed)
        self.reason = Phrase("{} Allowed: {}.", (phrase(problem), self.allowed)) if allowed else phrase(problem)
        super().__init__("{}: {}", name, self.reason)


class BadFilter(BadRequest):
    """A CQL2 filter cannot be parsed, or names or compares something that it may not.

    Args:
        template: what is wrong, with ``{}`` for each of ``values``.
        position: 0-based character offset in a text filter, or ``None`` where there is none.
    """

    def __init__(self, template: str, *values: object, position: int | None = None) -> None:
        problem = Phrase(template, values)
        self.position = position
        self.reason = problem if position is None else Phrase("{} (at character {})", (problem, position + 1))
        super().__init__("filter: {}", self.reason)


class BadBody(BadRequest):
    """A body of JSON does not fit what is taken here.

    Args:
        faults: one or more, each the member that is wrong, with dots, and what is wrong with it.
    """

    def __init__(self, faults: Sequence[tuple[str, Phrase]]) -> None:
        self.faults = tuple(faults)
        super().__init__("The body is wrong: {}", _in_one(self.faults))


class BadDocument(BadRequest):
    """What was sent has faults; the text lists every one with its place.

    Args:
        faults: one or more, each the place as a path (``clauses.0.columns``) and what is wrong there.
    """

    def __init__(self, faults: Sequence[tuple[str, Phrase]]) -> None:
        self.faults = tuple(faults)
        super().__init__("{}", _in_one(self.faults))


def _in_one(faults: Sequence[tuple[str, Phrase]]) -> Phrase:
    """Return faults as one text."""
    *others, last = (Phrase("{}: {}", fault) for fault in faults)
    for each in reversed(others):
        last = Phrase("{} · {}", (each, last))
    return last


class LoadRefused(BadRequest):
    """A file cannot be loaded; nothing was changed."""


class Unauthorized(DatdaiError):
    """No valid token where one is needed. One text for a token that is absent, wrong, expired or revoked."""

    def __init__(self, text: str = "A valid token is needed here.", *values: object) -> None:
        super().__init__(text, *values)


class ProofNeeded(Unauthorized):
    """Who asks is known, and must prove it anew for this act: nobody did so lately by this token or session.

    Args:
        max_age_s: how old the proof may be.
        page: path of the page on which a browser does so.
    """

    def __init__(self, *, max_age_s: int, page: str) -> None:
        self.max_age_s = max_age_s
        super().__init__(
            "This act needs a proof of who you are that is at most {} minutes old. In a browser, prove it at {} and "
            "send it again; a program asks for a new sign-in with max_age={}. A personal token cannot do it.",
            max_age_s // 60,
            page,
            max_age_s,
        )


class Forbidden(DatdaiError):
    """The caller is known, and may not do this; what may not even be seen is ``NotFound``."""


class InsufficientScope(Forbidden):
    """The token is good, and for other things than this.

    Args:
        scope: what it would need.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__("This takes a token with the scope {}; yours is for other things.", scope)


class SignInRefused(Forbidden):
    """Somebody may not sign in. One text whatever the reason; the reason goes to the log, never to the caller."""

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(
            "The sign-in is refused: the name, the password or the code is wrong, or the account may not sign in."
        )


class NotFound(DatdaiError):
    """There is no such resource. One text for what is absent and for what is hidden."""

    def __init__(self) -> None:
        super().__init__("There is no such resource.")


class Gone(DatdaiError):
    """There was such a resource, which the caller could see, and there is none any more.

    Args:
        deleted_at: when it went out of the caller's sight; ISO 8601, UTC.
        superseded_by: URL of what took its place, where the caller may see that.
    """

    def __init__(self, deleted_at: str, superseded_by: str | None = None) -> None:
        self.deleted_at = deleted_at
        self.superseded_by = superseded_by
        super().__init__("This resource was taken away at {}.", deleted_at)


class Conflict(DatdaiError):
    """What was asked for does not fit the state that the thing is in; nothing was changed."""


class PreconditionFailed(DatdaiError):
    """Somebody else changed it meanwhile; nothing was changed now."""

    def __init__(self) -> None:
        super().__init__("It is another version by now than the one that you read. Read it again, and decide anew.")


class PreconditionRequired(DatdaiError):
    """A change has to say which version it is of, and this one does not; nothing was changed."""

    def __init__(self) -> None:
        super().__init__("Say in the header If-Match which version you read: its ETag.")


class MethodNotAllowed(DatdaiError):
    """The resource exists but does not take this method.

    Args:
        allowed: the methods that it takes, for the ``Allow`` header.
    """

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__("This resource takes {} only.", ", ".join(allowed))


class NotAcceptable(DatdaiError):
    """No representation that the client accepts exists here."""


class UnsupportedMediaType(DatdaiError):
    """The body of the request has a media type that is not understood here."""


class ContentTooLarge(DatdaiError):
    """The request is larger than ``core.limits`` allows."""


class TooManyRequests(DatdaiError):
    """A limit on work at once, or on what is taken in a time, is reached; try again later.

    Args:
        retry_after_s: seconds after which it may be otherwise.
    """

    def __init__(self, template: str, *values: object, retry_after_s: int = 5) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(template, *values)


class Unavailable(DatdaiError):
    """The service cannot answer now; nothing was changed. Try again later."""

    def __init__(self, template: str = "The database cannot be reached now. Try again later.") -> None:
        super().__init__(template)


class QueryTimeout(Unavailable):
    """The query took longer than the server allows."""

    def __init__(self) -> None:
        super().__init__("The query took longer than the server allows. Narrow it by bbox or filter.")


class ProfileMoved(Unavailable):
    """Another profile is in force for the caller than the one that the request was composed for.

    The server composes it again; only who is overtaken every time reads this.
    """

    def __init__(self) -> None:
        super().__init__("What you may see was just changed. Try again.")


class StartRefused(DatdaiError):
    """The server does not start; the text lists every fault found."""


class SettingsError(StartRefused):
    """A setting is misspelt, missing or out of range."""


class CatalogueError(StartRefused):
    """A layer file is wrong in itself, or does not fit the real tables."""


class DatabaseError(StartRefused):
    """The database is not what the server relies on (version, extension, migrations, roles)."""


STATUS: dict[type[DatdaiError], int] = {
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    Conflict: 409,
    Gone: 410,
    PreconditionFailed: 412,
    ContentTooLarge: 413,
    UnsupportedMediaType: 415,
    PreconditionRequired: 428,
    TooManyRequests: 429,
    Unavailable: 503,
}
"""HTTP status of each error; a class not listed takes that of its nearest listed ancestor, else 500."""


def status_of(error: DatdaiError) -> int:
    """Return the HTTP status of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
