"""Times as the documents show them: China Standard Time, which has had no daylight saving since 1991."""

import time
from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, CHINA).isoformat()


def stamp(ms: int, pattern: str) -> str:
    return datetime.fromtimestamp(ms // 1000, CHINA).strftime(pattern)


def day_bounds_ms(day: date) -> tuple[int, int]:
    """First millisecond of the day, and of the next one."""
    start = datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)
    return int(start.timestamp() * 1000), int((start + timedelta(days=1)).timestamp() * 1000)
