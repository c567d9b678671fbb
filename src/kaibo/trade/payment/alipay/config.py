"""The merchant's side of an Alipay contract: who we are, our key, their key."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from kaibo.trade.payment.provider_file import ProviderFileError, http_base, read_fields

FIELDS = ("app_id", "seller_id", "app_private_key_path", "alipay_public_key_path", "gateway_url")


@dataclass(frozen=True, slots=True)
class AlipayConfig:
    """`seller_id` is the merchant's own Alipay number (2088…), which every notification has to name."""

    app_id: str
    seller_id: str
    private_key: RSAPrivateKey = field(repr=False)
    alipay_key: RSAPublicKey
    gateway_url: str


def read_alipay_file(path: Path) -> AlipayConfig:
    """Read `alipay.json` or `.toml`. Relative paths inside it start at the file's own directory. Raises ProviderFileError.

    Keys may be PEM, or the bare base64 that Alipay's key tool and console show.
    """
    values = read_fields(path, FIELDS)
    private = _key(path, values["app_private_key_path"], (load_pem_private_key, load_der_private_key))
    public = _key(path, values["alipay_public_key_path"], (load_pem_public_key, load_der_public_key))
    if not isinstance(private, RSAPrivateKey):
        raise ProviderFileError(f"{path}: app_private_key_path holds no RSA private key")
    if not isinstance(public, RSAPublicKey):
        raise ProviderFileError(f"{path}: alipay_public_key_path holds no RSA public key")
    gateway_url = http_base(path, "gateway_url", values["gateway_url"])
    return AlipayConfig(values["app_id"], values["seller_id"], private, public, gateway_url)


def _key(path: Path, name: str, loaders: tuple[object, object]) -> object:
    pem, der = loaders
    secret = () if pem is load_pem_public_key else (None,)
    try:
        content = (path.parent / name).read_bytes()
        if b"-----BEGIN" in content:
            return pem(content, *secret)  # type: ignore[operator]
        return der(base64.b64decode(content, validate=False), *secret)  # type: ignore[operator]
    except (OSError, ValueError, TypeError, binascii.Error) as error:
        raise ProviderFileError(f"{path}: {name}: {error}") from error
