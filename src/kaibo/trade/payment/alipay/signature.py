"""RSA2 signatures of Alipay's Open API: pure functions of parameters, bytes and keys.

Source: Alipay's documents "自行实现签名" and "自行实现验签". A request is signed over its sorted, non-empty `k=v` pairs; a
notification over all of its decoded pairs but `sign` and `sign_type`; an answer over the exact bytes of its one result object.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

SIGN_TYPE = "RSA2"
_json = json.JSONDecoder()


def request_content(parameters: Mapping[str, str]) -> bytes:
    """What the merchant signs."""
    return _joined({name: value for name, value in parameters.items() if value and name != "sign"})


def notice_content(parameters: Mapping[str, str]) -> bytes:
    """What Alipay signs under a notification; empty values count."""
    return _joined({name: value for name, value in parameters.items() if name not in ("sign", "sign_type")})


def _joined(parameters: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters)).encode()


def sign(key: RSAPrivateKey, content: bytes) -> str:
    """SHA256 with RSA (PKCS#1 v1.5), base64."""
    return base64.b64encode(key.sign(content, PKCS1v15(), SHA256())).decode("ascii")


def is_signed(key: RSAPublicKey, content: bytes, signature: str) -> bool:
    """False for a wrong signature and for what is no base64."""
    try:
        key.verify(base64.b64decode(signature, validate=True), content, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def members(document: str) -> dict[str, str]:
    """The members of a JSON object as the exact text of their values: what was signed is the text and not its meaning.

    Raises ValueError for anything but one object, and for a name that comes twice: two readers could each see another one.
    """
    found: dict[str, str] = {}
    text = document.strip()
    if not text.startswith("{"):
        raise ValueError("no JSON object")
    at = _skip(text, 1)
    while text[at : at + 1] != "}":
        name, at = _json.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(name, str) or name in found or text[at : at + 1] != ":":
            raise ValueError(f"a member is no name with a value, or comes twice: {name!r}")
        start = _skip(text, at + 1)
        _, end = _json.raw_decode(text, start)
        found[name] = text[start:end]
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "}":
            raise ValueError("the object does not end")
    if at != len(text) - 1:
        raise ValueError("something follows the object")
    return found


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at
