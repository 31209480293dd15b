"""Every setting of the server, read once from the environment and then passed as a value.

``DATDAI_PORT=8080`` sets ``port``. A secret may lie in a file instead: ``DATDAI_DATABASE_URL_FILE=/run/secrets/url``.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import SettingsError

PREFIX = "DATDAI_"
FOREIGN = "DATDAI_TEST_"
"""Variables that begin like this are for the tests and not looked at here."""
FILE_SUFFIX = "_FILE"
SECRET_LENGTH_MIN = 32


def _http_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or "?" in text or "#" in text:
        raise ValueError("must be an http or https address without ? and #")
    return text.rstrip("/")


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")):
        raise ValueError("must be an https address, exactly as the provider writes it")
    return text


def _postgresql_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")) and "=" not in text:
        raise ValueError("must be postgresql://... or key=value pairs")
    return text


HttpUrl = Annotated[str, AfterValidator(_http_url)]
Issuer = Annotated[str, AfterValidator(_issuer)]
PostgresqlUrl = Annotated[str, AfterValidator(_postgresql_url)]


class Settings(BaseModel):
    """Settings of one server; ``docs/reference/settings.md`` explains each to its user."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The server's own login; None runs an embedded cluster."""
    admin_database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The DBA's login, for migrations and the sample province alone."""
    identity_database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The login that keeps accounts, tokens and agreements; None is that of ``database_url`` with ``_identity``."""
    publisher_database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The login that publishes agreements; None is that of ``database_url`` with ``_publisher``."""
    audit_database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The login that writes the audit; None is that of ``database_url`` with ``_audit``."""
    auditor_database_url: PostgresqlUrl | None = Field(default=None, repr=False)
    """The login that reads the audit; None is that of ``database_url`` with ``_auditor``."""
    home: Path = Path("var")
    service: Path | None = None
    """A file of what the service says of itself, as ``config/service.yml``; None is that file."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: HttpUrl | None = None
    """The address that clients see; None is ``http://host:port``."""
    proxy_hops: int = Field(default=0, ge=0, le=8)
    """Proxies in front of the server whose header Forwarded is believed; 0 does not read it."""
    workers: int = Field(default=2, ge=1, le=64)
    threads: int = Field(default=8, ge=1, le=256)
    """Requests that one worker answers at once."""
    pool_size: int = Field(default=8, ge=1, le=256)
    """Database connections of one worker for answers."""
    export_pool_size: int = Field(default=4, ge=1, le=64)
    """Database connections of one worker for exports."""
    statement_timeout_ms: int = Field(default=30_000, ge=100)
    export_timeout_ms: int = Field(default=3_600_000, ge=1_000)
    secret: str | None = Field(default=None, min_length=SECRET_LENGTH_MIN, repr=False)
    """What tokens and ETags are keyed with; None keeps a random one in ``home``."""
    oidc_issuer: Issuer | None = None
    """The outside OpenID Connect provider through which people may sign in; None offers none."""
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = Field(default=None, repr=False)
    oidc_password_rule_equal: bool = False
    """The operator declares that the provider asks of passwords what we ask; without it the provider is not trusted."""
    catalogue_removal_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the metadata records above which removals wait for an officer."""
    audit_sealing_key: Path | None = None
    """A public key (X25519, PEM) to which queries are encrypted in the audit; None keeps no clear copy."""
    audit_months: int = Field(default=12, ge=1, le=1_200)
    """Whole months of decisions and outcomes that `datdai audit retain` leaves in the database."""
    audit_total_months: int = Field(default=24, ge=1, le=1_200)
    """Whole months after which it deletes their archives, too."""
    audit: Literal["on", "off"] = "on"
    """``off`` puts no request on record: for measuring alone."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="after")
    def _admin_goes_with_a_database(self) -> Self:
        if self.admin_database_url and not self.database_url:
            raise ValueError("DATDAI_ADMIN_DATABASE_URL needs DATDAI_DATABASE_URL beside it")
        return self

    @model_validator(mode="after")
    def _provider_is_whole_and_trusted(self) -> Self:
        given = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
        if any(given) and not all(given):
            raise ValueError("DATDAI_OIDC_ISSUER, DATDAI_OIDC_CLIENT_ID and DATDAI_OIDC_CLIENT_SECRET go together")
        if self.oidc_issuer and not self.oidc_password_rule_equal:
            raise ValueError(
                "DATDAI_OIDC_ISSUER needs DATDAI_OIDC_PASSWORD_RULE_EQUAL=true: its password rule must equal ours"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsError: lists every variable that is unknown, unreadable or out of range.
        """
        ours = {
            name: value
            for name, value in environ.items()
            if name.startswith(PREFIX) and not name.startswith(FOREIGN) and value
        }
        values, faults = _values(ours)
        try:
            settings = cls.model_validate(values)
        except ValidationError as exc:
            faults += _faults(exc)
        else:
            if not faults:
                return settings
        raise SettingsError("\n".join(faults))

    @property
    def public_url(self) -> str:
        """The address that clients see, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url or f"http://{host}:{self.port}"


SECRETS = frozenset(
    {
        "database_url",
        "admin_database_url",
        "identity_database_url",
        "publisher_database_url",
        "audit_database_url",
        "auditor_database_url",
        "oidc_client_secret",
        "secret",
    }
)
"""Settings that may also come from a file."""


def variables() -> tuple[str, ...]:
    """Return the name of every variable that ``from_env`` understands."""
    names = [PREFIX + name.upper() for name in Settings.model_fields]
    return (*names, *(PREFIX + name.upper() + FILE_SUFFIX for name in sorted(SECRETS)))


def secret_key(settings: Settings) -> bytes:
    """Return 32 bytes to key tokens with: from the setting, else from ``home/secret``, made when first asked for.

    Raises:
        SettingsError: the file cannot be read or made.
    """
    if settings.secret:
        return hashlib.sha256(settings.secret.encode()).digest()
    try:
        return _kept_secret(settings.home / "secret")
    except OSError as exc:
        raise SettingsError(f"{settings.home / 'secret'}: {exc.strerror}. Or set DATDAI_SECRET.") from exc


def _kept_secret(path: Path) -> bytes:
    """Read the secret; whoever makes one at the same time ends with the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor, new = tempfile.mkstemp(".new", "secret.", path.parent)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            path.hardlink_to(new)
        Path(new).unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise SettingsError(f"{path} does not hold 32 bytes; delete it, and tokens given out so far end.")
    return key


def _values(ours: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return field values, and the faults found on the way."""
    values: dict[str, str] = {}
    faults: list[str] = []
    for name, value in sorted(ours.items()):
        field = name.removeprefix(PREFIX).lower()
        secret = field.removesuffix(FILE_SUFFIX.lower())
        if name in ours and field in Settings.model_fields:
            values[field] = value
        elif field.endswith(FILE_SUFFIX.lower()) and secret in SECRETS:
            faults += _take_file(values, secret, name, ours)
        else:
            nearest = get_close_matches(name, variables(), n=1, cutoff=0.6)
            faults.append(f"{name} is no setting." + (f" Did you mean {nearest[0]}?" if nearest else ""))
    return values, faults


def _take_file(values: dict[str, str], field: str, name: str, ours: Mapping[str, str]) -> Iterator[str]:
    """Put the text of a secret's file into ``values``; yield what is wrong with it."""
    if name.removesuffix(FILE_SUFFIX) in ours:
        yield f"{name} and {name.removesuffix(FILE_SUFFIX)} are both set; keep one."
        return
    try:
        values[field] = Path(ours[name]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        yield f"{name}: the file {ours[name]} cannot be read."


def _faults(error: ValidationError) -> list[str]:
    """Say what is wrong with each variable, without its value."""
    faults: list[str] = []
    for each in error.errors(include_url=False, include_input=False):
        variable = PREFIX + str(each["loc"][0]).upper() + ": " if each["loc"] else ""
        faults.append(f"{variable}{each['msg'].removeprefix('Value error, ')}.")
    return faults
