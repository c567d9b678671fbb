"""Keys and certificates of both sides: made on the first start, kept in the data directory, for its owner only."""

import json
import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from kaibo.sandbox.files import admin_token, write_private

RSA_BITS = 2048
CERTIFICATE_DAYS = 5 * 365
APIV3_KEY_CHARS = 32


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """One platform key with its self-signed certificate."""

    serial_no: str
    private: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate


@dataclass(slots=True)
class Keys:
    """Everything both sides know. `platform` is oldest first; the last one signs."""

    mchid: str
    appid: str
    merchant_serial_no: str
    merchant_public: rsa.RSAPublicKey
    apiv3_key: str = field(repr=False)
    admin_token: str = field(repr=False)
    platform: list[PlatformKey]

    @property
    def signing(self) -> PlatformKey:
        return self.platform[-1]


def load_or_make(data_dir: Path) -> Keys:
    """Read the keys of `data_dir`, making what is missing."""
    identity_file = data_dir / "identity.json"
    if not identity_file.exists():
        write_private(identity_file, json.dumps(_new_identity()).encode())
    identity = json.loads(identity_file.read_text())
    merchant = _merchant_certificate(data_dir, identity["mchid"])
    if not any(data_dir.glob("platform-*.key.pem")):
        rotate(data_dir)
    public = merchant.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise ValueError(f"{data_dir}/merchant.cert.pem holds no RSA key")
    return Keys(
        mchid=identity["mchid"],
        appid=identity["appid"],
        merchant_serial_no=f"{merchant.serial_number:X}",
        merchant_public=public,
        apiv3_key=identity["apiv3_key"],
        admin_token=admin_token(data_dir),
        platform=[_platform_key(path) for path in sorted(data_dir.glob("platform-*.key.pem"))],
    )


def rotate(data_dir: Path) -> PlatformKey:
    """Make one more platform key. The certificate comes first, so that a crash leaves no key without one."""
    number = len(list(data_dir.glob("platform-*.key.pem"))) + 1
    key, certificate = _new_pair(f"Sandbox payment platform {number}")
    stem = data_dir / f"platform-{number:04d}"
    write_private(stem.with_suffix(".cert.pem"), certificate.public_bytes(Encoding.PEM))
    write_private(stem.with_suffix(".key.pem"), _pem(key))
    return PlatformKey(f"{certificate.serial_number:X}", key, certificate)


def write_merchant_file(data_dir: Path, keys: Keys, base_url: str) -> None:
    """`merchant.json`: what the merchant's system needs to know to talk to us. Paths are relative to the file."""
    certificates = b"".join(key.certificate.public_bytes(Encoding.PEM) for key in keys.platform)
    write_private(data_dir / "platform.cert.pem", certificates)
    document = {
        "mchid": keys.mchid,
        "appid": keys.appid,
        "serial_no": keys.merchant_serial_no,
        "private_key_path": "merchant.key.pem",
        "apiv3_key": keys.apiv3_key,
        "platform_certificate_path": "platform.cert.pem",
        "base_url": base_url,
    }
    write_private(data_dir / "merchant.json", json.dumps(document, indent=2).encode() + b"\n")


def _new_identity() -> dict[str, str]:
    alphabet = string.ascii_letters + string.digits
    return {
        "mchid": "19" + "".join(secrets.choice(string.digits) for _ in range(8)),
        "appid": "wx" + secrets.token_hex(8),
        "apiv3_key": "".join(secrets.choice(alphabet) for _ in range(APIV3_KEY_CHARS)),
    }


def _merchant_certificate(data_dir: Path, mchid: str) -> x509.Certificate:
    path = data_dir / "merchant.cert.pem"
    if not path.exists():
        key, certificate = _new_pair(mchid)
        write_private(data_dir / "merchant.key.pem", _pem(key))
        write_private(path, certificate.public_bytes(Encoding.PEM))
    return x509.load_pem_x509_certificate(path.read_bytes())


def _platform_key(path: Path) -> PlatformKey:
    private = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key")
    pem = path.with_name(path.name.replace(".key.", ".cert.")).read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    return PlatformKey(f"{certificate.serial_number:X}", private, certificate)


def _new_pair(common_name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, SHA256())
    )
    return key, certificate


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
