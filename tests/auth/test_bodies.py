"""Bodies of the admin API: every text and every list of each is bounded, whatever its model says."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel

import auth.api
from auth.api.http import body
from auth.policy.clauses import AgreementDocument, read_document
from core.errors import BadBody, BadDocument
from core.limits import LIMITS

LONG = "a" * (LIMITS.admin_text_max + 1)
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
