"""Identity numbers (GB 11643-1999), ages, masks and freshness. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from kaibo.people.contracts import RealnameState

YEARS_MIN = 16
YEARS_ALONE = 18
RENEW_BEFORE_DAYS = 30
NAME_CHARS_MAX = 40

BEIJING = timezone(timedelta(hours=8))

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SHAPE = re.compile(r"[1-9][0-9]{5}[0-9]{8}[0-9]{3}[0-9X]")
# first two digits: GB/T 2260 provinces; 83 stands for residence permits of people from Taiwan
_PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·]{2,40}|[A-Za-z][A-Za-z .'-]{1,39}")


def id_check_character(first_17: str) -> str:
    """GB 11643-1999, 3.4 (ISO 7064, MOD 11-2)."""
    return _CHECK[sum(w * int(c) for w, c in zip(_WEIGHTS, first_17, strict=True)) % 11]


def id_number(written: str) -> str | None:
    """The number in capitals without spaces; None for a wrong shape, province, birthday or check character."""
    number = re.sub(r"\s", "", written).upper()
    if not _SHAPE.fullmatch(number) or not _PROVINCES.fullmatch(number[:2]) or _birth(number) is None:
        return None
    return number if id_check_character(number[:17]) == number[17] else None


def birth_of(number: str) -> date:
    """The birthday inside a number that `id_number` has passed."""
    born = _birth(number)
    assert born is not None
    return born


def _birth(number: str) -> date | None:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return born if born.year >= 1900 else None


def years_old(born: date, at: datetime) -> int:
    """Full years at this instant by the Chinese calendar day. Born on 29 February: a year older on 1 March."""
    today = at.astimezone(BEIJING).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def real_name(written: str) -> str | None:
    tidy = " ".join(written.replace("•", "·").replace("．", "·").split())
    return tidy if _NAME.fullmatch(tidy) else None


def mask_name(name: str) -> str:
    """`欧阳修` -> `欧**`"""
    return name[:1] + "*" * (len(name) - 1)


def mask_number(number: str) -> str:
    """`33088119900307001X` -> `330***********001X`"""
    return number[:3] + "*" * 11 + number[-4:]


@dataclass(frozen=True)
class Record:
    """One submission, as far as the state depends on it."""

    state: str
    submitted_at: datetime
    decided_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Standing:
    state: RealnameState
    verified_at: datetime | None = None
    fresh_until: datetime | None = None
    reason: str | None = None


def standing_of(records: list[Record], at: datetime, fresh_days: int) -> Standing:
    """The state out of all submissions of a person. Verified lasts `fresh_days`; a renewal in review does not shorten it."""
    verified = next((r for r in records if r.state == "verified" and r.decided_at), None)
    last = max(records, key=lambda r: r.submitted_at, default=None)
    verified_at = verified.decided_at if verified else None
    fresh_until = verified_at + timedelta(days=fresh_days) if verified_at else None
    if fresh_until and at <= fresh_until:
        return Standing("verified", verified_at, fresh_until)
    if any(r.state == "pending" for r in records):
        return Standing("pending", verified_at, fresh_until)
    if last and last.state == "refused":
        return Standing("refused", verified_at, fresh_until, last.reason)
    return Standing("stale" if verified else "none", verified_at, fresh_until)


def renew_from(fresh_until: datetime) -> datetime:
    return fresh_until - timedelta(days=RENEW_BEFORE_DAYS)
