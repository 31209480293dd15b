"""Every error that a client can meet is written in Vietnamese too: its template stands in the file of translations."""

import ast
import json
import string
from http import HTTPStatus
from pathlib import Path

import pytest

from core import errors
from core.phrases import Phrase
from web.texts import error_texts

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "core",
    "catalogue",
    "database",
    "query",
    "auth",
    "formats",
    "harvest",
    "providers",
    "openapi",
    "web",
    "server",
)
UNREACHABLE = (errors.StartRefused, errors.LoadRefused)
"""Errors of the start and of the command line; no answer carries them."""
JSON_FAULTS = ("{", '{"a"', '{"a":1', "[1", "[1 2]", '"', '"\\x"', '"\\u12"', '"\x01"', "1 2", '{"a":1,}', "[1,]", "x")

OF_OTHERS = {  # other versions of Python say these
    "Content Too Large",
    "Request Entity Too Large",
    "Illegal trailing comma before end of array",
    "Illegal trailing comma before end of object",
}


def kinds(base=errors.DatdaiError):
    return {base.__name__: base} | {name: each for sub in base.__subclasses__() for name, each in kinds(sub).items()}


REACHABLE = {name: kind for name, kind in kinds().items() if not issubclass(kind, UNREACHABLE)}


class Unreadable(Exception):
    """A text that is put together where it is raised: no translation can find it."""


class Module:
    """One source file: the templates that its errors and phrases may have."""

    def __init__(self, source, name):
        self.tree = ast.parse(source)
        self.name = name
        self.constants = {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }

    def templates(self):
        for node in ast.walk(self.tree):
            match node:
                case ast.Call(func=ast.Name(id="Phrase" | "phrase"), args=[first, *_]):
                    yield from self.read(first)
                case ast.Call(func=ast.Name(id="BadParameter"), args=[_, *texts]):
                    yield from (text for each in texts for text in self.read(each))
                case ast.Call(func=ast.Name(id=name), args=[first, *values]) if name in REACHABLE:
                    if name not in {
                        "MethodNotAllowed",
                        "BadBody",
                        "BadDocument",
                        "InsufficientScope",
                        "Gone",
                    }:  # their texts stand in core.errors
                        self.refuse_words(values)
                        yield from self.read(first)
                case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))), args=[first, *_]):
                    yield from self.read_own(first)
                case ast.FunctionDef(name="__init__") if self.name == "core/errors.py":
                    yield from (
                        each.value for each in node.args.defaults if isinstance(each, ast.Constant) and each.value
                    )
                case _:
                    pass

    def read_own(self, first):
        return self.read(first) if self.name == "core/errors.py" and isinstance(first, ast.Constant) else ()

    def refuse_words(self, values):
        if any(isinstance(each, ast.Constant | ast.JoinedStr) for each in values):
            raise Unreadable(f"{self.name}: words among the values; make them a Phrase")

    def read(self, node):
        match node:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.IfExp(body=one, orelse=other):
                return [*self.read(one), *self.read(other)]
            case ast.Name(id=name) if name in self.constants:
                return self.read(self.constants[name])
            case ast.Call(func=ast.Name(id="Phrase" | "alternatives")) | ast.Subscript():
                return []  # read where the phrase is made
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=", "), attr="join")):
                return []  # names, the same in every language
            case ast.Name(id="allowed" | "template" | "problem" | "text") | ast.Attribute(attr="msg" | "phrase"):
                return []  # handed on; what json and HTTP say is proved below
            case _:
                raise Unreadable(f"{self.name}:{node.lineno}: {ast.unparse(node)}")


def modules():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield Module(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def json_messages():
    for text in JSON_FAULTS:
        with pytest.raises(json.JSONDecodeError) as refused:
            json.loads(text)
        yield refused.value.msg


def in_use():
    phrases = {HTTPStatus(status).phrase for status in (*errors.STATUS.values(), 500)}
    return {text for module in modules() for text in module.templates()} | phrases | set(json_messages()) | OF_OTHERS


def fields(template):
    found = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    return sorted(name or str(number) for number, name in enumerate(found))


def test_every_error_that_a_client_can_meet_is_written_in_vietnamese():
    assert sorted(in_use() - set(error_texts("vi"))) == []


def test_every_translation_is_of_a_text_in_use():
    assert sorted(set(error_texts("vi")) - in_use()) == []


def test_a_translation_has_the_values_of_its_original():
    assert [each for each, text in error_texts("vi").items() if fields(each) != fields(text)] == []


def test_errors_need_no_translation_into_english():
    assert error_texts("en") == {}


@pytest.mark.parametrize(
    "source",
    [
        'raise BadFilter(f"no {name}.")',
        'raise NotAcceptable("Offered: " + names)',
        'raise BadParameter("f", "wrong.", f"1 to {most}")',
        'raise BadFilter("{} is wanted.", "a text")',
        "raise Unavailable(text_of(error))",
    ],
)
def test_a_text_put_together_where_it_is_raised_is_found_out(source):
    with pytest.raises(Unreadable):
        list(Module(source, "x.py").templates())


def test_a_new_text_is_found_in_each_place_where_it_can_stand():
    source = (
        'A = "one"\nraise BadFilter(A)\nraise BadParameter("f", "two", Phrase("three {}", (1,)))\nBadRequest("4")\n'
    )

    assert sorted(Module(source, "x.py").templates()) == ["4", "one", "three {}", "two"]


def test_phrases_inside_a_phrase_are_translated_and_values_are_not():
    said = errors.BadParameter("limit", "not a whole number in range.", Phrase("{} to {}", (1, 10_000)))

    assert str(said) == "limit: not a whole number in range. Allowed: 1 to 10000."
    assert said.text.said(error_texts("vi")) == (
        "limit: phải là số nguyên trong phạm vi cho phép. Giá trị hợp lệ: từ 1 đến 10000."
    )


def test_braces_of_a_client_stay_as_they_are():
    refused = errors.BadFilter("{} is not expected here.", '"{0}{x}"')

    assert str(refused) == 'filter: "{0}{x}" is not expected here.'
