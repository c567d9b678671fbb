"""Signing, verifying and sealing, as the API v3 documentation describes it for the platform's side.

Written apart from Kaibo's adapter on purpose: see `kaibo.sandbox`.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256


def sign_parts(key: rsa.RSAPrivateKey, *parts: str | bytes) -> str:
    """Each part and a line feed after it, signed with SHA256-RSA, in base64."""
    text = b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), SHA256())).decode()


def verify_parts(key: rsa.RSAPublicKey, signature: str, *parts: str | bytes) -> bool:
    text = b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def seal(apiv3_key: str, plain: bytes, associated_data: str) -> dict[str, str]:
    """The documented box around a resource or a certificate: AES-256-GCM with a nonce of 12 printable bytes."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }
