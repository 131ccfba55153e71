"""How the OpenAPI document tells of Users 1:N."""

from typing import Any

import jsonschema_rs
import pytest
from ingress import openapi
from ingress.api.users.bodies import FaceBody, SearchBody
from ingress.api.users.problem import TITLES

CALLS = {
    f"/users{listed}{segment}": methods
    for listed in ("", "/blacklist", "/whitelist")
    for segment, methods in (("/search", {"post"}), ("/{userId}", {"post", "delete"}))
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, document["paths"][path][method]) for path, methods in CALLS.items() for method in methods]


def test_every_documented_call_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    assert {path: set(document["paths"][path]) for path in document["paths"] if path.startswith("/users")} == CALLS
    for path, operation in operations(document):
        assert operation["security"] == [{"x-api-key": []}]
        assert ("userId" in {each["name"] for each in operation["parameters"]}) == ("{userId}" in path)
    assert document["components"]["securitySchemes"]["x-api-key"]["in"] == "header"


def test_every_refusal_is_an_example_of_the_problem(document: dict[str, Any]) -> None:
    for _, operation in operations(document):
        refusals = {int(status): told for status, told in operation["responses"].items() if status != "200"}
        assert {400, 401, 403, 429, 500, 503} <= refusals.keys() <= TITLES.keys()
        for status, told in refusals.items():
            content = told["content"]["application/json"]
            jsonschema_rs.validate(content["schema"], content["example"])
            assert content["example"]["status"] == status


def test_bodies_and_the_answer_of_a_search_are_shown_as_they_are(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        if "requestBody" in operation:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            (SearchBody if path.endswith("/search") else FaceBody).model_validate(example)
        success = operation["responses"]["200"]
        assert ("content" in success) == path.endswith("/search")
        if "content" in success:
            content = success["content"]["application/json"]
            schema = {"$ref": content["schema"]["$ref"], "components": document["components"]}
            jsonschema_rs.validate(schema, content["example"])
            jsonschema_rs.validate(schema, {"matches": [{"similarity": 81.5}]})
            with pytest.raises(jsonschema_rs.ValidationError):
                jsonschema_rs.validate(schema, {"matches": [{"userId": "x", "similarity": 101}]})
