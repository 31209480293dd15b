"""The API document taken at its word: requests made from it get answers that it describes."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks, openapi

COLLECTION = "/collections/thua-dat"
PATHS = [
    "/",
    "/conformance",
    "/api",
    "/collections",
    COLLECTION,
    f"{COLLECTION}/schema",
    f"{COLLECTION}/queryables",
    f"{COLLECTION}/sortables",
    f"{COLLECTION}/items",
    f"{COLLECTION}/items/{{itemId}}",
    f"{COLLECTION}/export",
    "/collections/don-vi-hanh-chinh/items",
    "/collections/ho-so/items",
]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
examples = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(api: Any) -> Any:
    """The document over the application, without the 25 collections that are like the three here."""
    document = api.json("/api")
    document["paths"] = {path: document["paths"][path] for path in PATHS}
    document["servers"] = [{"url": "/"}]
    schema = openapi.from_dict(document)
    schema.app = api.client.application
    return schema


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_what_the_document_describes_is_what_happens(described: Any, path: str, mode: str) -> None:
    requests = described[path]["GET"].as_strategy(generation_mode=schemathesis.GenerationMode(mode))

    @examples
    @given(case=requests)
    def answers_as_described(case: schemathesis.Case) -> None:
        case.validate_response(case.call(headers={"Accept-Encoding": "identity"}), checks=CHECKS)

    answers_as_described()


def test_the_document_is_small_enough_to_be_read(api: Any) -> None:
    assert len(json.dumps(api.json("/api"))) < 1_500_000
