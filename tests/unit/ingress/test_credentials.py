import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress.credentials import Credentials, credentials_of

SECRET = "p@ss & wörd=%+ 1"
EXPECTED = Credentials("riset.ai", SECRET)
MULTIPART = (
    '--x-y-z\r\nContent-Disposition: form-data; name="client_id"\r\n\r\nriset.ai\r\n'
    f'--x-y-z\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}\r\n--x-y-z--\r\n'
)


@pytest.mark.parametrize(
    "raw",
    [
        urlencode({"client_id": "riset.ai", "password": SECRET}).encode(),
        b"\r\n" + urlencode({"password": SECRET, "client_id": "riset.ai", "grant_type": "password"}).encode() + b"\r\n",
        json.dumps({"client_id": "riset.ai", "password": SECRET, "more": 1}).encode(),
        MULTIPART.encode(),
    ],
    ids=["URL-encoded", "URL-encoded, with more", "JSON", "multipart"],
)
async def test_a_form_is_told_by_what_it_is(raw: bytes) -> None:
    assert await credentials_of(raw) == EXPECTED


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"client_id=riset.ai",
        b"client_id=riset.ai&password=",
        b"password=x",
        b"\xff\xfe",
        b"{",
        b"{}",
        b'{"client_id": "a", "password": 5}',
        b'{"client_id": null, "password": "x"}',
        b"--",
        b"--x",
        MULTIPART.encode()[:60],
        MULTIPART.replace('name="password"', 'name="password"; filename="p.txt"').encode(),
        b"&".join(b"a%d=1" % number for number in range(50)) + b"&client_id=a&password=b",
    ],
)
async def test_without_both_fields_there_are_no_credentials(raw: bytes) -> None:
    assert await credentials_of(raw) is None


@given(raw=st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"--x\r\n" + tail))
async def test_any_bytes_are_credentials_or_none(raw: bytes) -> None:
    found = await credentials_of(raw)

    assert found is None or all(found)
