"""What a chat line may be, and how often. Pure functions of values."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

CHAT_CHARS_MAX = 100
CHAT_LINES_PER_SECOND = 1
CHAT_BURST_LINES = 3
CHAT_REPEAT_SECONDS = 10
SLOW_MODE_SECONDS_MAX = 600
MUTE_MINUTES_MAX = 7 * 24 * 60
COMBINING_MARKS_MAX = 3

# Letters and marks that paint nothing (Unicode Default_Ignorable_Code_Point outside category Cf, and the Braille blank).
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})

_PLAIN = {ord(c) + 0xFEE0: c for c in string.ascii_letters + string.digits}
"""Full-width letters and digits, as they are typed to get round a filter."""


def clean(text: str) -> str:
    """The line as it is shown: NFC, plain letters and digits, one space between words, nothing that cannot be seen.

    Not NFKC as a whole: it would turn the Chinese ？ and ， into the ASCII ones.

    Control, bidirectional and zero-width characters, private use, lone surrogates and noncharacters go; more than three
    combining marks on a letter go. Idempotent: clean(clean(x)) == clean(x).
    """
    while True:
        # Removing a joiner can bring two characters together that normalisation then composes: repeat until nothing moves.
        once = _thin(unicodedata.normalize("NFC", _visible(text).translate(_PLAIN)))
        if once == text:
            return once
        text = once


def _visible(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or not _dropped(c))


def _dropped(c: str) -> bool:
    return unicodedata.category(c) in _DROPPED_CATEGORIES or c in _BLANK or _is_noncharacter(ord(c))


def _is_noncharacter(point: int) -> bool:
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def _thin(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for c in " ".join(text.split()):
        marks = marks + 1 if unicodedata.combining(c) else 0
        if marks <= COMBINING_MARKS_MAX:
            kept.append(c)
    return "".join(kept)


def is_blank(text: str) -> bool:
    """Whether nothing of a cleaned line would be seen (variation selectors and marks alone paint nothing)."""
    return not any(unicodedata.category(c)[0] in "LNPS" for c in text)


def wait_for_rate(said_at: Sequence[datetime], now: datetime, burst_lines: int = CHAT_BURST_LINES) -> int:
    """Seconds to wait before the next line, 0 where it may be said now: at most `burst_lines` in any window of as many seconds.

    `said_at` holds the times of this person's newest lines, newest first.
    """
    if len(said_at) < burst_lines:
        return 0
    free_at = said_at[burst_lines - 1] + timedelta(seconds=burst_lines / CHAT_LINES_PER_SECOND)
    return max(0, ceil((free_at - now).total_seconds()))


def wait_for_slow_mode(said_at: Sequence[datetime], now: datetime, slow_mode_seconds: int) -> int:
    """Seconds until slow mode lets this person speak again, 0 where it does now."""
    if not said_at or not slow_mode_seconds:
        return 0
    return max(0, ceil((said_at[0] + timedelta(seconds=slow_mode_seconds) - now).total_seconds()))


def mask_name(name: str) -> str:
    """`王小明` -> `王**`: a buyer is thanked without being named."""
    return f"{name[:1] or '*'}**"
