"""Searches the record of calls for people registered at PeduliLindungi and not enrolled here, and lets it grow old."""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Gauge
from wajah.contracts.stages import Stage
from wajah.storage.ports import UpstreamCalls

SETTLED_WITHIN_S: Final = 120.0  # well past the deadline of any job

OPEN: Final = Gauge("wajah_pl_open_registrations", "Accepted by PeduliLindungi, and long since not enrolled here.")

_log = structlog.get_logger(__name__)


async def audit(calls: UpstreamCalls, *, retention_days: float) -> None:
    """One line of the log for each of them; they are never forgotten. Raises StoreUnavailable."""
    now = datetime.now(UTC)
    overdue = await calls.overdue(Stage.PL_REGISTER, now - timedelta(seconds=SETTLED_WITHIN_S))
    OPEN.set(len(overdue))
    for call in overdue:
        _log.error("registered at PeduliLindungi, not enrolled here", job_id=call.job_id, begun_at=call.begun_at.isoformat())
    await calls.forget(now - timedelta(days=retention_days))
