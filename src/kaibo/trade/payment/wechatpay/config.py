"""The merchant's side of a WeChat Pay contract: who we are, our key, their key."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kaibo.trade.payment.provider_file import ProviderFileError, http_base, read_fields

APIV3_KEY_BYTES = 32
"""WeChat Pay API v3: the key for AEAD_AES_256_GCM is 32 bytes of text."""

FIELDS = ("mchid", "appid", "serial_no", "private_key_path", "apiv3_key", "platform_certificate_path", "base_url")


@dataclass(frozen=True, slots=True)
class MerchantConfig:
    """`serial_no` is that of the merchant's own certificate, in upper-case hexadecimal as WeChat Pay prints it."""

    mchid: str
    appid: str
    serial_no: str
    private_key: RSAPrivateKey = field(repr=False)
    apiv3_key: bytes = field(repr=False)
    platform_certificates: tuple[x509.Certificate, ...]
    base_url: str


def read_merchant_file(path: Path) -> MerchantConfig:
    """Read `merchant.json`. Relative paths inside it start at the file's own directory. Raises ProviderFileError."""
    values = read_fields(path, FIELDS)
    apiv3_key = values["apiv3_key"].encode()
    if len(apiv3_key) != APIV3_KEY_BYTES:
        raise ProviderFileError(f"{path}: apiv3_key has {len(apiv3_key)} bytes, it must have {APIV3_KEY_BYTES}")
    return MerchantConfig(
        mchid=values["mchid"],
        appid=values["appid"],
        serial_no=values["serial_no"].upper(),
        private_key=_private_key(path, values["private_key_path"]),
        apiv3_key=apiv3_key,
        platform_certificates=_certificates(path, values["platform_certificate_path"]),
        base_url=http_base(path, "base_url", values["base_url"]),
    )


def _private_key(path: Path, name: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key((path.parent / name).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ProviderFileError(f"{path}: private_key_path {name}: {error}") from error
    if not isinstance(key, RSAPrivateKey):
        raise ProviderFileError(f"{path}: private_key_path {name} holds no RSA key")
    return key


def _certificates(path: Path, name: str) -> tuple[x509.Certificate, ...]:
    try:
        found = x509.load_pem_x509_certificates((path.parent / name).read_bytes())
    except (OSError, ValueError) as error:
        raise ProviderFileError(f"{path}: platform_certificate_path {name}: {error}") from error
    return tuple(found)
