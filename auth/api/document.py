"""Write the OpenAPI 3.0 description of an endpoint in few words."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

from core.limits import LIMITS

type Json = dict[str, Any]

PROBLEM = {"$ref": "#/components/responses/Problem"}
_REFUSALS = ("400", "401", "403", "404", "409")


def operation(
    summary: str,
    *,
    takes: type[BaseModel] | None = None,
    status: int = 200,
    answers: str = "",
    parameters: Sequence[Json] = (),
) -> Json:
    """Describe one operation.

    Args:
        takes: the model of its JSON body.
        status: of the answer when all went well; 204 has no body.
        answers: what comes back, in words.
        parameters: of the query; those of the path are found in it (``path_of``).
    """
    good: Json = {"description": answers or summary}
    if status != 204:
        good["content"] = {"application/json": {"schema": {"type": "object"}}}
    responses = {str(status): good} | dict.fromkeys(_REFUSALS, PROBLEM)
    described: Json = {"summary": summary, "parameters": list(parameters), "responses": responses}
    if takes:
        content = {"application/json": {"schema": schema_of(takes)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def listing(summary: str, *, parameters: Sequence[Json] = ()) -> Json:
    """Describe the operation that returns one page of a list."""
    own = [{"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/after"}]
    return operation(summary, parameters=[*parameters, *own])


def query_parameter(name: str, text: str, **schema: object) -> Json:
    """Describe a parameter of the query."""
    return {"name": name, "in": "query", "description": text, "schema": {"type": "string"} | schema}


def path_parameter(name: str, text: str, **schema: object) -> Json:
    """Describe a parameter of the path, to stand beside its operations."""
    return {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "string"} | schema}


def schema_of(model: type[BaseModel]) -> Json:
    """Return the schema of a model in the dialect of OpenAPI 3.0: definitions in place, ``nullable`` for null.

    Texts, lists and mappings that the model leaves unbounded have the bounds of every body (``core.faults.excess_of``).
    """
    whole = model.model_json_schema()
    definitions = cast("Mapping[str, Any]", whole.pop("$defs", {}))
    return cast("Json", _bounded(_translated(whole, definitions)))


_BOUNDS: Mapping[str, tuple[str, int]] = {
    "string": ("maxLength", LIMITS.admin_text_max),
    "array": ("maxItems", LIMITS.admin_list_max),
    "object": ("maxProperties", LIMITS.admin_list_max),
}


def _bounded(node: object) -> object:
    """Add the bounds that every body has, where a schema does not say what there may be."""
    match node:
        case dict():
            members = cast("Json", node)
            within = {key: _bounded(each) for key, each in members.items()}
            is_open = not members.keys() & {"enum", "format", "properties"}
            kind = members.get("type")
            bound = _BOUNDS.get(kind) if is_open and isinstance(kind, str) else None
            return {bound[0]: bound[1]} | within if bound else within
        case list():
            return [_bounded(each) for each in cast("list[object]", node)]
        case _:
            return node


def _translated(node: object, definitions: Mapping[str, Any]) -> object:
    match node:
        case {"$ref": str(reference)}:
            return _translated(definitions[reference.rpartition("/")[2]], definitions)
        case {"anyOf": [*choices], **rest} if {"type": "null"} in choices:
            others = [each for each in choices if each != {"type": "null"}]
            return _translated(_nullable(others, cast("Json", rest)), definitions)
        case {"const": value, **rest}:
            return cast("Json", _translated(rest, definitions)) | {"enum": [value]}
        case dict():
            members = cast("Mapping[str, object]", node)
            return {key: _translated(each, definitions) for key, each in members.items()}
        case list():
            return [_translated(each, definitions) for each in cast("list[object]", node)]
        case _:
            return node


def _nullable(choices: list[Any], rest: Json) -> Json:
    inner: Json = cast("Json", choices[0]) if len(choices) == 1 else {"anyOf": choices}
    if "$ref" in inner:
        inner = {"allOf": [inner]}
    return inner | rest | {"nullable": True}
