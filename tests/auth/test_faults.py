"""Whatever is wrong with a body or a document is said in Vietnamese too, and nothing that was sent is said again."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import auth
import harvest
from auth.policy.clauses import AgreementDocument, read_document
from core.errors import BadDocument
from core.faults import SHAPES, TEXTS, faults_of
from core.phrases import Phrase
from web.texts import error_texts

MODELS_OF = ("auth.api.", "auth.policy.", "auth.sharing.", "harvest.curation.")
RAISED_BY = {
    "any": set[str](),
    "nullable": set[str](),
    "default": set[str](),
    "model-field": set[str](),
    "no-info": set[str](),
    "definitions": set[str](),
    "definition-ref": set[str](),
    "union": set[str](),
    "model": {"model_type", "model_attributes_type"},
    "model-fields": {"missing", "extra_forbidden", "invalid_key", "model_type", "model_attributes_type"},
    "function-after": {"value_error", "assertion_error"},
    "bool": {"bool_type", "bool_parsing"},
    "date": {"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"},
    "dict": {"dict_type", "invalid_key"},
    "enum": {"enum"},
    "literal": {"literal_error"},
    "float": {"float_type", "float_parsing", "finite_number"},
    "int": {"int_type", "int_parsing", "int_parsing_size", "int_from_float", "greater_than_equal", "less_than_equal"},
    "list": {"list_type", "too_short", "too_long"},
    "str": {
        *("string_type", "string_sub_type", "string_unicode"),
        *("string_too_short", "string_too_long", "string_pattern_mismatch"),
    },
}
"""Types of faults by kind of schema; limits that no model has (``multiple_of``, ``gt``) are refused below."""
LIMITS = {"strict", "min_length", "max_length", "pattern", "strip_whitespace", "ge", "le"}
HOSTILE: list[Any] = [
    *(None, True, -1, 1.5, 10**30, 1e300, "", "x" * 3000, "2025-13-01", "2025-06-30T10:00:00", "NaN", "e\u0301"),
    *(
        [],
        [None],
        ["x"] * 2000,
        {},
        {"khong_co": 1},
        {"one_of": []},
        [{"layer": 1}],
        [[]],
        {"territory": {"units": [0.5]}},
    ),
]


def models() -> list[type[BaseModel]]:
    for package in (auth, harvest):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(each.name)
    return sorted(
        {each for each in _below(BaseModel) if each.__module__.startswith(MODELS_OF)},
        key=lambda each: each.__qualname__,
    )


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema inside one."""
    match node:
        case dict():
            if isinstance(node.get("type"), str):
                yield node
            for each in node.values():
                yield from schemas(each)
        case list() | tuple():
            for each in node:
                yield from schemas(each)
        case _:
            pass


@pytest.mark.parametrize("model", models(), ids=lambda each: each.__qualname__)
def test_each_type_of_fault_that_a_model_can_raise_has_a_text(model: type[BaseModel]):
    found = list(schemas(model.__pydantic_core_schema__))

    kinds = {each["type"] for each in found}
    limits = {key for each in found if each["type"] in ("str", "int", "float", "list", "date", "dict") for key in each}

    assert kinds <= set(RAISED_BY)
    assert {each for kind in kinds for each in RAISED_BY[kind]} | {"json_invalid", "recursion_loop"} <= set(TEXTS)
    assert limits <= LIMITS | {"type", "items_schema", "keys_schema", "values_schema", "ref", "metadata"}


@pytest.mark.parametrize("model", models(), ids=lambda each: each.__qualname__)
def test_what_models_really_raise_is_in_the_table(model: type[BaseModel]):
    bodies = [{name: value} for name in model.model_fields for value in HOSTILE] + HOSTILE

    raised: set[str] = set()
    for each in bodies:
        for text in (json.dumps(each), json.dumps(each)[:-1] + "]"):
            try:
                model.model_validate_json(text, extra="forbid")
            except ValidationError as error:
                raised |= {fault["type"] for fault in error.errors()}

    assert raised <= set(TEXTS)
    assert "json_invalid" in raised


def test_every_text_has_its_vietnamese():
    assert sorted({each.template for each in [*TEXTS.values(), *SHAPES.values()]} - set(error_texts("vi"))) == []


def test_nobody_reads_a_regular_expression():
    patterns = {each["pattern"] for model in models() for each in schemas(model.__pydantic_core_schema__)
                if each["type"] == "str" and "pattern" in each}  # fmt: skip

    assert patterns
    assert patterns <= set(SHAPES)


@pytest.mark.parametrize(("pattern", "shape"), SHAPES.items(), ids=str)
def test_the_example_of_a_shape_fits_it_in_both_languages(pattern: str, shape: Phrase):
    for said in (str(shape), shape.said(error_texts("vi"))):
        assert re.search(pattern, said.rpartition("(")[2].removesuffix(")")), said


def test_faults_are_said_in_vietnamese_with_their_places_and_limits():
    with pytest.raises(BadDocument) as refused:
        read_document(
            AgreementDocument,
            {
                "agreement": "Chữ Hoa",
                "kind": "gi-do",
                "document_sha256": "x",
                "purpose": "",
                "legal_basis": "e\u0301",
                "valid_from": "hôm qua",
                "clauses": [],
                "la": 1,
            },
        )

    texts = error_texts("vi")
    said = {place: problem.said(texts) for place, problem in refused.value.faults}
    assert said == {
        "document": "còn thiếu.",
        "document_sha256": "SHA-256 gồm 64 chữ số thập lục phân viết thường.",
        "purpose": "cần ít nhất 1 ký tự.",
        "legal_basis": "văn bản chưa theo chuẩn Unicode NFC.",
        "valid_from": "phải là ngày, ví dụ 2025-06-30.",
        "clauses": "cần ít nhất 1 mục.",
        "agreement": "phải viết theo dạng chữ thường không dấu và chữ số, nối bằng một dấu gạch ngang (thue-2025).",
        "kind": "phải là một trong các giá trị: 'mac_dinh', 'dac_thu', 'cong_khai'.",
        "la": "không có khóa này.",
    }


def test_what_was_sent_is_not_said_again():
    class Named(BaseModel):
        number: int

    with pytest.raises(ValidationError) as refused:
        Named.model_validate_json('{"number": "bi-mat"}')

    assert "bi-mat" not in str(faults_of(refused.value, whole="body"))
