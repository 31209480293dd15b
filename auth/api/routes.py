"""Endpoints as a table: what Flask routes and what OpenAPI describes come from the same rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel

from auth.api.document import Json, listing, operation, path_parameter
from auth.api.http import Access

_IN_PATH = re.compile(r"\{(\w+)\}")
_WHOLE_NUMBERS = frozenset({"number"})
"""Names of parameters in paths that are numbers; the others are codes."""


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes:
        path: below ``/admin/api``, with the parameters of the path in braces.
        view: called with the access and the parameters of the path by name.
        takes: model of the JSON body.
        parameters: of the query, as OpenAPI describes them.
        is_list: it returns one page of a list.
    """

    method: str
    path: str
    view: Callable[..., Response]
    summary: str
    takes: type[BaseModel] | None = None
    status: int = 200
    parameters: Sequence[Json] = ()
    is_list: bool = False


def blueprint_of(name: str, access: Access, routes: Sequence[Route]) -> Blueprint:
    """Return a blueprint with the endpoints of a table."""
    blueprint = Blueprint(name, __name__)
    for route in routes:
        rule = _IN_PATH.sub(_placeholder, route.path)
        endpoint = f"{route.method.lower()} {route.path}".replace(".", "_")
        blueprint.add_url_rule(rule, endpoint, partial(route.view, access), methods=[route.method])
    return blueprint


def paths_of(routes: Sequence[Route]) -> dict[str, Json]:
    """Return the OpenAPI paths of a table."""
    paths: dict[str, Json] = {}
    for route in routes:
        item = paths.setdefault(route.path, {})
        item[route.method.lower()] = _described(route)
        if names := _IN_PATH.findall(route.path):
            item["parameters"] = [_parameter(name) for name in names]
    return paths


def _described(route: Route) -> Json:
    if route.is_list:
        return listing(route.summary, parameters=route.parameters)
    return operation(route.summary, takes=route.takes, status=route.status, parameters=route.parameters)


def _parameter(name: str) -> Json:
    if name in _WHOLE_NUMBERS:
        return path_parameter(name, "Number of the record.", type="integer")
    return path_parameter(name, f"Code of the {name}.")


def _placeholder(found: re.Match[Any]) -> str:
    return f"<int:{found[1]}>" if found[1] in _WHOLE_NUMBERS else f"<{found[1]}>"
