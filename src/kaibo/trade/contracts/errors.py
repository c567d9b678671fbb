"""Refusals of trade: what is wrong, with the facts that say what to do."""

from __future__ import annotations

from kaibo.goods.contracts import SkuId
from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, Unavailable, refusal


@refusal
class OrderMissing(NotFound):
    code = "trade.order_missing"
    order_id: str


@refusal
class RefundMissing(NotFound):
    code = "trade.refund_missing"
    refund_id: str


@refusal
class WrongState(Conflict):
    """The order is not in a state in which this can be done."""

    code = "trade.wrong_state"
    state: str
    action: str


@refusal
class AlreadyPaid(Conflict):
    """The payment was faster than the cancellation."""

    code = "trade.already_paid"
    number: str


@refusal
class PaymentClosing(Conflict):
    """The order is being cancelled or has run out of time, and the provider has not yet said whether it was paid."""

    code = "trade.payment_closing"
    number: str


@refusal
class SeveralShops(Invalid):
    code = "trade.several_shops"
    shops: int


@refusal
class SkuTwice(Invalid):
    code = "trade.sku_twice"
    sku_id: SkuId


@refusal
class TotalTooLarge(Invalid):
    code = "trade.total_too_large"
    total_fen: int
    fen_max: int
    yuan_max: str


@refusal
class NothingToPay(Invalid):
    """A total of 0 fen: no provider takes it."""

    code = "trade.nothing_to_pay"


@refusal
class UnknownCarrier(Invalid):
    code = "trade.unknown_carrier"
    carrier: str


@refusal
class BadTrackingNumber(Invalid):
    code = "trade.bad_tracking_number"
    carrier: str
    carrier_name: str
    tracking_number: str
    shape: str


@refusal
class GatewayUnavailable(Unavailable):
    """The payment provider gave no answer; nothing is lost, the same call may be repeated."""

    code = "trade.gateway_unavailable"


@refusal
class GatewayNotConfigured(Unavailable):
    code = "trade.gateway_not_configured"
    why: str


@refusal
class ChargeRefused(Refused):
    """The payment provider decided against the payment."""

    code = "trade.charge_refused"
    why: str


@refusal
class CurrencyRefused(Invalid):
    """This way to pay does not take the order's currency."""

    code = "trade.currency_refused"
    method: str
    currency: str


@refusal
class BadReturnPath(Invalid):
    code = "trade.bad_return_path"
    return_path: str
