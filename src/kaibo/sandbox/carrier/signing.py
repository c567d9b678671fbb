"""Kuaidi100's signatures: MD5, in upper case, of a text with a secret behind it. MD5 is theirs, we cannot choose."""

import hashlib


def signature(*parts: str) -> str:
    """Push: `signature(param, salt)`. Query: `signature(param, key, customer)`."""
    return hashlib.md5("".join(parts).encode()).hexdigest().upper()  # noqa: S324 the protocol prescribes MD5
