"""Limits of agreements, and when one ends. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

AGENCIES_PER_PERSON_MAX = 3
MEMBERS_PER_AGENCY_MAX = 2_000
STAFF_PER_AGENCY_MAX = 50
SHARE_BPS_MAX = 9_000
"""A creator always keeps a tenth of the commission."""
NOTICE_DAYS_MAX = 90
NAME_CHARS_MAX = 40


def ends_at(now: datetime, notice_days: int, *, by_agency: bool) -> datetime:
    """A creator leaves after the notice both agreed on; an agency lets a creator go at once.

    The notice protects the agency's investment; releasing somebody harms nobody but the agency itself.
    """
    return now if by_agency else now + timedelta(days=notice_days)


def runs(valid_from: datetime | None, valid_until: datetime | None, at: datetime) -> bool:
    return valid_from is not None and valid_from <= at and (valid_until is None or at < valid_until)
