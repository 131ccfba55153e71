"""One line of JSON for each event, on standard error, from structlog and the standard library alike."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_NOISY = ("aio_pika", "aiormq", "asyncio", "httpx", "httpcore", "pymongo")


def _without_binaries(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Images and templates never reach a log, whoever passes them."""
    return {
        key: f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray | memoryview) else value
        for key, value in event.items()
    }


def configure(level: str = "INFO") -> None:
    """Call once, at the start of a process. Raises ValueError for an unknown level."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_binaries,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
