"""The rules of an order: what may follow what, what it costs, when it is due. Values in, values out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone

from kaibo.goods.contracts import NotOnSale, PriceChanged, QuotedLine
from kaibo.kernel.money import BPS, split, yuan
from kaibo.trade.contracts import (
    NothingToPay,
    OrderState,
    PaymentClosing,
    SkuTwice,
    TotalTooLarge,
    WrongState,
)
from kaibo.trade.contracts.presales import BalanceNotOpen
from kaibo.trade.orders.model import Order, OrderLine, Part, Split, Terms, Viewer, Wanted, WantedLine

LINES_MAX = 50
QUANTITY_MAX = 999
NOTE_CHARS_MAX = 200
REASON_CHARS_MAX = 200
TOTAL_FEN_MAX = 100_000_000
"""One million yuan an order: far above a shop's basket, far below what a provider's integers hold."""
PERIOD_SECONDS_MIN = 1
NUMBER_SALT_DIGITS = 6
NUMBER_SALTS = 10**NUMBER_SALT_DIGITS
NUMBER_STEP = 61_803
"""Shares no factor with NUMBER_SALTS, so that a million numbers are different before the first comes again."""
ADDRESS_CHANGES_MAX = 3
EXTEND_DAYS = 3
EXTEND_SECONDS = EXTEND_DAYS * 24 * 3600
EXTEND_WINDOW_DAYS = 3
"""How long before its end the time for receiving may be extended."""
REMIND_HOURS = 24
"""How long a buyer waits between two reminders of the same order."""
SHOP_NOTES_MAX = 50
SHOP_NOTE_CHARS_MAX = 500

_S = OrderState
TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    _S.PLACED: frozenset({_S.PAID, _S.RESERVED, _S.CANCELLED, _S.EXPIRED}),
    # A buyer who does not pay the balance lets it expire; a merchant who fails gives the deposit back.
    _S.RESERVED: frozenset({_S.PAID, _S.EXPIRED, _S.REFUNDING}),
    _S.PAID: frozenset({_S.SHIPPED, _S.REFUNDING}),
    _S.SHIPPED: frozenset({_S.RECEIVED, _S.REFUNDED}),
    _S.RECEIVED: frozenset({_S.SETTLED, _S.REFUNDED}),
    _S.REFUNDING: frozenset({_S.REFUNDED}),
    _S.SETTLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REFUNDED: frozenset(),
}
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
UNPAID = frozenset({_S.PLACED, _S.RESERVED})
"""States in which the buyer owes something."""
UNSETTLED_PAID = frozenset({_S.PAID, _S.SHIPPED, _S.RECEIVED})
"""States in which the buyer's money lies in escrow."""

_CHINA = timezone(timedelta(hours=8))


def may_become(state: OrderState, following: OrderState) -> bool:
    return following in TRANSITIONS[state]


def require(order: Order, following: OrderState, action: str) -> None:
    """Raises WrongState, saying what the order is and what was tried."""
    if not may_become(order.state, following):
        raise WrongState(state=order.state.value, action=action)


def part_due(order: Order) -> Part:
    """Which part of the order is to be paid next, or was paid last."""
    if not order.deposit_fen:
        return "whole"
    return "deposit" if order.balance_from is None else "balance"


def part_fen(order: Order, part: Part) -> int:
    """What this part comes to."""
    match part:
        case "deposit":
            return order.deposit_fen
        case "balance":
            return order.total_fen - order.deposit_fen
        case _:
            return order.total_fen


def due_fen(order: Order) -> int:
    """What the buyer has to pay next; 0 where nothing is to be paid (any more)."""
    return part_fen(order, part_due(order)) if order.state in UNPAID else 0


def awaits(order: Order, part: Part) -> bool:
    """Whether a charge of this part is what the order waits for."""
    return order.closing is None and order.state is (OrderState.RESERVED if part == "balance" else OrderState.PLACED)


def require_payable(order: Order, now: datetime) -> None:
    """Raises WrongState, BalanceNotOpen, or PaymentClosing where the order is on its way out."""
    require(order, OrderState.PAID, "pay")
    if order.closing is not None:
        raise PaymentClosing(number=order.number)
    if order.state is OrderState.RESERVED and order.balance_from is not None and now < order.balance_from:
        raise BalanceNotOpen(number=order.number, opens_at=order.balance_from.isoformat())
    if now >= order.pay_before:
        raise WrongState(state=OrderState.EXPIRED.value, action="pay")


def due(start: datetime, seconds: int, terms: Terms) -> datetime:
    """When a period of trade ends. Every period goes through here, so that a rehearsal shortens all of them alike.

    A period that exists is never shortened below PERIOD_SECONDS_MIN; a period of 0 ends at once.
    """
    return start + timedelta(seconds=max(PERIOD_SECONDS_MIN, seconds * terms.scale) if seconds else 0)


def order_number(at: datetime, salt: int) -> str:
    """20 digits a person can read out: the day in China, the millisecond of that day, six digits of chance (`salt`)."""
    there = at.astimezone(_CHINA)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{there:%y%m%d}{(there - midnight) // timedelta(milliseconds=1):08d}{salt % NUMBER_SALTS:0{NUMBER_SALT_DIGITS}d}"


def order_numbers(at: datetime, salt: int) -> Iterator[str]:
    """The numbers of orders of one millisecond, all different: they begin at `salt` and go on in large steps."""
    beginning = order_number(at, 0)[:-NUMBER_SALT_DIGITS]
    while True:
        yield f"{beginning}{salt % NUMBER_SALTS:0{NUMBER_SALT_DIGITS}d}"
        salt += NUMBER_STEP


def digest(wanted: Wanted) -> bytes:
    """What tells one wish from another under the same idempotency key: 16 bytes of BLAKE2b over all that was wanted."""
    told = hashlib.blake2b(wanted.address_id.bytes, digest_size=16)
    for line in wanted.lines:
        told.update(line.sku_id.bytes)
        told.update(b"%d x %d;" % (line.quantity, line.unit_price_fen))
    told.update(f"{wanted.source.kind} {wanted.source.id} {wanted.source.item} {wanted.note or ''}".encode())
    for coupon_id in wanted.coupon_ids:
        told.update(coupon_id.bytes)
    if wanted.points:
        told.update(b"%d points" % wanted.points)
    return told.digest()


def masked(nickname: str) -> str:
    """李小明 -> 李**; so a room learns that somebody bought, not who."""
    return f"{nickname[:1]}**"


def check_sold(quoted: Sequence[QuotedLine]) -> None:
    """Raises NotOnSale for the first line that may not be sold at the moment."""
    for line in quoted:
        if not line.approved:
            raise NotOnSale(product_id=line.product_id)


def check_wanted(wanted: Sequence[WantedLine], quoted: Sequence[QuotedLine]) -> None:
    """The buyer pays the price they saw or is told the new one. Raises SkuTwice, NotOnSale, PriceChanged."""
    seen = set()
    for line in wanted:
        if line.sku_id in seen:
            raise SkuTwice(sku_id=line.sku_id)
        seen.add(line.sku_id)
    check_sold(quoted)
    for line, now in zip(wanted, quoted, strict=True):
        if line.unit_price_fen != now.unit_price_fen:
            raise PriceChanged(sku_id=line.sku_id, was_fen=line.unit_price_fen, now_fen=now.unit_price_fen)


def check_total(total_fen: int) -> None:
    """Raises NothingToPay or TotalTooLarge."""
    if total_fen < 1:
        raise NothingToPay()
    if total_fen > TOTAL_FEN_MAX:
        raise TotalTooLarge(total_fen=total_fen, fen_max=TOTAL_FEN_MAX, yuan_max=yuan(TOTAL_FEN_MAX))


def frozen_rates(commission_bps: int, terms: Terms) -> tuple[int, int]:
    """(commission, platform fee) of a line in basis points. Together never above the whole: the commission yields."""
    fee = terms.platform_fee_bps
    return min(commission_bps, BPS - fee), fee


def divide(lines: Sequence[OrderLine], freight_fen: int, *, has_creator: bool) -> Split:
    """How an order's total is divided at its settlement, from the rates frozen on its lines.

    What was paid for each line is split among creator, platform and merchant by largest remainder. Freight is the merchant's
    in full. Without a creator the commission stays with the merchant.
    """
    creator = platform = 0
    merchant = freight_fen
    for line in lines:
        commission = line.commission_bps if has_creator else 0
        parts = split(line.paid_fen, [commission, line.platform_fee_bps, BPS - commission - line.platform_fee_bps])
        creator, platform, merchant = creator + parts[0], platform + parts[1], merchant + parts[2]
    return Split(merchant_fen=merchant, creator_fen=creator, platform_fen=platform)


def may_change_address(order: Order) -> bool:
    """While the order waits for its money or its parcel, and nothing of it is on its way."""
    waiting = order.state in (OrderState.PLACED, OrderState.RESERVED, OrderState.PAID)
    return waiting and order.closing is None and order.first_shipped_at is None


def may_remind(order: Order, now: datetime) -> bool:
    """While a paid order waits to be shipped, once in REMIND_HOURS."""
    if order.state is not OrderState.PAID:
        return False
    return order.reminded_at is None or now >= order.reminded_at + timedelta(hours=REMIND_HOURS)


def may_hide(order: Order) -> bool:
    """When nothing is to come any more, neither goods nor money."""
    return order.state in FINAL and order.open_cases == 0


def extend_opens_at(receive_before: datetime, terms: Terms) -> datetime:
    return receive_before - timedelta(days=EXTEND_WINDOW_DAYS) * terms.scale


def actions(order: Order, viewer: Viewer, now: datetime) -> list[str]:
    """What this viewer may do with the order now."""
    found: list[str] = []
    if viewer == "buyer":
        if order.state is OrderState.PLACED and order.closing is None:
            found += ["pay"] if now < order.pay_before else []
            found.append("cancel")
        if order.state is OrderState.RESERVED and order.closing is None and order.balance_from is not None:
            found += ["pay"] if order.balance_from <= now < order.pay_before else []
        if order.state is OrderState.PAID and order.first_shipped_at is None:
            found.append("refund")
        if may_remind(order, now):
            found.append("remind")
        if order.state is OrderState.SHIPPED:
            found.append("receive")
        if may_change_address(order) and (order.state is not OrderState.PLACED or now < order.pay_before):
            found.append("change_address")
        if may_hide(order) and order.hidden_at is None:
            found.append("hide")
    if viewer == "shop" and order.state is OrderState.PAID:
        found.append("ship")
    return found
