"""HTTP to PeduliLindungi: what goes wrong on the way has the codes of the status table."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import to_json
from wajah.upstream import faults, transport
from wajah.upstream.transport import Received

from pedulilindungi.faults import Malformed, NoResponse, Unreachable
from pedulilindungi.settings import PeduliLindungiSettings

MAX_ANSWER_BYTES: Final = 65_536  # a check-in's answer has some 500

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Transport:
    """`wajah.upstream.transport.Transport`, with PeduliLindungi's address."""

    def __init__(self, settings: PeduliLindungiSettings) -> None:
        self._transport = transport.Transport(
            settings.pl_url,
            at_once=settings.pl_at_once,
            max_bytes=MAX_ANSWER_BYTES,
            ca_file=settings.pl_ca_file,
            http2=True,
        )

    async def post(
        self,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        bearer: str = "",
    ) -> Received:
        """The answer; how long to wait is up to the caller. Raises Unreachable, NoResponse, Malformed."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            if form is not None:
                return await self._transport.post(path, urlencode(form).encode(), headers | _FORM)
            return await self._transport.post(path, to_json(json), headers)
        except faults.Unreachable:
            raise Unreachable from None
        except faults.NoResponse:
            raise NoResponse from None
        except faults.Unreadable:
            raise Malformed from None

    async def close(self) -> None:
        await self._transport.close()
