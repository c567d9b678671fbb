"""From a callback's bytes to a notice that may be believed.

The order of the checks matters: nothing in the body is read before its signature has been verified, and nothing is
remembered for a stranger.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime

from kaibo.trade.payment.gateway import (
    ChargeNotice,
    ForeignCallback,
    ForgedCallback,
    Notice,
    NoticeSource,
    RefundNotice,
    RefundStatus,
    StaleCallback,
    UnknownSerial,
)
from kaibo.trade.payment.wechatpay import signature
from kaibo.trade.payment.wechatpay.config import MerchantConfig
from kaibo.trade.payment.wechatpay.keyring import Keyring
from kaibo.trade.payment.wechatpay.wire import REFUND_STATUS, Malformed, Record

AGE_S_MAX = 300
"""API v3 documentation: refuse what was signed more than five minutes away from our clock."""
BODY_BYTES_MAX = 64 * 1024
NONCES_MAX = 10_000
TIMESTAMP_DIGITS_MAX = 11
"""Up to the year 5138: anything longer is no time, and some of it cannot even be turned into a date."""


class NonceWindow:
    """Which nonces were seen lately, bounded in time and in number."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    def saw(self, nonce: str, *, now: datetime) -> bool:
        """Record `nonce`; True when it had been recorded already within twice the permitted age."""
        while self._seen:
            first, seen_at = next(iter(self._seen.items()))
            if len(self._seen) <= NONCES_MAX and (now - seen_at).total_seconds() <= 2 * AGE_S_MAX:
                break
            del self._seen[first]
        if nonce in self._seen:
            return True
        self._seen[nonce] = now
        return False


class SignedBy:
    """The four headers that travel with everything the platform says. Raises ForgedCallback when one is missing."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        found = {name.lower(): value for name, value in headers.items()}
        try:
            self.timestamp = found["wechatpay-timestamp"]
            self.nonce = found["wechatpay-nonce"]
            self.serial_no = found["wechatpay-serial"]
            self.signature = found["wechatpay-signature"]
        except KeyError as error:
            raise ForgedCallback("a signature header is missing", header=str(error.args[0])) from None
        if not (self.timestamp.isascii() and self.timestamp.isdigit() and len(self.timestamp) <= TIMESTAMP_DIGITS_MAX):
            raise ForgedCallback("the timestamp is no number of seconds", timestamp=self.timestamp[:40])

    @property
    def signed_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.timestamp), UTC)

    def check(self, keyring: Keyring, body: bytes, *, now: datetime) -> None:
        """Raises UnknownSerial, ForgedCallback or StaleCallback."""
        key = keyring.key(self.serial_no, now=now)
        if key is None:
            raise UnknownSerial("signed with a key we do not hold", serial_no=self.serial_no[:64])
        try:
            message = signature.answer_message(self.timestamp, self.nonce, body)
        except ValueError as error:
            raise ForgedCallback(str(error)) from error
        if not signature.is_signed(key, message, self.signature):
            raise ForgedCallback("the signature does not match", serial_no=self.serial_no, nonce=self.nonce[:64])
        age_s = int((now - self.signed_at).total_seconds())
        if abs(age_s) > AGE_S_MAX:
            raise StaleCallback("signed too far from now", age_s=age_s, age_s_max=AGE_S_MAX, nonce=self.nonce[:64])


def parse_callback(
    config: MerchantConfig,
    keyring: Keyring,
    nonces: NonceWindow,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
) -> Notice:
    """Verify, decrypt and read one callback. Raises ForgedCallback, StaleCallback or ForeignCallback."""
    if len(body) > BODY_BYTES_MAX:
        raise ForgedCallback("the body is too long", body_bytes=len(body), body_bytes_max=BODY_BYTES_MAX)
    signed_by = SignedBy(headers)
    signed_by.check(keyring, body, now=now)
    try:
        envelope = Record.parse(body)
        event_type = envelope.text("event_type")
        if not event_type.startswith(("TRANSACTION.SUCCESS", "REFUND.")):
            raise ForeignCallback("an event that this gateway does not handle", event_type=event_type)
        resource = _open(config, envelope.record("resource"))
        _check_addressee(config, resource, needs_appid=event_type.startswith("TRANSACTION."))
        source = NoticeSource(
            notice_id=envelope.text("id"),
            event_type=event_type,
            created_at=envelope.moment("create_time"),
            signed_at=signed_by.signed_at,
            nonce=signed_by.nonce,
            serial_no=signed_by.serial_no,
            replayed=nonces.saw(signed_by.nonce, now=now),
        )
        return _refund(source, resource) if event_type.startswith("REFUND.") else _charge(source, resource)
    except Malformed as error:
        raise ForgedCallback(f"signed, but not as documented: {error}", nonce=signed_by.nonce[:64]) from error


def _open(config: MerchantConfig, box: Record) -> Record:
    algorithm = box.text("algorithm")
    if algorithm != signature.AEAD:
        raise ForgedCallback("unknown algorithm", algorithm=algorithm)
    try:
        plain = signature.decrypt(
            config.apiv3_key,
            nonce=box.text("nonce"),
            associated_data=box.text_or("associated_data", ""),
            ciphertext=box.text("ciphertext"),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise ForgedCallback(str(error)) from error
    return Record.parse(plain)


def _check_addressee(config: MerchantConfig, resource: Record, *, needs_appid: bool) -> None:
    mchid = resource.text("mchid")
    appid = resource.text("appid") if needs_appid else config.appid
    if mchid != config.mchid or appid != config.appid:
        raise ForeignCallback(
            "a genuine callback about another merchant or app",
            mchid=mchid,
            appid=appid,
            out_trade_no=resource.text_or("out_trade_no", ""),
        )


def _charge(source: NoticeSource, resource: Record) -> ChargeNotice:
    state = resource.text("trade_state")
    if state != "SUCCESS":
        raise Malformed(f"TRANSACTION.SUCCESS with trade_state {state}")
    amount = resource.record("amount")
    return ChargeNotice(
        source=source,
        mchid=resource.text("mchid"),
        appid=resource.text("appid"),
        out_trade_no=resource.text("out_trade_no"),
        transaction_id=resource.text("transaction_id"),
        amount_fen=amount.fen("total"),
        currency=amount.text_or("currency", "CNY"),
        paid_at=resource.moment("success_time"),
        attach=resource.text_or("attach", ""),
    )


def _refund(source: NoticeSource, resource: Record) -> RefundNotice:
    status = REFUND_STATUS.get(resource.text("refund_status"), RefundStatus.UNKNOWN)
    amount = resource.record("amount")
    return RefundNotice(
        source=source,
        mchid=resource.text("mchid"),
        out_trade_no=resource.text("out_trade_no"),
        transaction_id=resource.text("transaction_id"),
        out_refund_no=resource.text("out_refund_no"),
        refund_id=resource.text("refund_id"),
        refund_fen=amount.fen("refund"),
        total_fen=amount.fen("total"),
        status=status,
        refunded_at=resource.moment("success_time") if status is RefundStatus.DONE else None,
    )
