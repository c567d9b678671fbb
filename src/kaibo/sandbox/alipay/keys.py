"""Both sides' identities and keys: made on the first start, kept in the data directory, for its owner only."""

import json
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kaibo.sandbox.files import kept_key, write_private


@dataclass(frozen=True, slots=True)
class Keys:
    app_id: str
    seller_id: str
    app_public: rsa.RSAPublicKey
    alipay: rsa.RSAPrivateKey = field(repr=False)


def load_or_make(directory: Path) -> Keys:
    """Read the keys of `directory`, making what is missing."""
    file = directory / "identity.json"
    if not file.exists():
        identity = {"app_id": "2021" + _digits(12), "seller_id": "2088" + _digits(12)}
        write_private(file, json.dumps(identity).encode())
    identity = json.loads(file.read_text())
    app, alipay = kept_key(directory / "app.key.pem"), kept_key(directory / "alipay.key.pem")
    return Keys(identity["app_id"], identity["seller_id"], app.public_key(), alipay)


def write_merchant_file(directory: Path, keys: Keys, gateway_url: str) -> None:
    """`alipay.json`: what the merchant's system needs to know to talk to us. Paths are relative to the file."""
    pem = keys.alipay.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_private(directory / "alipay.public.pem", pem)
    document = {
        "app_id": keys.app_id,
        "seller_id": keys.seller_id,
        "app_private_key_path": "app.key.pem",
        "alipay_public_key_path": "alipay.public.pem",
        "gateway_url": gateway_url,
    }
    write_private(directory / "alipay.json", json.dumps(document, indent=2).encode() + b"\n")


def _digits(count: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(count))
