"""The Dukcapil FR API over HTTP: every documented answer of the search and of its 1:1 sibling."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from wajah.contracts.types import GalleryKey

from tests.integration.dukcapil_caller import NIK, Caller, checked, code_of, found_in, new_caller
from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import picture_text

OTHER_NIK = "3522161234567890"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("dukcapil")) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def caller(running: Platform) -> Caller:
    return await new_caller(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def registry(running: Platform) -> Caller:
    """An institution with two people, who look a little alike."""
    caller = await new_caller(running)
    await caller.enrol(NIK, "siti")
    await caller.enrol(OTHER_NIK, "siti", likeness=0.7)
    return caller


async def test_a_search_tells_who_looks_like_it_best_first(registry: Caller) -> None:
    told = await registry.search("siti")

    assert (told["tid"], told["error"], told["errorCode"]) == ("0211202201", "Sukses", "6018")
    assert told["faceThreshold"] == "7.0"
    scores = found_in(told)
    assert list(scores) == [NIK, OTHER_NIK]
    assert scores[NIK] == 20
    assert 7 <= scores[OTHER_NIK] < 20


async def test_a_face_below_the_threshold_is_not_told(registry: Caller) -> None:
    told = await registry.search("siti", threshold=20)

    assert told["faceThreshold"] == "20.0"
    assert list(found_in(told)) == [NIK]


async def test_a_stranger_is_no_match(registry: Caller) -> None:
    told = await registry.search("somebody else", threshold=15)

    assert (told["errorCode"], found_in(told)) == ("6019", {})


async def test_ten_are_told_at_the_most(running: Platform, caller: Caller) -> None:
    for number in range(12):
        await caller.enrol(f"31750312345678{number:02d}", "siti", likeness=1 - number / 50)

    scores = list(found_in(await caller.search("siti", threshold=1)).values())

    assert len(scores) == 10
    assert scores == sorted(scores, reverse=True)


async def test_nobody_sees_the_gallery_of_another(registry: Caller, caller: Caller) -> None:
    assert code_of(await caller.search("siti")) == 6019
    assert code_of(await caller.verify("siti")) == 6020


async def test_a_gallery_that_is_not_there_holds_nobody(running: Platform, caller: Caller) -> None:
    await running.store.galleries.delete(GalleryKey(caller.institution.client_id, "citizens"), "a job")

    assert code_of(await caller.search("siti")) == 6019
    assert code_of(await caller.verify("siti")) == 6020


async def test_the_nik_and_its_face_are_verified(registry: Caller) -> None:
    told = await registry.verify("siti")

    assert told["error"] == {"errorCode": 6018, "errorMessage": "Sukses"}
    assert (told["verificationResult"], told["matchScore"], told["uid"]) == ("true", "20.0", NIK)
    assert told["transactionId"] == "0211202201"


async def test_the_face_of_somebody_else_is_not_verified(registry: Caller) -> None:
    told = await registry.verify("somebody else", threshold=15)

    assert told["error"]["errorCode"] == 6019
    assert (told["verificationResult"], told["uid"]) == ("false", NIK)
    assert 0 <= float(told["matchScore"]) < 15


async def test_a_nik_that_nobody_has_is_told(registry: Caller) -> None:
    told = await registry.verify("siti", nik="9999999999999999")

    assert told["error"] == {"errorCode": 6020, "errorMessage": "NIK tidak ditemukan"}
    assert (told["verificationResult"], told["matchScore"], told["uid"]) == ("false", "0", "")


@pytest.mark.parametrize("nik", ["x", "317503123456789", "31750312345678901", "٣١٧٥٠٣١٢٣٤٥٦٧٨٩٠", "nobody"])
async def test_what_is_no_nik_is_told_like_one_that_nobody_has(registry: Caller, nik: str) -> None:
    unknown = await registry.verify("siti", nik="9999999999999999")
    told = await registry.verify("siti", nik=nik)

    unlike = {"quotaLimiter"}
    assert {name: told[name] for name in told if name not in unlike} == {
        name: unknown[name] for name in unknown if name not in unlike
    }


async def test_what_is_no_nik_finds_nobody_whoever_is_enrolled(caller: Caller) -> None:
    for user_id in ("nobody", "x"):
        await caller.enrol(user_id, "siti")

        told = await caller.verify("siti", nik=user_id)

        assert (told["error"]["errorCode"], told["uid"], told["matchScore"]) == (6020, "", "0")


async def test_an_undecrypted_nik_is_told_like_one_that_nobody_has(registry: Caller) -> None:
    body = registry.verify_body("siti")

    for encrypted in (registry.body()["password"], body["nik"][:-8] + "AAAAAAA=", "no base64", body["nik"][:40]):
        told = checked(await registry.post(body | {"nik": encrypted}, "CALL_FR"))

        assert (told["error"]["errorCode"], told["uid"]) == (6020, "")


@pytest.mark.parametrize("segment", ["CALL_FN", "call_fn", "Call_Fn"])
async def test_the_method_is_matched_in_any_case(registry: Caller, segment: str) -> None:
    assert code_of(checked(await registry.post(registry.body(), segment))) == 6018


@pytest.mark.parametrize("path", ["{}/call_fr", "dukcapil/{}/Call_Fr"])
async def test_the_sibling_is_found_under_both_paths(registry: Caller, path: str) -> None:
    path = "/api/face-recognition/" + path.format(registry.customer_id)

    told = checked(await registry.platform.http.post(path, json=registry.verify_body()))

    assert told["error"]["errorCode"] == 6018


@pytest.mark.parametrize("threshold", [1, 20, "1", "20", 7.5, "7.5", " 7 "])
async def test_a_threshold_from_1_to_20_is_accepted_as_a_number_or_text(registry: Caller, threshold: Any) -> None:
    assert (await registry.search(threshold=threshold))["faceThreshold"] == str(float(threshold))
    assert code_of(await registry.verify(threshold=threshold)) == 6018


@pytest.mark.parametrize("threshold", [0, 0.99, 20.01, 21, -5, "0", "21", "abc", "1e1", "NaN", "٧", "1_0"])
async def test_another_threshold_is_refused_in_the_shape_of_the_sibling(registry: Caller, threshold: Any) -> None:
    left = int((await registry.verify())["quotaLimiter"])

    for told in (await registry.search(threshold=threshold), await registry.verify(threshold=threshold)):
        assert told["error"] == {"errorCode": 5005, "errorMessage": "Threshold tidak sesuai."}
        assert (told["matchScore"], told["verificationResult"]) == ("0", "false")
        assert int(told["quotaLimiter"]) == left


_FIELDS = ("transactionId", "transactionSource", "threshold", "image", "user_id", "password", "ip")


@pytest.mark.parametrize("absent", ["", None])
@pytest.mark.parametrize("name", _FIELDS)
async def test_a_search_without_a_parameter_is_told_so(registry: Caller, name: str, absent: str | None) -> None:
    body = {key: value for key, value in registry.body().items() if key != name}

    for sent in (body, body | {name: absent}):
        told = checked(await registry.post(sent))

        assert (told["tid"], told["error"], told["errorCode"]) == (None, "Parameter tidak sesuai", "5004")
        assert told["faceThreshold"] == "0"
        assert "response" not in told


@pytest.mark.parametrize("name", [*_FIELDS, "nik", "type", "position", "customer_id"])
async def test_a_verification_without_a_parameter_is_told_so(registry: Caller, name: str) -> None:
    body = {key: value for key, value in registry.verify_body().items() if key != name}

    for sent in (body, body | {name: None}, body | {name: ""}):
        assert checked(await registry.post(sent, "CALL_FR"))["error"]["errorCode"] == 5004


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transactionId", "x" * 21),
        ("transactionSource", "x" * 51),
        ("ip", "1" * 46),
        ("type", "Finger"),
        ("position", "L"),
        ("customer_id", "somebody else"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_told_so(registry: Caller, name: str, value: str) -> None:
    assert checked(await registry.post(registry.verify_body() | {name: value}, "CALL_FR"))["error"]["errorCode"] == 5004


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transactionId", ["1"]),
        ("transactionId", "a\nb"),
        ("transactionSource", True),
        ("threshold", [7]),
        ("threshold", True),
        ("image", 7),
        ("image", "no base64!"),
        ("image", "aGVsbG8="),
        ("user_id", 7),
        ("password", {}),
    ],
)
async def test_a_value_of_another_form_is_told_so(registry: Caller, name: str, value: Any) -> None:
    searched = checked(await registry.post(registry.body() | {name: value}))
    verified = checked(await registry.post(registry.verify_body() | {name: value}, "CALL_FR"))

    assert (searched["errorCode"], verified["error"]["errorCode"]) == ("6006", 6006)


@pytest.mark.parametrize("raw", [b"", b"no JSON", b"[]", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b"{'a': 1}"])
async def test_what_is_no_json_object_is_told_so(registry: Caller, raw: bytes) -> None:
    for segment, code in (("CALL_FN", "6006"), ("CALL_FR", 6006)):
        path = f"/api/face-recognition/{registry.customer_id}/{segment}"

        told = checked(await registry.platform.http.post(path, content=raw))

        assert code in {told.get("errorCode"), told["error"]["errorCode"] if segment == "CALL_FR" else None}


async def test_the_documents_own_body_ends_in_a_comma(registry: Caller) -> None:
    text = ",".join(f'"{name}":"{value}"' for name, value in registry.body().items())
    path = f"/api/face-recognition/{registry.customer_id}/CALL_FN"

    told = checked(await registry.platform.http.post(path, content=f"{{{text},\n}}"))

    assert told["errorCode"] == "6018"


@pytest.mark.parametrize("how", [{"damaged": True}, {"small": True}, {"person": None}])
async def test_a_picture_that_cannot_be_used_is_told_so(registry: Caller, how: dict[str, Any]) -> None:
    image = picture_text(**({"person": "siti"} | how))

    searched, verified = await registry.search(image=image), await registry.verify(image=image)

    assert (searched["errorCode"], found_in(searched), searched["faceThreshold"]) == ("6015", {}, "7.0")
    assert (verified["error"]["errorCode"], verified["verificationResult"]) == (6015, "false")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/face-recognition/{}/CALL_FN"),
        ("PUT", "/api/face-recognition/dukcapil/{}/CALL_FR"),
        ("POST", "/api/face-recognition/{}/CALL_XX"),
        ("POST", "/api/face-recognition/{}"),
        ("POST", "/api/face-recognition/{}/CALL_FN/"),
        ("POST", "/api/face-recognition//CALL_FN"),
        ("POST", "/api/face-recognition"),
    ],
)
async def test_http_is_200_whatever_is_asked(registry: Caller, method: str, path: str) -> None:
    answer = await registry.platform.http.request(method, path.format(registry.customer_id), json=registry.body())

    assert code_of(checked(answer)) == 5004


async def test_whatever_a_field_holds_the_answer_has_a_documented_shape(registry: Caller) -> None:
    values: list[Any] = [
        0,
        -1,
        1e308,
        True,
        "",
        " ",
        "\x00",
        "é漢😀",
        "x" * 5000,
        [],
        {},
        [[]],
        {"a": None},
        "7",
        "AAAA",
        None,
    ]
    body = registry.verify_body()

    for name, value in ((name, value) for name in body for value in values):
        for segment in ("CALL_FN", "CALL_FR"):
            told = checked(await registry.post(body | {name: value}, segment))

            assert code_of(told) in {5001, 5004, 5005, 6006, 6018, 6020}, (name, value)


async def test_the_same_transaction_may_come_again_and_counts_again(registry: Caller) -> None:
    body = registry.verify_body()

    first, second = [checked(await registry.post(body, "CALL_FR")) for _ in range(2)]

    assert (first["error"], first["matchScore"]) == (second["error"], second["matchScore"])
    assert int(first["quotaLimiter"]) - int(second["quotaLimiter"]) == 1


async def test_a_key_of_before_works_during_the_overlap_and_not_after_it(caller: Caller) -> None:
    later = await caller.with_new_key(overlap=timedelta(hours=1))
    during = [code_of(await each.search("siti")) for each in (caller, later)]
    latest = await caller.with_new_key(overlap=timedelta(0))

    assert during == [6019, 6019]
    assert [code_of(await each.search("siti")) for each in (caller, later, latest)] == [5001, 5001, 6019]
    assert code_of(await latest.verify("siti")) == 6020
