"""Licence numbers: the unified social credit code of GB 32100-2015. Pure."""

from __future__ import annotations

import re

MERCHANTS_PER_PERSON_MAX = 5
REASON_CHARS_MAX = 300

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(rf"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}")


def licence_check_character(first_17: str) -> str:
    """GB 32100-2015, 5.1.3: C18 = 31 - MOD(sum(Ci * 3^(i-1) mod 31), 31), with 31 written as 0."""
    total = sum(_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(first_17))
    return _ALPHABET[-total % 31]


def licence_number(written: str) -> str | None:
    """The code in capitals without spaces, or None where its shape or its check character is wrong."""
    code = re.sub(r"\s", "", written).upper()
    if not _SHAPE.fullmatch(code) or licence_check_character(code[:17]) != code[17]:
        return None
    return code
