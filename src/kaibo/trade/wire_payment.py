"""The JSON of payments and refunds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.orders import rules
from kaibo.trade.payment.methods import Method
from kaibo.trade.payment.model import RefundKind, RefundRow

RETURN_PATH_CHARS_MAX = 200

Reference = Annotated[Text, StringConstraints(min_length=1, max_length=80)]
Why = Annotated[Text, StringConstraints(min_length=1, max_length=rules.REASON_CHARS_MAX)]


class PayIn(Wire):
    """`return_path` is where in this house the buyer's browser goes after paying."""

    method: Method
    return_path: Annotated[str, StringConstraints(min_length=1, max_length=RETURN_PATH_CHARS_MAX)]


class ChargeRef(Wire):
    """What an Idempotency-Key of a payment remembers."""

    charge_id: Id


class PaymentStarted(Wire):
    pay_url: str
    expires_at: Instant


class PaymentWire(Wire):
    state: Literal["none", "pending", "paid", "failed", "refunded_late"]
    paid_at: Instant | None


class PaymentMethodWire(Wire):
    """`name` is in the reader's language."""

    method: Method
    name: str
    used_last: bool


class PaymentMethods(Wire):
    items: list[PaymentMethodWire]


class OperatorRefund(Wire):
    """A refund as an operator sees it. `last_error` is what the provider said last, `handled_why` what an operator did."""

    id: Id
    order_id: Id
    order_number: str
    shop_name: str
    method: str
    number: str
    kind: RefundKind
    state: RefundRow
    fen: Fen
    reason: str
    promised_by: str
    tries: int
    last_error: str | None
    created_at: Instant
    done_at: Instant | None
    handled_why: str | None
    handled_at: Instant | None
    handled_reference: str | None


class RetryRefundIn(Wire):
    """`anew`: under a new number, where the provider has finally given the old one up."""

    reason: Why
    anew: bool = False


class PaidByHandIn(Wire):
    """`reason`: how the buyer was paid; `reference`: what proves it, the bank's number of the transfer."""

    reason: Why
    reference: Reference
