"""What Kaibo asks of any payment provider, and every answer it can get.

A gateway knows HTTP, keys and the provider's words; it knows no database, no order and no ledger. Money is integer fen,
datetimes carry a time zone, all values are frozen. `out_trade_no` and `out_refund_no` are ours and make every call
repeatable: asking twice with the same number charges or refunds once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol


class ChargeStatus(StrEnum):
    NOT_PAID = "not_paid"
    PAID = "paid"
    CLOSED = "closed"
    NOT_FOUND = "not_found"
    """The provider has never heard of this number: the create call did not arrive, or not yet."""
    UNKNOWN = "unknown"
    """A state that the adapter cannot map: undecided. Ask again later and tell an operator."""


class RefundStatus(StrEnum):
    PROCESSING = "processing"
    DONE = "done"
    CLOSED = "closed"
    """The provider gave the refund up; the money stays with the merchant and a new refund number is needed."""
    ABNORMAL = "abnormal"
    """The buyer's account could not take the money; an operator must choose another way."""
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """`notify_url` is where the provider calls back; `return_url` is where the buyer's browser goes afterwards. `method` is one of
    the provider's (`methods.py`)."""

    out_trade_no: str
    description: str
    amount_fen: int
    notify_url: str
    payer_ip: str
    expires_at: datetime
    return_url: str | None = None
    currency: str = "CNY"
    attach: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class ChargeCreated:
    """`provider_ref` is the provider's own name of the charge where it can only be found by that (Stripe); else empty."""

    out_trade_no: str
    pay_url: str
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class ChargeState:
    """`transaction_id`, `amount_fen`, `currency` and `paid_at` are all set when `status` is PAID."""

    out_trade_no: str
    status: ChargeStatus
    transaction_id: str | None = None
    amount_fen: int | None = None
    currency: str | None = None
    paid_at: datetime | None = None
    has_refund: bool = False
    provider_state: str = ""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """`total_fen` is the amount of the original charge: the provider compares it with its own record."""

    out_trade_no: str
    out_refund_no: str
    refund_fen: int
    total_fen: int
    reason: str
    notify_url: str | None = None
    currency: str = "CNY"
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class RefundState:
    """Every field but the first two is None when `status` is NOT_FOUND; `refunded_at` is set only when DONE."""

    out_refund_no: str
    status: RefundStatus
    out_trade_no: str | None = None
    refund_id: str | None = None
    refund_fen: int | None = None
    total_fen: int | None = None
    currency: str | None = None
    refunded_at: datetime | None = None
    provider_state: str = ""


@dataclass(frozen=True, slots=True)
class NoticeSource:
    """Where a verified notice came from. `replayed` says that this very nonce was seen before in this process: the
    content is genuine, but somebody delivered the same bytes again. It is a hint for the log; what keeps a replay
    harmless is that notices are acted on idempotently."""

    notice_id: str
    event_type: str
    created_at: datetime
    signed_at: datetime
    nonce: str
    serial_no: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class ChargeNotice:
    """A verified statement that a charge was paid. The caller still compares the amount with its own order."""

    source: NoticeSource
    mchid: str
    appid: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    currency: str
    paid_at: datetime
    attach: str


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """A verified statement about a refund; `refunded_at` is set only when `status` is DONE. `refund_fen` and `total_fen` are None
    where the provider tells only the sum of all refunds of the charge (Alipay)."""

    source: NoticeSource
    mchid: str
    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    refund_id: str
    refund_fen: int | None
    total_fen: int | None
    status: RefundStatus
    refunded_at: datetime | None


@dataclass(frozen=True, slots=True)
class OtherNotice:
    """Genuine and ours, but about nothing that we act on: a trade waits, a page was left. Acknowledged, so that it stops."""

    source: NoticeSource
    number: str
    about: str


Notice = ChargeNotice | RefundNotice | OtherNotice


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One line of the provider's own statement of a day. `out_no` is our number: out_trade_no of a charge, out_refund_no of a
    refund. `fen` is never negative, `kind` says the direction; `fee_fen` is what the provider kept (below zero: gave back)."""

    provider: str
    kind: Literal["charge", "refund"]
    out_no: str
    transaction_id: str
    fen: int
    fee_fen: int
    currency: str
    at: datetime


class GatewayError(Exception):
    """Any failure to get a trustworthy answer from the provider."""


class GatewayTimeout(GatewayError):
    """The outcome is unknown: the request may have been carried out. Query before doing anything else."""

    def __init__(self, operation: str, number: str, cause: str) -> None:
        super().__init__(f"{operation} {number}: outcome unknown ({cause}); query it before trying anything else")
        self.operation = operation
        self.number = number
        self.cause = cause


class GatewayRefused(GatewayError):
    """The provider decided against the request; nothing was done. `code` is the provider's own word for it, `field` the
    field it objects to (empty when it named none)."""

    def __init__(self, code: str, message: str, http_status: int, field: str = "") -> None:
        where = f" at {field}" if field else ""
        super().__init__(f"the payment provider refused with {code} ({http_status}){where}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status
        self.field = field


class ForgedAnswer(GatewayTimeout):
    """An answer that is not provably the provider's; the request itself may still have been carried out."""


class CallbackRefused(Exception):
    """A callback that must not be acted on. `reason` is for the log and the operator, never for the sender."""

    def __init__(self, reason: str, **facts: str | int) -> None:
        told = ", ".join(f"{key}={value}" for key, value in facts.items())
        super().__init__(f"{reason} ({told})" if told else reason)
        self.reason = reason
        self.facts = facts


class ForgedCallback(CallbackRefused):
    """Not signed by the provider, altered on the way, or not decipherable with our key."""


class UnknownSerial(ForgedCallback):
    """Signed by a key we do not hold. After `refresh_keys` returned True it is worth one more look."""


class StaleCallback(CallbackRefused):
    """Signed by the provider, but too long ago (or in the future): a replay, or a wrong clock on one side."""


class ForeignCallback(CallbackRefused):
    """Genuine, but about another merchant, another app or a kind of event that this gateway does not handle."""


class Gateway(Protocol):
    """Every call may raise GatewayTimeout (outcome unknown) or GatewayRefused (decided, nothing done).

    `provider_ref` is what `create` gave, empty where it gave none or its answer was lost.
    """

    async def create(self, request: ChargeRequest) -> ChargeCreated: ...

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState: ...

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        """Closing twice, or what the provider never saw, is no error. GatewayRefused(ORDERPAID) when paid."""

    async def refund(self, request: RefundRequest) -> RefundState: ...

    async def query_refund(
        self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = ""
    ) -> RefundState: ...

    async def statement(self, day: date) -> list[StatementRow]:
        """What the provider booked on this day of its own calendar. GatewayRefused while it has no statement of that day."""

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Raises ForgedCallback, StaleCallback or ForeignCallback. Pure apart from remembering nonces."""

    async def refresh_keys(self) -> bool:
        """Fetch the provider's keys again, at most once a minute. True when it was done, False when it was too soon."""


async def read_callback(gateway: Gateway, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
    """`parse_callback`, and when the provider has rotated its key, once more after fetching the new one.

    A stranger can name any serial number in a header, so the refresh behind this is limited by the gateway itself. When
    the keys cannot be fetched the callback stays refused; the provider will send it again. Raises CallbackRefused only.
    """
    try:
        return gateway.parse_callback(headers, body, now=now)
    except UnknownSerial as unknown:
        try:
            refreshed = await gateway.refresh_keys()
        except GatewayError as error:
            raise unknown from error
        if not refreshed:
            raise
        return gateway.parse_callback(headers, body, now=now)
