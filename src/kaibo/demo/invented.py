"""Numbers of people and firms that do not exist but pass the checks a real one passes. Pure."""

from __future__ import annotations

import random

AREA = "330099"
"""No county has this code (GB/T 2260), so no identity number made from it belongs to anybody."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LICENCE = "0123456789ABCDEFGHJKLMNPQRTUWXY"

HOUSE_PHONE = "1990000{:04d}"
"""1990000xxxx is the demo's own range: 0xxx shops, hosts and the buyer for people to try, 1xxx the crowd."""
CROWD_FROM = 1000
CROWD_PHONES = "19900001"
"""How the phones of the crowd begin."""


def crowd_phone(number: int) -> str:
    """The phone of the `number`th buyer of the crowd, counted from 0."""
    return HOUSE_PHONE.format(CROWD_FROM + number)


def identity_number(number: int, year: int = 1986) -> str:
    """A different adult's identity number for each `number`, with the check character of GB 11643-1999 (ISO 7064, MOD 11-2)."""
    first_17 = f"{AREA}{year}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, first_17, strict=True))
    return first_17 + _ID_CHECK[total % 11]


def licence_number(number: int) -> str:
    """A unified social credit code (GB 32100-2015): organisation part with its own check character (GB 11714-1997) inside."""
    organisation = f"MADEM{number % 1_000:03d}"
    total = sum((int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(organisation, _ORG_WEIGHTS, strict=True))
    check = 11 - total % 11
    first_17 = f"91{AREA}{organisation}{'X' if check == 10 else 0 if check == 11 else check}"
    total = sum(_LICENCE.index(char) * pow(3, place, 31) for place, char in enumerate(first_17))
    return first_17 + _LICENCE[-total % 31]


def tracking_number(dice: random.Random) -> tuple[str, str]:
    """(carrier's key, a number of that carrier's shape)."""
    carrier = dice.choice(("sf", "zto", "yto", "jd"))
    prefix, digits = {"sf": ("SF", 13), "zto": ("7", 13), "yto": ("YT", 13), "jd": ("JD", 13)}[carrier]
    return carrier, prefix + "".join(dice.choices("0123456789", k=digits))
