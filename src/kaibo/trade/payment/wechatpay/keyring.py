"""The platform's public keys by serial number, and a refresh that strangers cannot turn into a download storm."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kaibo.trade.payment.wechatpay import signature

REFRESH_PAUSE_S = 60
"""An unknown serial number in a header is free to send, so one download a minute is all it may cost."""


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number as WeChat Pay writes it: upper-case hexadecimal."""
    return f"{certificate.serial_number:X}"


class Keyring:
    """Holds certificates only while they are valid. Not shared between processes: each refreshes for itself."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_serial = {serial_of(certificate): certificate for certificate in certificates}
        self._refreshed_at: datetime | None = None

    def key(self, serial_no: str, *, now: datetime) -> RSAPublicKey | None:
        """The key behind `serial_no`, or None when it is unknown or its certificate is not valid at `now`."""
        certificate = self._by_serial.get(serial_no.upper())
        if certificate is None or not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return None
        public = certificate.public_key()
        return public if isinstance(public, RSAPublicKey) else None

    def may_refresh(self, *, now: datetime) -> bool:
        """True at most once in `REFRESH_PAUSE_S`; asking is taking, whether the download then succeeds or not."""
        pause = timedelta(seconds=REFRESH_PAUSE_S)
        # Below zero means that the clock was set back; waiting for it to catch up could take for ever.
        if self._refreshed_at is not None and timedelta(0) <= now - self._refreshed_at < pause:
            return False
        self._refreshed_at = now
        return True

    def add(self, certificates: Iterable[x509.Certificate]) -> None:
        """New certificates join the old ones: a callback signed just before a rotation must still verify."""
        for certificate in certificates:
            self._by_serial[serial_of(certificate)] = certificate


def open_certificates(apiv3_key: bytes, body: bytes) -> list[x509.Certificate]:
    """The certificates in an answer of `GET /v3/certificates`. Only the holder of the APIv3 key can have sealed them.

    Raises ValueError when the document or one of its entries is not as documented.
    """
    document = json.loads(body)
    try:
        sealed = [(entry["serial_no"], entry["encrypt_certificate"]) for entry in document["data"]]
        found = [(serial_no, _open(apiv3_key, box)) for serial_no, box in sealed]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a list of certificates: {error!r}") from error
    for serial_no, certificate in found:
        if serial_of(certificate) != str(serial_no).upper():
            raise ValueError(f"the certificate named {serial_no} carries the serial {serial_of(certificate)}")
    return [certificate for _, certificate in found]


def _open(apiv3_key: bytes, box: dict[str, str]) -> x509.Certificate:
    if box["algorithm"] != signature.AEAD:
        raise ValueError(f"unknown algorithm {box['algorithm']}")
    pem = signature.decrypt(
        apiv3_key, nonce=box["nonce"], associated_data=box["associated_data"], ciphertext=box["ciphertext"]
    )
    return x509.load_pem_x509_certificate(pem)
