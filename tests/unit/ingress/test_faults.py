import json
from typing import Any

import pytest
from ingress.faults import HttpFault, error_response, fault_response, json_response
from wajah.contracts.errors import Code, WajahError


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/face-api/compare-images", {"status": "404", "status_message": "gone"}),
        ("/nowhere", {"status": "404", "status_message": "gone"}),
        ("/risetai", {"risetai": {"status": "404", "status_message": "gone"}}),
        ("/risetai/face-api/compare-images", {"risetai": {"status": "404", "status_message": "gone"}}),
        ("/risetainment", {"status": "404", "status_message": "gone"}),
        ("/oauth/client/token", {"status_code": 404, "status_message": "gone"}),
    ],
)
def test_an_error_has_the_shape_of_its_path(path: str, body: dict[str, Any]) -> None:
    response = fault_response(path, HttpFault(404, "gone"))

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.body) == body


@pytest.mark.parametrize("code", list(Code))
def test_only_what_never_reached_the_api_has_another_http_status(code: Code) -> None:
    outside = {"401": 401, "404": 404, "405": 405, "500": 500, "503": 503}

    response = error_response("/face-api/compare-images", WajahError(code))

    assert response.status_code == outside.get(code.value, 200)
    assert json.loads(response.body)["status"] == code.value


@pytest.mark.parametrize(("hint", "header"), [(None, "1"), (0.2, "1"), (1.0, "1"), (7.1, "8")])
def test_a_busy_answer_says_when_to_come_back(hint: float | None, header: str) -> None:
    response = error_response("/face-api/compare-images", WajahError(Code.BUSY, retry_after_s=hint))

    assert response.headers["retry-after"] == header


def test_an_answer_is_wrapped_where_its_path_asks_for_it() -> None:
    assert json_response("/face-api/x", b'{"a":1}').body == b'{"a":1}'
    assert json_response("/risetai/face-api/x", b'{"a":1}').body == b'{"risetai":{"a":1}}'
