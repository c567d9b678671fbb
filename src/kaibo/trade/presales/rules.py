"""The rules of presales. Values in, values out.

Where they come from: Civil Code art. 586 (a deposit of more than a fifth of the price has no effect beyond that fifth), art. 587
(who paid it and defaults does not get it back; who took it and defaults returns it twice), status [S] like other rows of the law's
list that a lawyer has yet to confirm. Consumers keep the seven-day return (Consumer Law art. 25): it gives back both parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kaibo.goods.contracts import QuotedLine
from kaibo.kernel.money import BPS
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.orders.model import Order, OrderLine
from kaibo.trade.presales.model import Presale, PresaleOrder, Stage, Terms
from kaibo.trade.pricing.model import Priced, Step

DEPOSIT_BPS_MAX = 2_000
"""Civil Code art. 586: of what a piece really costs."""
PRESALE_DAYS_MAX = 180
"""From the first deposit to the last balance. Providers refund for at least a year; what comes after must fit in too."""
SHIP_DAYS_MAX = 60
PIECES_MAX = 99
REASON_CHARS_MAX = 200


def faults(terms: Terms, now: datetime) -> list[str]:
    """What is wrong with a new presale, by name; empty where nothing is."""
    ordered = terms.deposit_from < terms.deposit_until <= terms.balance_from < terms.balance_until
    wrong = {
        "deposit_missing": terms.deposit_fen < 1,
        "deposit_over_fifth": terms.deposit_fen * BPS > terms.paid_fen * DEPOSIT_BPS_MAX,
        "counts_for_less": terms.counts_as_fen < terms.deposit_fen,
        "no_balance": terms.balance_fen < 1,
        "windows_disordered": not ordered,
        "deposit_window_over": terms.deposit_until <= now,
        "too_long": terms.balance_until - terms.deposit_from > timedelta(days=PRESALE_DAYS_MAX),
    }
    return [name for name, is_so in wrong.items() if is_so]


def stage_of(presale: Presale, now: datetime) -> Stage:
    terms = presale.terms
    if presale.failed_at is not None:
        return "failed"
    if now >= terms.balance_until:
        return "over"
    if now >= terms.balance_from:
        return "balance"
    if presale.stopped_at is not None or now >= terms.deposit_until:
        return "waiting"
    return "deposit" if now >= terms.deposit_from else "coming"


def priced_line(terms: Terms, quoted: QuotedLine, quantity: int, presale: Presale) -> QuotedLine:
    """The line of a presale order: deposit and balance together are its price."""
    return replace(
        quoted,
        quantity=quantity,
        unit_price_fen=terms.paid_fen,
        price_kind="presale",
        list_price_fen=max(quoted.unit_price_fen, terms.paid_fen),
        price_ref=presale.id,
        windows=(),
    )


def balance_line(order: Order, ours: PresaleOrder, quoted: QuotedLine) -> QuotedLine:
    """What coupons look at when the balance is paid: the balance, and nothing of the deposit."""
    line = order.lines[0]
    return replace(
        quoted,
        quantity=line.quantity,
        unit_price_fen=line.unit_price_fen - ours.deposit_fen // line.quantity,
        freight_fen=line.freight_fen,
        price_kind="presale",
        list_price_fen=None,
        price_ref=ours.presale_id,
        windows=(),
    )


def with_coupons(order: Order, priced: Priced) -> Order:
    """The order with what `priced`, the pricing of its balance, takes off. The deposit stays as it was paid."""
    found, line = priced.orders[0], order.lines[0]
    cheaper: OrderLine = replace(
        line,
        discount_fen=found.discount_fen,
        platform_discount_fen=found.platform_discount_fen,
        paid_fen=line.line_fen - found.discount_fen - found.platform_discount_fen,
        freight_paid_fen=found.freight_fen,
    )
    parts = order_rules.divide([cheaper], found.freight_fen, has_creator=order.creator_id is not None)
    own = [step for step in order.explanation if step["kind"] in ("list", "presale")]
    return replace(
        order,
        lines=(cheaper,),
        discount_fen=found.discount_fen,
        platform_discount_fen=found.platform_discount_fen,
        freight_fen=found.freight_fen,
        total_fen=cheaper.paid_fen + found.freight_fen,
        commission_fen=parts.creator_fen,
        platform_fee_fen=parts.platform_fen,
        explanation=[*own, *(step.plain() for step in _of_balance(found.explanation))],
    )


def _of_balance(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.kind not in ("list", "presale")]
