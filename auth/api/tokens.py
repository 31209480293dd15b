"""Personal tokens over HTTP, and what was allowed to programs: each account has its own."""

from datetime import timedelta

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from auth.api.document import Json, listing, operation, path_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, done, page, paging
from auth.credentials import tokens
from auth.credentials.tokens import Consent, Token


class NewToken(BaseModel):
    """A personal token to issue."""

    model_config = ConfigDict(strict=True)

    purpose: str = Field(description="What it is for, in words.", json_schema_extra={"maxLength": tokens.PURPOSE_MAX})
    scopes: list[str]
    days: int = Field(ge=1, le=tokens.PERSONAL_LIFETIME_MAX.days, description="How long it lives.")
    networks: list[str] = Field(
        default=[],
        description="Where it may be used from; none: from anywhere.",
        json_schema_extra={"maxItems": tokens.NETWORKS_MAX},
    )


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of personal tokens."""
    made = Blueprint("tokens", __name__)

    @made.get("/tokens")
    def list_() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = paging()
        with acting(access) as (connection, who):
            found = tokens.tokens_of(connection, who.account_id or 0, now=access.clock.now())
        return page([_shown(each) for each in found], asked, lambda each: each["id"])

    @made.post("/tokens")
    def issue() -> Response:  # pyright: ignore[reportUnusedFunction]
        given = body(NewToken)
        with acting(access) as (connection, who):
            secret, token = tokens.issue_personal(
                connection,
                who,
                purpose=given.purpose,
                scopes=given.scopes,
                lifetime=timedelta(days=given.days),
                now=access.clock.now(),
                networks=given.networks,
            )
        shown = _shown(token)
        return answer(shown | {"token": secret}, 201, location=f"{PREFIX}/tokens/{shown['id']}")

    @made.delete("/tokens/<mark>")
    def revoke(mark: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            tokens.revoke_personal(connection, who, mark, now=access.clock.now())
        return done()

    @made.get("/consents")
    def list_consents() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = paging()
        with acting(access) as (connection, who):
            found = tokens.consents_of(connection, who.account_id or 0, now=access.clock.now())
        return page([_shown_consent(each) for each in found], asked, lambda each: each["id"])

    @made.delete("/consents/<consent>")
    def end_consent(consent: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            tokens.end_consent(connection, who, consent, now=access.clock.now())
        return done()

    return made


def _shown_consent(consent: Consent) -> Json:
    """Return a consent as its owner reads it."""
    return {name: getattr(consent, name) for name in consent.__slots__} | {"id": str(consent.id)}


def _shown(token: Token) -> Json:
    return {
        "id": token.hash[:16],
        "purpose": token.purpose,
        "scopes": token.scopes,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "networks": [str(each) for each in token.networks],
    }


PATHS: Json = {
    "/tokens": {
        "get": listing("List the good personal tokens of who asks."),
        "post": operation(
            "Issue a personal token to who asks; the answer alone has it.", takes=NewToken, status=201, answers="It."
        ),
    },
    "/tokens/{mark}": {
        "parameters": [path_parameter("mark", "Its id.", pattern="^[0-9a-f]{16,64}$")],
        "delete": operation("Revoke a personal token of who asks.", status=204),
    },
    "/consents": {"get": listing("List what who asks has allowed to programs, as long as it lasts.")},
    "/consents/{consent}": {
        "parameters": [path_parameter("consent", "Its id.")],
        "delete": operation("End a consent of who asks, and the tokens that came of it.", status=204),
    },
}
