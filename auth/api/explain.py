"""The admin API of effective permissions: granted or denied, by which agreement and function."""

from flask import Blueprint, Response

from auth.api.document import Json, operation, path_parameter
from auth.api.http import Access, actor, answer, legal_day
from auth.rights.explain import content_of, explain_for

PATHS: Json = {
    "/accounts/{code}/permissions/{layer}": {
        "parameters": [
            path_parameter("code", "Name of the account."),
            path_parameter("layer", "Id of a layer."),
        ],
        "get": operation(
            "Explain what an account may do with a layer",
            answers=(
                "For each collection of the layer and each operation: granted, with rows, columns, agreements and "
                "functions, or denied, with the reason. The Sở asks for anybody, a head for the own unit, a person "
                "for the own account."
            ),
        ),
    }
}


def blueprint(access: Access) -> Blueprint:
    """Return the endpoint that explains permissions."""
    topic = Blueprint("explain", __name__)

    @topic.get("/accounts/<code>/permissions/<layer>")
    def permissions(code: str, layer: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        who, words = actor(access), access.texts("vi")
        with access.identity.transaction() as connection:
            day = legal_day(connection)
            found = explain_for(connection, who, access.layers, code, layer, day=day, vietnamese=words)
        return answer(content_of(found))

    return topic
