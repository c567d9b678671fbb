"""What a creator has earned."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.money import BPS, split
from kaibo.kernel.web import CallerDep, DbDep, PageQuery, auth
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import Which, list_orders
from kaibo.trade.orders.model import Order
from kaibo.trade.settlement.earnings import creator_balances, settled_shares
from kaibo.trade.wire import Earning, EarningBalances, Earnings

router = APIRouter(tags=["creators"])

EARNING_STATES = (
    *sorted(rules.UNSETTLED_PAID),
    OrderState.SETTLED,
    OrderState.REFUNDING,
    OrderState.REFUNDED,
)


@router.get("/api/creators/me/earnings", dependencies=[auth.signed_in, auth.scope("money:read")])
async def earnings(db: DbDep, caller: CallerDep, page: PageQuery) -> Earnings:
    """Commission of every order that was paid: frozen until settlement, void where the buyer got the money back."""
    payable_fen, frozen_fen = await creator_balances(db, caller.id)
    which = Which(creator_id=caller.id, states=EARNING_STATES)
    found = await list_orders(db, which, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    shares = await settled_shares(db, [order.id for order in shown])
    return Earnings(
        balances=EarningBalances(payable_fen=payable_fen, frozen_fen=frozen_fen),
        items=[_earning(order, shares.get(order.id)) for order in shown],
        next_cursor=page.next(found),
    )


def _earning(order: Order, settled: tuple[int, int] | None) -> Earning:
    rates = {line.commission_bps for line in order.lines}
    agency_bps = order.agency_bps if order.agency_id is not None else 0
    agency_fen, mine_fen = split(order.commission_fen, [agency_bps, BPS - agency_bps])
    if settled is not None:
        mine_fen, agency_fen = settled
    return Earning(
        order_number=order.number,
        amount_fen=mine_fen,
        agency_fen=agency_fen,
        # Several rates in one order: what they come to on the whole.
        rate_bps=rates.pop() if len(rates) == 1 else order.commission_fen * BPS // max(1, order.goods_fen),
        state=_state(order),
        at=order.settled_at or order.paid_at or order.created_at,
    )


def _state(order: Order) -> str:
    if order.state is OrderState.SETTLED:
        return "settled"
    return "frozen" if order.state in rules.UNSETTLED_PAID else "void"
