"""What the platform's errors are called under `/users`."""

from http import HTTPStatus

import pytest
from ingress.api.users.problem import TITLES, Problem, problem_of, problem_response
from ingress.api.users.refusals import problem_for
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import GalleryNotFound, NotRegistered, Quota, QuotaUsedUp, UserExists, UserNotFound


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.SUCCESS])
def test_every_error_of_the_platform_is_a_documented_problem(code: Code) -> None:
    problem = problem_for(WajahError(code))

    assert problem.status in TITLES
    assert (problem.status in {400, 403}) == bool(problem.errors)


@pytest.mark.parametrize(
    ("error", "status", "errors"),
    [
        (UserExists(), 400, ("provided userId already exists",)),
        (WajahError(Code.MALFORMED, "something else"), 400, ("something else",)),
        (WajahError(Code.FACE_NOT_DETECTED), 400, ("no face detected in the provided image",)),
        (WajahError(Code.SEVERAL_FACES), 400, ("more than one face detected in the provided image",)),
        (UserNotFound(), 404, ()),
        (GalleryNotFound(), 404, ()),
        (QuotaUsedUp(Quota.FACES), 403, ("Requested resource denied: n_face used up",)),
        (NotRegistered(), 403, ("Requested resource denied: client not registered",)),
        (WajahError(Code.UNAUTHORIZED), 401, ()),
    ],
)
def test_an_error_has_its_status_and_its_words(error: WajahError, status: int, errors: tuple[str, ...]) -> None:
    problem = problem_for(error)

    assert (problem.status, problem.errors) == (status, errors)


@pytest.mark.parametrize(("seconds", "told"), [(None, "1"), (0.2, "1"), (6.5, "7")])
def test_a_busy_platform_tells_when_to_come_back(seconds: float | None, told: str) -> None:
    response = problem_response(problem_for(WajahError(Code.BUSY, retry_after_s=seconds)))

    assert response.status_code == 503
    assert response.headers["retry-after"] == told


def test_the_problem_is_the_documents() -> None:
    assert problem_of(400, ["provided userId already exists"]) == {
        "status": 400,
        "title": "Bad Request",
        "detail": "Invalid request.",
        "type": "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/400",
        "errors": ["provided userId already exists"],
    }
    assert problem_of(404) == {
        "status": 404,
        "title": "Not Found",
        "detail": "Server cannot find the requested resource.",
        "type": "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/404",
    }
    assert problem_response(Problem(404)).media_type == "application/json"


@pytest.mark.parametrize("status", TITLES)
def test_titles_are_those_of_http(status: int) -> None:
    assert TITLES[status][0] == HTTPStatus(status).phrase.replace("Request Entity Too Large", "Content Too Large")
