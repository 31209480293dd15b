"""Clients over HTTP."""

from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from auth.api.document import Json, listing, operation, path_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, done, page, paging
from auth.credentials.tokens import NETWORKS_MAX
from auth.oauth import clients
from auth.oauth.clients import Client, Draft

_NAME: JsonDict = {"maxLength": clients.NAME_MAX}
_ADDRESSES: JsonDict = {"maxItems": clients.ADDRESSES_MAX}
_NETWORKS: JsonDict = {"maxItems": NETWORKS_MAX}


class NewClient(BaseModel):
    """A client to register."""

    model_config = ConfigDict(strict=True)

    id: str | None = Field(default=None, description="Chosen name; made up where it is absent.")
    name: str = Field(json_schema_extra=_NAME)
    unit: str = Field(description="Code of the unit that it belongs to.")
    grant_types: list[str]
    scopes: list[str]
    auth_method: str = "none"
    account: str | None = Field(default=None, description="Machine account that acts in client_credentials.")
    jwks: dict[str, Any] | None = Field(default=None, description="Public keys (RFC 7517).")
    redirect_uris: list[str] = Field(default=[], json_schema_extra=_ADDRESSES)
    origins: list[str] = Field(default=[], json_schema_extra=_ADDRESSES)
    networks: list[str] = Field(default=[], json_schema_extra=_NETWORKS)
    for_everybody: bool = False
    may_introspect: bool = False


class Changes(BaseModel):
    """Fields of a client to change; what is absent stays."""

    model_config = ConfigDict(strict=True)

    name: str = Field(default="", json_schema_extra=_NAME)
    grant_types: list[str] = []
    scopes: list[str] = []
    jwks: dict[str, Any] = {}
    redirect_uris: list[str] = Field(default=[], json_schema_extra=_ADDRESSES)
    origins: list[str] = Field(default=[], json_schema_extra=_ADDRESSES)
    networks: list[str] = Field(default=[], json_schema_extra=_NETWORKS)
    for_everybody: bool = False
    may_introspect: bool = False


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of clients."""
    made = Blueprint("clients", __name__)

    @made.get("/clients")
    def list_() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = paging()
        with acting(access) as (connection, who):
            found = clients.list_of(connection, who, limit=asked.limit + 1, after=asked.after)
        return page([_shown(each) for each in found], asked, lambda each: each["id"])

    @made.post("/clients")
    def register() -> Response:  # pyright: ignore[reportUnusedFunction]
        given = body(NewClient)
        with acting(access) as (connection, who):
            draft = Draft(**given.model_dump())
            client, secret = clients.register(connection, who, draft, now=access.clock.now())
        shown = _shown(client) | ({"client_secret": secret} if secret else {})
        return answer(shown, 201, location=f"{PREFIX}/clients/{client.id}")

    @made.get("/clients/<client_id>")
    def show(client_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            return answer(_shown(clients.find(connection, who, client_id)))

    @made.patch("/clients/<client_id>")
    def change(client_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        changes = body(Changes).model_dump(exclude_unset=True)
        with acting(access) as (connection, who):
            return answer(_shown(clients.change(connection, who, client_id, changes)))

    @made.delete("/clients/<client_id>")
    def revoke(client_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            clients.revoke(connection, who, client_id, now=access.clock.now())
        return done()

    @made.post("/clients/<client_id>/secret")
    def renew_secret(client_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            secret = clients.renew_secret(connection, who, client_id)
        return answer({"client_id": client_id, "client_secret": secret}, 201)

    return made


def _shown(client: Client) -> Json:
    shown = {name: getattr(client, name) for name in client.__slots__ if name != "unit_id"}
    return shown | {"networks": [str(each) for each in client.networks]}


_ID = path_parameter("client_id", "Id of the client.")
PATHS: Json = {
    "/clients": {
        "get": listing("List clients: all of them to a system admin, those of its unit to a head."),
        "post": operation(
            "Register a client; the answer alone has its secret.", takes=NewClient, status=201, answers="The client."
        ),
    },
    "/clients/{client_id}": {
        "parameters": [_ID],
        "get": operation("Return a client."),
        "patch": operation("Change a client.", takes=Changes),
        "delete": operation("Revoke a client, its consents and its tokens.", status=204),
    },
    "/clients/{client_id}/secret": {
        "parameters": [_ID],
        "post": operation("Give a client a new secret; the old one ends.", status=201),
    },
}
