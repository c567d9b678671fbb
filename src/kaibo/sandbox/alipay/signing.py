"""RSA2 as Alipay's documents describe it for Alipay's side. Written apart from Kaibo's adapter on purpose: see `kaibo.sandbox`."""

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def sign(key: rsa.RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, text: str, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), padding.PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def content(parameters: Mapping[str, str], without: tuple[str, ...]) -> str:
    pairs = sorted((name, value) for name, value in parameters.items() if name not in without)
    return "&".join(f"{name}={value}" for name, value in pairs)
