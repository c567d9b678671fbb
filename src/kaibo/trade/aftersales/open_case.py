"""A buyer asks for after-sales: checked against the law and the shop's promises, priced to the fen, and answered at once where
no merchant may say no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods import facade as goods
from kaibo.goods.contracts import SkuId
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.aftersales import amounts, rulebook, rules
from kaibo.trade.aftersales.amounts import Amount, Balance
from kaibo.trade.aftersales.approve import take_approval
from kaibo.trade.aftersales.evidence import add_pictures
from kaibo.trade.aftersales.lookup import balances_of
from kaibo.trade.aftersales.model import Case, CaseId, CaseKind, CaseLine, CaseState
from kaibo.trade.aftersales.record import insert_case, note_step, set_clock, tell_opened
from kaibo.trade.aftersales.refusals import ExchangeUnfit, NothingLeft, PriceNotFallen
from kaibo.trade.aftersales.rules import Reason
from kaibo.trade.aftersales.shop_terms import terms_of
from kaibo.trade.aftersales.tables import cases
from kaibo.trade.contracts import LineId, OrderState
from kaibo.trade.orders.lookup import find_order, lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.rules import due
from kaibo.trade.orders.terms import terms
from kaibo.trade.shipping.lookup import parcels_of_order
from kaibo.trade.shipping.rules import left_of, shipped_of


@dataclass(frozen=True)
class Wish:
    """What the buyer wants. `fen` is set where they ask for less than the lines give back; `exchange_sku_ids` for another size."""

    kind: CaseKind
    reason: str
    lines: tuple[tuple[LineId, int], ...]
    said: str = ""
    fen: int | None = None
    picture_ids: tuple[UUID, ...] = ()
    exchange_skus: tuple[tuple[LineId, SkuId], ...] = ()


@dataclass(frozen=True)
class Estimate:
    """What a wish would give back; `granted_at_once` names the rule where no merchant is asked."""

    amount: Amount
    full: bool
    reason: Reason
    granted_at_once: str | None
    before_shipping: bool


async def estimate(db: Db, order_id: UUID, buyer_id: UUID, wish: Wish) -> Estimate:
    """The same checks as opening, nothing written. Evidence is not asked for yet."""
    order = require_buyer(await find_order(db, order_id), buyer_id)
    return await _weigh(db, order, wish, pictures=1)


async def open_case(db: Db, order_id: UUID, buyer_id: UUID, wish: Wish) -> Case:
    """Raises OrderMissing, NotOffered, ReasonUnfit, EvidenceNeeded, TooMuchEvidence, LineUnknown, LineTwice, NothingLeft,
    AmountTooHigh, PriceNotFallen, ExchangeUnfit, PictureMissing."""
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    weighed = await _weigh(db, order, wish, pictures=len(wish.picture_ids))
    now = clock.now()
    case = Case(
        id=CaseId(new_id()),
        number=f"{order.number}-{await _count(db, order) + 1}",
        order_id=order.id,
        shop_id=order.shop_id,
        buyer_id=order.buyer_id,
        kind=wish.kind,
        state=CaseState.ASKED,
        reason=wish.reason,
        fault=weighed.reason.fault,
        said=wish.said,
        before_shipping=weighed.before_shipping,
        lines=_with_exchange(weighed.amount.lines, wish),
        refund_fen=weighed.amount.total_fen,
        full=weighed.full,
        explanation=weighed.amount.steps,
        created_at=now,
        rule=_rule_of(weighed, wish),
        deadline=due(now, rulebook.ANSWER.seconds, terms()),
        deadline_rule=rulebook.ANSWER.rule,
    )
    await insert_case(db, case)
    await add_pictures(db, case, "buyer", buyer_id, wish.picture_ids)
    why = "trade.case_why.asked"
    await note_step(db, case, actor="buyer", actor_id=buyer_id, why=why, rule=case.rule, said=wish.said)
    await tell_opened(db, case)
    if weighed.granted_at_once is None:
        await set_clock(db, case)
        return case
    return await take_approval(db, order, case, actor="system", rule=weighed.granted_at_once)


async def _weigh(db: Db, order: Order, wish: Wish, *, pictures: int) -> Estimate:
    now, house = clock.now(), terms()
    partly = order.state is OrderState.PAID and order.first_shipped_at is not None
    before_shipping = rules.is_before_shipping(wish.kind, order.state, wish.reason, partly_shipped=partly)
    rules.check_time(wish.kind, order.state, order.received_at, now, house)
    reason = rules.check_reason(wish.kind, wish.reason, pictures, before_shipping=before_shipping)
    balances = await balances_of(db, order)
    if partly and wish.kind is CaseKind.REFUND_ONLY:
        await _check_whereabouts(db, order, balances, wish, before_shipping=before_shipping)
    if wish.reason == "no_reason":
        chosen = dict(wish.lines)
        exclusions = [line.seven_day_exclusion for line in order.lines if line.id in chosen]
        rules.check_no_reason(exclusions, order.received_at, now, house)
    if wish.kind is CaseKind.EXCHANGE:
        await _check_exchange(db, order, wish)
    if wish.kind is CaseKind.PRICE_PROTECTION:
        amount = await _price_fall(db, order, balances, wish, now)
        full = True
    else:
        nothing_left_the_shop = before_shipping and not partly
        amount = amounts.money_back(balances, wish.lines, fault=reason.fault, before_shipping=nothing_left_the_shop)
        fen = wish.fen if wish.kind is CaseKind.REFUND_ONLY else None
        amount, full = amounts.lowered(amount, fen)
    if amount.total_fen <= 0:
        first = next(b for b in balances if b.line_id == wish.lines[0][0])
        raise NothingLeft(title=first.title, left=0, asked=wish.lines[0][1])
    at_once = rules.granted_at_once(wish.kind, wish.reason, before_shipping=before_shipping)
    return Estimate(amount, full, reason, at_once, before_shipping)


def _rule_of(weighed: Estimate, wish: Wish) -> str:
    """The rule the buyer rests on."""
    if weighed.granted_at_once is not None:
        return weighed.granted_at_once
    return "law_consumer_24" if weighed.reason.fault == "merchant" else "agreement"


def _with_exchange(lines: Sequence[CaseLine], wish: Wish) -> tuple[CaseLine, ...]:
    wanted = dict(wish.exchange_skus)
    return tuple(replace(line, exchange_sku_id=wanted.get(line.line_id)) for line in lines)


async def _count(db: Db, order: Order) -> int:
    return int(await db.scalar(select(func.count()).select_from(cases).where(cases.c.order_id == order.id)) or 0)


async def _check_whereabouts(
    db: Db, order: Order, balances: Sequence[Balance], wish: Wish, *, before_shipping: bool
) -> None:
    """Of an order that is partly on its way: pieces that are gone are not refunded as if they lay in the shop, nor the other way
    round. Raises NothingLeft."""
    shipped = shipped_of(await parcels_of_order(db, order.id))
    here = {line.id: left_of(line, shipped) for line in order.lines}
    for balance, quantity in amounts.choose(balances, wish.lines):
        in_shop = here[balance.line_id]
        most = min(balance.left_quantity, in_shop) if before_shipping else balance.left_quantity - in_shop
        if quantity > most:
            raise NothingLeft(title=balance.title, left=max(0, most), asked=quantity)


async def _check_exchange(db: Db, order: Order, wish: Wish) -> None:
    """Another SKU of the same product that is no dearer now than what was paid a piece at list price."""
    by_line = {line.id: line for line in order.lines}
    offered = await goods.skus(db, [sku_id for _, sku_id in wish.exchange_skus])
    for line_id, sku_id in wish.exchange_skus:
        line, sku = by_line.get(line_id), offered.get(sku_id)
        if line is None or sku is None or sku.product_id != line.product_id or sku.price_fen > line.unit_price_fen:
            raise ExchangeUnfit(sku_id=str(sku_id))


async def _price_fall(db: Db, order: Order, balances: Sequence[Balance], wish: Wish, now: datetime) -> Amount:
    promised = (await terms_of(db, order.shop_id)).price_protection_days
    rules.check_price_protection(promised, order.paid_at, now, terms())
    assert order.paid_at is not None
    lowest = await goods.lowest_prices(db, [line.sku_id for line in order.lines], since=order.paid_at)
    by_line = {line.id: lowest[line.sku_id] for line in order.lines if line.sku_id in lowest}
    amount = amounts.price_fall(balances, wish.lines, by_line)
    if amount.total_fen <= 0:
        raise PriceNotFallen(days=promised)
    return amount
