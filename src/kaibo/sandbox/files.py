"""Files that only their owner may read, and RSA keys kept in them."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

RSA_BITS = 2048


def write_private(path: Path, content: bytes) -> None:
    """Write with mode 0600 and swap into place, so that a reader or a crash never meets half a file."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def admin_token(data_dir: Path) -> str:
    """The bearer token of the `/sandbox` routes; made on the first start."""
    path = data_dir / "admin-token"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def kept_key(path: Path) -> rsa.RSAPrivateKey:
    """The RSA key in `path`; made on the first start."""
    if not path.exists():
        fresh = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        write_private(path, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key")
    return key
