"""Where a browser may be sent after consent: exactly where the client was registered for, and nowhere else."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from core.errors import BadRequest

LOOPBACK = ("127.0.0.1", "::1")
LENGTH_MAX = 500
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
_PRINTABLE = re.compile(r"[!-~]+")
_NEVER = frozenset('"<>\\^`{|}*')


def is_registered(asked: str, registered: Iterable[str]) -> bool:
    """Tell whether an address is one of those registered, character by character.

    A native program on a loopback address takes whatever port is free, so there the port alone may differ.

    Source: RFC 9700, 2.1; RFC 8252, 7.3.
    """
    if len(asked) > LENGTH_MAX:
        return False
    return any(asked == each or _differs_in_port_alone(asked, each) for each in registered)


def checked_redirect(address: str) -> str:
    """Return an address as it may be registered: https; http on the loopback; or a program's own scheme.

    Raises:
        BadRequest: it is none of these, or has a fragment, a user, or a character that belongs in no address.
    """
    parts = _split(address)
    if parts is None or parts.fragment or "#" in address or parts.username is not None or "@" in parts.netloc:
        raise BadRequest("A redirect address is absolute, without fragment and user name.")
    match parts.scheme:
        case "https" if parts.hostname:
            return address
        case "http" if parts.hostname in (*LOOPBACK, "localhost"):
            return address
        case scheme if _PRIVATE_SCHEME.fullmatch(scheme) and not parts.netloc and parts.path.startswith("/"):
            return address
        case _:
            raise BadRequest(
                "A redirect address begins with https, with http://127.0.0.1 or http://[::1], or with the scheme of a "
                "program such as vn.example.app:/."
            )


def checked_origin(origin: str) -> str:
    """Return an origin as it may be registered: https, or http on the loopback, with nothing behind the port.

    Raises:
        BadRequest: it is none.
    """
    parts = _split(origin)
    secure = parts is not None and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in (*LOOPBACK, "localhost"))
    )
    if (
        parts is None
        or not secure
        or not parts.hostname
        or "@" in origin
        or origin != f"{parts.scheme}://{parts.netloc.lower()}"
    ):
        raise BadRequest("An origin is https://host or https://host:port; http on the loopback alone.")
    return origin


def host_of(address: str) -> str:
    """Return the host of an address for people to read, the scheme where it has none."""
    parts = urlsplit(address)
    return parts.hostname or f"{parts.scheme}:"


def _differs_in_port_alone(asked: str, registered: str) -> bool:
    one, other = _split(asked), _split(registered)
    if one is None or other is None or one.scheme != "http" or one.hostname not in LOOPBACK:
        return False
    return _without_port(one) == _without_port(other) and _shape(asked, one) and _shape(registered, other)


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def _shape(address: str, parts: SplitResult) -> bool:
    """Tell whether an address is exactly scheme, host, port, path and query: no user, no fragment, no empty port."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    query = f"?{parts.query}" if parts.query else ""
    return address == f"http://{host}{port}{parts.path}{query}"


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address, ``None`` where it is none that can be trusted to mean the same to everybody."""
    if not _PRINTABLE.fullmatch(address) or len(address) > LENGTH_MAX or _NEVER & set(address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts
