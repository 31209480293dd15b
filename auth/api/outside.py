"""Who at an outside provider may sign in to which account, over HTTP."""

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from auth.api.document import Json, listing, operation, path_parameter
from auth.api.http import PREFIX, Access, acting, answer, body, done, page, paging
from auth.people import outside


class NewLink(BaseModel):
    """A link to record."""

    model_config = ConfigDict(strict=True)

    account: str = Field(description="Name of the account.")
    issuer: str = Field(description="The provider, exactly as it writes itself.")
    subject: str = Field(description="What the provider calls the person: the claim sub.")


def blueprint(access: Access) -> Blueprint:
    """Return the endpoints of links."""
    made = Blueprint("outside", __name__)

    @made.get("/outside-subjects")
    def list_() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = paging()
        with acting(access) as (connection, who):
            found = outside.links_seen(connection, who, after=asked.after or "", most=asked.limit + 1)
        return page(found, asked, lambda each: each.account)

    @made.post("/outside-subjects")
    def link() -> Response:  # pyright: ignore[reportUnusedFunction]
        given, now = body(NewLink), access.clock.now()
        with acting(access) as (connection, who):
            outside.link(connection, who, given.account, issuer=given.issuer, subject=given.subject, now=now)
        return answer(given, 201, location=f"{PREFIX}/outside-subjects/{given.account}")

    @made.delete("/outside-subjects/<account>")
    def unlink(account: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        with acting(access) as (connection, who):
            outside.unlink(connection, who, account, issuer=request.args.get("issuer", ""))
        return done()

    return made


PATHS: Json = {
    "/outside-subjects": {
        "get": listing(
            "List who signs in through an outside provider: to all accounts for a system admin, else to one's own."
        ),
        "post": operation(
            "Record who at an outside provider may sign in to an account.", takes=NewLink, status=201, answers="It."
        ),
    },
    "/outside-subjects/{account}": {
        "parameters": [
            path_parameter("account", "Name of the account."),
            {"name": "issuer", "in": "query", "required": True, "schema": {"type": "string"}},
        ],
        "delete": operation("Take a link back.", status=204),
    },
}
