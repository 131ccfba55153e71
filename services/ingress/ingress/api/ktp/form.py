"""The parts of a multipart body by their names, in any order; what they call themselves otherwise means nothing."""

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ingress.api.ktp.refusals import BROKEN_MULTIPART, NOT_MULTIPART, Refused

if TYPE_CHECKING:  # the library has the type for checkers only
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS: Final = 32
MAX_HEADER_BYTES: Final = 1024  # a part's name, and a file's

_BOUNDARY: Final = re.compile(rb"[\x21-\x7e ]{1,70}")  # RFC 2046, section 5.1.1, and some more


def parts_of(body: bytes, content_type: str) -> dict[str, bytes]:
    """Of several parts of one name the last counts. Raises Refused 415 for another kind of body, 400 for a broken one."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise Refused(415, NOT_MULTIPART)
    collector = _Collector()
    parser = MultipartParser(boundary, collector.callbacks())
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Refused(400, BROKEN_MULTIPART) from None
    if not collector.ended:
        raise Refused(400, BROKEN_MULTIPART)
    return collector.parts


class _Collector:
    """What the parser tells on its way through the body."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}
        self.ended = False
        self._data: list[memoryview] = []
        self._header = bytearray()
        self._value = bytearray()
        self._name: str | None = None
        self._count = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": partial(_add, self._header),
            "on_header_value": partial(_add, self._value),
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise Refused(400, BROKEN_MULTIPART)
        self._name = None
        self._data.clear()

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header.clear()
        self._value.clear()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(memoryview(data)[start:end])  # copied once, at the end: pictures are large

    def _part_end(self) -> None:
        if self._name:
            self.parts[self._name] = b"".join(self._data)

    def _end(self) -> None:
        self.ended = True


def _add(text: bytearray, data: bytes, start: int, end: int) -> None:
    """Raises Refused for a header that is longer than any we have use for."""
    text += data[start:end]
    if len(text) > MAX_HEADER_BYTES:
        raise Refused(400, BROKEN_MULTIPART)
