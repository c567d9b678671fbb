"""What a token looks like: `kaibo_pat_` + 30 random characters + 6 of checksum, so that secret scanners know one for certain. Pure.

The checksum is the CRC-32 (ISO 3309) of everything before it, in base 62; it tells a typing error from a revoked token and spares
the database a look-up. It protects nothing: the randomness does (62^30, about 178 bits).
"""

from __future__ import annotations

import re
import zlib

from kaibo.kernel.web.bearer import PREFIX

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_CHARS = 30
CHECKSUM_CHARS = 6
NAME_CHARS_MAX = 60
EXPIRY_DAYS_MAX = 366
TOKENS_PER_PERSON_MAX = 50
_TOKEN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_CHARS + CHECKSUM_CHARS}}}")


def checksum(body: str) -> str:
    left, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_CHARS):
        left, digit = divmod(left, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def spell(random_chars: str) -> str:
    """The whole token of its random part."""
    body = PREFIX + random_chars
    return body + checksum(body)


def well_formed(token: str) -> bool:
    return bool(_TOKEN.fullmatch(token)) and checksum(token[:-CHECKSUM_CHARS]) == token[-CHECKSUM_CHARS:]
