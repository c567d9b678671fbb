"""WeChat Pay API v3 signatures and encryption: pure functions of bytes and keys.

Source: the chapter on signatures of the API v3 documentation (WECHATPAY2-SHA256-RSA2048, AEAD_AES_256_GCM). A request
is signed over five lines, an answer or a callback over three; every line ends in a line feed, the last one too.
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
AEAD = "AEAD_AES_256_GCM"


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """`target` is path and query exactly as sent, percent-encoding included. ValueError on a line feed in a field."""
    return _lines(method, target, timestamp, nonce) + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What the platform signs under an answer and under a callback. Raises ValueError on a line feed in a field."""
    return _lines(timestamp, nonce) + body + b"\n"


def _lines(*fields: str) -> bytes:
    # A field with a line feed could shift bytes from one line to the next without changing the message.
    for field in fields:
        if "\n" in field:
            raise ValueError(f"a signed field may not contain a line feed: {field!r}")
    return "".join(f"{field}\n" for field in fields).encode()


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """SHA256 with RSA (PKCS#1 v1.5), base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode("ascii")


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """False for a wrong signature, and for what is no base64 (as the platform's own WECHATPAY/SIGNTEST/ probes)."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def authorization(*, mchid: str, serial_no: str, timestamp: str, nonce: str, signature: str) -> str:
    """The value of the Authorization header."""
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial_no}"'
    )


def decrypt(apiv3_key: bytes, *, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """The plain text of an encrypted resource. Raises ValueError when the key, the data or the tag do not fit."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(apiv3_key).decrypt(nonce.encode(), sealed, associated_data.encode())
    except InvalidTag:
        raise ValueError("the ciphertext does not open with our APIv3 key") from None
    except binascii.Error as error:
        raise ValueError(f"the ciphertext is no base64: {error}") from error
