"""What integrators read: the OpenAPI document, and the page that shows it."""

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from ingress import openapi
from ingress.api.face.endpoints import ENDPOINTS
from ingress.api.face.routes import MOUNTS
from ingress.docs_page import FOLDER


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return openapi.document()


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for name in schema["$ref"].removeprefix("#/").split("/"):
        document = document[name]
    return document


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_is_described_with_examples_of_both_sides(
    document: dict[str, Any], mount: str, endpoint: Any
) -> None:
    for path in endpoint.paths:
        for method in endpoint.methods:
            operation = document["paths"][mount + path][method.lower()]
            request = operation["requestBody"]["content"]["application/json"]
            success = operation["responses"]["200"]["content"]["application/json"]
            answer = resolved(document, success["schema"].get("anyOf", [success["schema"]])[0])
            example = success["example"]
            if mount.startswith("/risetai"):
                answer, example = resolved(document, answer["properties"]["risetai"]), example["risetai"]

            endpoint.body.model_validate(request["example"])
            assert list(request["example"]) == list(request["schema"]["properties"])
            assert list(example) == list(answer["properties"])
            assert operation["description"].startswith(endpoint.handle.__doc__)
            assert operation["security"] == [{"Accesstoken": []}]
            assert {"400", "401", "408", "413", "500", "503"} < set(operation["responses"])


def test_fastapis_own_422_appears_nowhere(document: dict[str, Any]) -> None:
    assert "422" not in {
        status for path in document["paths"].values() for each in path.values() for status in each["responses"]
    }
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_operation_ids_are_unique_and_older_names_marked(document: dict[str, Any]) -> None:
    operations = {path: operation for path, methods in document["paths"].items() for operation in methods.values()}
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(ids) == len(set(ids))
    assert [path for path, operation in operations.items() if operation.get("deprecated")] == [
        "/oauth/client/login",
        "/face-api/facegallery/recognize-face",
        "/risetai/face-api/facegallery/recognize-face",
    ]


def test_the_page_asks_nobody_else_for_anything() -> None:
    for name in ("page.html", "page.js", "page.css"):
        text = (FOLDER / name).read_text()

        assert not re.search(r"https?://|//[a-z]+\.|@import|innerHTML|eval\(", text), name


def test_the_committed_document_is_this_one(document: dict[str, Any]) -> None:
    committed = Path(__file__).parents[3] / "docs" / "openapi.json"

    assert json.loads(committed.read_text()) == json.loads(json.dumps(document)), (
        "python -m ingress.openapi > docs/openapi.json"
    )
