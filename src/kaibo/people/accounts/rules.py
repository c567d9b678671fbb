"""Phones, nicknames, limits of codes and passwords: pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

NICKNAME_CHARS_MAX = 20
CODE_DIGITS = 6
CODE_TRIES_MAX = 5
CODE_GAP_SECONDS = 60
CODES_PER_PHONE_HOUR_MAX = 5
CODES_PER_PHONE_DAY_MAX = 10
CODES_PER_IP_HOUR_MAX = 30
CODES_PER_IP_DAY_MAX = 100
LOGINS_PER_PERSON_MAX = 20
PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 128
STAFF_FAILURES_MAX = 5
STAFF_LOCK_SECONDS = 900
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400

_PHONE = re.compile(r"1[3-9][0-9]{9}")
_USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,31}")
# whole bytes, and at least 112 bits (RFC 4226, 4, R6 asks for 128; NIST SP 800-63B for 112)
_BASE32 = re.compile(r"(?=[A-Z2-7]{24,64}$)([A-Z2-7]{8})+([A-Z2-7]{2}|[A-Z2-7]{4}|[A-Z2-7]{5}|[A-Z2-7]{7})?")


def phone_number(written: str) -> str | None:
    """The eleven digits of a mainland mobile number, however it is written (+86, spaces, dashes); None if it is none."""
    digits = re.sub(r"[\s\-()（）]", "", unicodedata.normalize("NFKC", written))
    digits = re.sub(r"^(\+|00)86", "", digits)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits if _PHONE.fullmatch(digits) else None


def mask_phone(phone: str | None) -> str:
    """`13812341234` -> `138****1234`"""
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""


def nickname(wished: str) -> str | None:
    """The nickname with its spaces tidied, or None: empty, too long, or with characters that cannot be seen."""
    tidy = " ".join(unicodedata.normalize("NFC", wished).split())
    if not tidy or len(tidy) > NICKNAME_CHARS_MAX:
        return None
    # C*: control, format (zero-width, bidi overrides), unassigned; they let one name pass for another
    return None if any(unicodedata.category(c).startswith("C") for c in tidy) else tidy


def staff_problem(username: str, password: str, totp_secret: str | None, roles: tuple[str, ...]) -> str | None:
    """What is wrong with a staff account to be made, in words; None if nothing."""
    if not _USERNAME.fullmatch(username):
        return "the user name needs 3–32 characters: a–z, 0–9, '_', '.', '-', and a letter first"
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"the password needs {PASSWORD_CHARS_MIN}–{PASSWORD_CHARS_MAX} characters"
    if username in password.lower():
        return "the password must not contain the user name"
    if totp_secret is not None and not _BASE32.fullmatch(totp_secret):
        return "the TOTP secret needs 24–64 characters of base32 (A–Z, 2–7), best 32"
    if not roles or any(role not in ("operator", "reviewer") for role in roles):
        return "roles: operator, reviewer, or both"
    return None


@dataclass(frozen=True)
class Window:
    """At most `most` in the last `seconds`; `per` says what is counted."""

    per: str
    seconds: int
    most: int


def code_windows(scale: float) -> tuple[Window, ...]:
    """The limits on one-time codes, multiplied by the installation's rate_limit_scale."""
    return (
        Window("phone", HOUR_SECONDS, max(1, int(CODES_PER_PHONE_HOUR_MAX * scale))),
        Window("phone", DAY_SECONDS, max(1, int(CODES_PER_PHONE_DAY_MAX * scale))),
        Window("ip", HOUR_SECONDS, max(1, int(CODES_PER_IP_HOUR_MAX * scale))),
        Window("ip", DAY_SECONDS, max(1, int(CODES_PER_IP_DAY_MAX * scale))),
    )


def code_gap_seconds(scale: float) -> int:
    return max(1, int(CODE_GAP_SECONDS / scale))
