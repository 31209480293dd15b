"""Bodies of the admin API: every text and every list of each is bounded, whatever its model says."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel, ValidationError

import auth.api
from auth.api import document
from auth.api.clients import Changes, NewClient
from auth.api.document import schema_of
from auth.api.http import body
from auth.api.tokens import NewToken
from auth.credentials import tokens
from auth.oauth import clients
from auth.policy.clauses import AgreementDocument, read_document
from core.errors import BadBody, BadDocument
from core.faults import excess_of, faults_of
from core.limits import LIMITS
from tests.auth.test_faults import models

LONG = "a" * (LIMITS.admin_text_max + 1)
BOUNDS = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}
SAID = {"at most {} characters are taken.", "at most {} entries are taken."}
MODULES = sorted(Path(auth.api.__file__).parent.glob("*.py"))


class Unbounded(BaseModel):
    """A model that bounds nothing."""

    text: str = ""
    texts: list[str] = []
    more: dict[str, Any] = {}


def read(content: object) -> Unbounded:
    with Flask(__name__).test_request_context(json=json.loads(json.dumps(content)), method="POST"):
        return body(Unbounded)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"text": LONG}, "text"),
        ({"texts": ["", LONG]}, "texts.1"),
        ({"texts": [""] * (LIMITS.admin_list_max + 1)}, "texts"),
        ({"more": {"a": {"b": [LONG]}}}, "more.a.b.0"),
        ({"more": {LONG: 1}}, "more"),
    ],
)
def test_no_text_and_no_list_of_a_body_is_without_an_end(content: object, place: str):
    with pytest.raises(BadBody) as refused:
        read(content)

    assert [each[0] for each in refused.value.faults] == [place]


def test_texts_as_people_write_them_are_read():
    assert read({"text": LONG[1:], "more": {"a": ["b"]}}).text == LONG[1:]


def test_a_document_is_bounded_as_a_body_is():
    with pytest.raises(BadDocument, match="at most 4000 characters"):
        read_document(AgreementDocument, {"agreement": "a", "purpose": LONG})


@pytest.mark.parametrize("module", [each for each in MODULES if each.name != "http.py"], ids=lambda each: each.stem)
def test_no_topic_reads_a_body_past_its_bounds(module: Path):
    read = {
        node.attr
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("request", "flask")
    }

    assert not read & {"json", "get_json", "data", "get_data", "stream", "form", "values", "files", "request"}


type Path_ = tuple[str | int, ...]


def bounded(schema: dict[str, Any], path: Path_ = ()) -> Iterator[tuple[Path_, str, int | None]]:
    """Yield each text, list and free mapping of a schema: where it stands, its type and its bound."""
    kind = schema.get("type")
    if kind in BOUNDS and not schema.keys() & {"enum", "format", "properties"}:
        yield path, kind, schema.get(BOUNDS[kind])
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from bounded(each, path)
    for name, each in schema.get("properties", {}).items():
        yield from bounded(each, (*path, name))
    if "items" in schema:
        yield from bounded(schema["items"], (*path, 0))
    if isinstance(more := schema.get("additionalProperties"), dict):
        yield from bounded(more, (*path, "a"))


def of_length(kind: str, length: int) -> object:
    return {"string": "a" * length, "array": ["a"] * length, "object": {f"k{n}": "a" for n in range(length)}}[kind]


def placed(path: Path_, value: Any) -> Any:
    for each in reversed(path):
        value = {each: value} if isinstance(each, str) else [value]
    return value


def told(model: type[BaseModel], content: Any) -> set[tuple[str, str]]:
    """Return where something is told to be too long, and how long it may be."""
    found = list(excess_of(content))
    try:
        model.model_validate_json(json.dumps(content), extra="forbid")
    except ValidationError as error:
        found += faults_of(error, whole="body")
    return {(where, str(what.values[0])) for where, what in found if what.template in SAID}


def test_the_document_bounds_every_text_and_every_list_of_every_body():
    bodies = {
        (path, method): each["requestBody"]["content"]["application/json"]["schema"]
        for path, item in document()["paths"].items()
        for method, each in item.items()
        if "requestBody" in each
    }

    assert len(bodies) > 20
    assert [(where, path) for where, each in bodies.items() for path, _, bound in bounded(each) if bound is None] == []


BY_THE_ACT = {
    (NewToken, "purpose"): tokens.PURPOSE_MAX,
    (NewToken, "networks"): tokens.NETWORKS_MAX,
    **{(model, "networks"): tokens.NETWORKS_MAX for model in (NewClient, Changes)},
    **{(model, "name"): clients.NAME_MAX for model in (NewClient, Changes)},
    **{(model, each): clients.ADDRESSES_MAX for model in (NewClient, Changes) for each in ("redirect_uris", "origins")},
}
"""Bounds that the act refuses beyond, not the reading of its body."""


@pytest.mark.parametrize("model", models(), ids=lambda each: each.__qualname__)
def test_what_the_document_says_of_lengths_is_what_is_refused(model: type[BaseModel]):
    for path, kind, bound in bounded(schema_of(model)):
        assert bound is not None
        if (known := BY_THE_ACT.get((model, str(path[0])))) and len(path) == 1:
            assert bound == known
            continue
        where = ".".join(map(str, path))

        fits, exceeds = (told(model, placed(path, of_length(kind, bound + each))) for each in (0, 1))

        assert where not in {each for each, _ in fits}, (where, bound)
        assert (where, str(bound)) in exceeds
