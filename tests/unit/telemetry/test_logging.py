"""What a log line holds, and what it never does."""

import json
import subprocess
import sys
from typing import Any

CODE = """
import logging, structlog
from wajah.telemetry.logging import configure
configure("{level}")
{statements}
"""


def lines(statements: str, level: str = "INFO") -> list[dict[str, Any]]:
    code = CODE.format(level=level, statements=statements)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_structlog_and_the_standard_library_write_the_same_json() -> None:
    ours, theirs = lines(
        "structlog.get_logger('a.b').info('job done', stage='embed', ms=1.5)\nlogging.getLogger('c').warning('%s items', 7)"
    )

    assert (ours["event"], ours["level"], ours["logger"], ours["stage"], ours["ms"]) == (
        "job done",
        "info",
        "a.b",
        "embed",
        1.5,
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("7 items", "warning", "c")
    assert ours["timestamp"].endswith("Z")


def test_binaries_are_told_by_size_only() -> None:
    (line,) = lines("structlog.get_logger().info('x', image=b'\\xff\\xd8secret', view=memoryview(b'12'))")

    assert (line["image"], line["view"]) == ("<8 bytes>", "<2 bytes>")


def test_an_exception_is_one_line_with_its_traceback() -> None:
    (line,) = lines("try:\n    1 / 0\nexcept ZeroDivisionError:\n    structlog.get_logger().exception('failed')")

    assert line["event"] == "failed"
    assert "ZeroDivisionError" in line["exception"]


def test_a_refused_payload_is_not_quoted_in_a_traceback() -> None:
    (line,) = lines(
        "from wajah.contracts.jobs import Identify\n"
        "try:\n    Identify(gallery_id=7, image='c2VjcmV0!')\n"
        "except ValueError:\n    structlog.get_logger().exception('failed')"
    )

    assert "gallery_id" in line["exception"]
    assert "input_value" not in line["exception"]


def test_the_level_is_honoured_and_libraries_are_quiet() -> None:
    statements = "\n".join(
        (
            "structlog.get_logger().debug('ours')",
            "logging.getLogger('x').debug('theirs')",
            "logging.getLogger('aiormq').info('chatter')",
        )
    )

    assert lines(statements) == []
    assert [line["event"] for line in lines(statements, "debug")] == ["ours", "theirs"]
