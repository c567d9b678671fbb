"""The server's secret for people: seals identity numbers, fingerprints codes. One file, readable by its owner only.

The file holds 64 random bytes: 32 for AES-256-GCM (sealing), 32 for HMAC-SHA-256 (fingerprints). Several machines of one
installation must share it (same data_dir, or a copy), and a backup without it cannot read what was sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kaibo.kernel import config

KEY_BYTES = 64
_NONCE_BYTES = 12


def seal(text: str, purpose: str) -> bytes:
    """Encrypt `text`; only `unseal` with the same purpose opens it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key()[:32]).encrypt(nonce, text.encode(), purpose.encode())


def unseal(sealed: bytes, purpose: str) -> str:
    """Raises cryptography.exceptions.InvalidTag where the key, the purpose or the bytes are not the ones sealed."""
    opened = AESGCM(_key()[:32]).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
    return opened.decode()


def fingerprint(text: str, purpose: str) -> bytes:
    """HMAC-SHA-256: equal texts are seen to be equal, and nobody without the key can try all phone or id numbers."""
    return hmac.digest(_key()[32:], f"{purpose}\x00{text}".encode(), hashlib.sha256)


def _key() -> bytes:
    return _load(config.current().data_dir / "keys" / "people.key")


@cache
def _load(path: Path) -> bytes:
    if not path.exists():
        _create(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise RuntimeError(f"{path} must hold {KEY_BYTES} bytes, not {len(key)}; restore it from a backup")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            # link, not rename: of several processes starting at once exactly one key wins
            os.link(part, path)
        except FileExistsError:
            return
    finally:
        part.unlink()
