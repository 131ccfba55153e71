"""The parts of a multipart body by their names, in any order; what they call themselves otherwise means nothing."""

import re
from collections.abc import Callable
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
        self._data = bytearray()
        self._header = bytearray()
        self._value = bytearray()
        self._name: str | None = None
        self._count = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_to(lambda: self._header, MAX_HEADER_BYTES),
            "on_header_value": self._add_to(lambda: self._value, MAX_HEADER_BYTES),
            "on_header_end": self._header_end,
            "on_part_data": self._add_to(lambda: self._data, None),
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

    def _part_end(self) -> None:
        if self._name:
            self.parts[self._name] = bytes(self._data)

    def _end(self) -> None:
        self.ended = True

    @staticmethod
    def _add_to(where: Callable[[], bytearray], limit: int | None) -> Callable[[bytes, int, int], None]:
        def add(data: bytes, start: int, end: int) -> None:
            where().extend(memoryview(data)[start:end])
            if limit is not None and len(where()) > limit:
                raise Refused(400, BROKEN_MULTIPART)

        return add
