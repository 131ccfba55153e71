"""The day that a call counts towards: quotas begin anew at midnight in Jakarta."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

JAKARTA: Final = timezone(timedelta(hours=7), "Asia/Jakarta")  # without daylight saving time since 1964


def quota_day(at: datetime) -> date:
    return at.astimezone(JAKARTA).date()
