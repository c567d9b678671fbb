"""Providers say yuan in text, "29.90", and Beijing time without a zone. Here they become fen and instants, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

YUAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?")
CHINA = timezone(timedelta(hours=8))
PATTERN = "%Y-%m-%d %H:%M:%S"


def fen_of(yuan: str) -> int:
    """ "29.9" -> 2990, without a float in between. Raises ValueError."""
    found = YUAN.fullmatch(yuan.strip())
    if found is None:
        raise ValueError(f"{yuan!r} is no amount in yuan")
    sign, whole, part = found.groups()
    fen = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return -fen if sign else fen


def moment_of(text: str) -> datetime:
    """ "2026-11-23 19:03:07" in Beijing, as an instant. Raises ValueError."""
    return datetime.strptime(text.strip()[:19], PATTERN).replace(tzinfo=CHINA).astimezone(UTC)


def beijing(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime(PATTERN)
