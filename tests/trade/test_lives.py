"""Random lives of orders: whatever happens in whatever order, the ledger stays sound and nobody gets back more than was paid."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from kaibo.goods.contracts import SkuId
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Refused
from kaibo.kernel.web import Caller
from kaibo.trade.contracts import OrderState, Source
from kaibo.trade.ledger.check import check_ledger
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import find_order, lock_order
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import place_order
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.payment import resolve
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.refund import refund_before_shipping
from kaibo.trade.payment.start import start_charge
from kaibo.trade.payment.withdraw import expire_by_time, withdraw_order
from kaibo.trade.settlement.close import settle_order
from kaibo.trade.shipping.ship import ship_parcel
from tests.trade.world import Buyer, Shop

STEPS = (
    "start",
    "pay",
    "pay_first_attempt",
    "close",
    "cancel",
    "expire",
    "ship",
    "receive",
    "settle",
    "refund",
    "refund_processing",
    "refund_done",
    "refund_closed",
    "refund_abnormal",
)

BEGINNINGS = (
    (),
    ("start", "pay"),
    ("start", "pay", "ship", "receive"),
    ("start", "pay", "refund"),
    ("start", "expire", "close"),
    ("start", "cancel", "close"),
)
"""Random steps alone rarely get as far as a parcel."""


@dataclass
class Life:
    """One order and what may happen to it."""

    db: Db
    buyer: Caller
    shop_id: uuid.UUID
    order_id: uuid.UUID

    async def do(self, step: str) -> None:
        await getattr(self, f"_{step}")()

    async def _start(self) -> None:
        order = await lock_order(self.db, self.order_id)
        await start_charge(self.db, [order], method="wechat_h5", return_url="http://x/", payer_ip="127.0.0.1")

    async def _numbers(self, table: str, columns: str) -> list[Any]:
        owner = "checkout_id" if table == "charges" else "order_id"
        rows = await self.db.execute(
            text(f"SELECT {columns} FROM trade.{table} WHERE {owner} = :id ORDER BY attempt"),
            {"id": self.order_id},
        )
        return list(rows)

    async def _pay_nth(self, place: int) -> None:
        found = await self._numbers("charges", "out_trade_no, amount_fen")
        if found:
            number, fen = found[place]
            await confirm_charge(self.db, PaidFact("wechatpay", number, f"4200{number}", fen, "CNY", clock.now()))

    async def _pay(self) -> None:
        await self._pay_nth(-1)

    async def _pay_first_attempt(self) -> None:
        await self._pay_nth(0)

    async def _close(self) -> None:
        """The provider says that the charge is closed."""
        charge = await live_charge(self.db, self.order_id)
        if charge is not None:
            await resolve._closed(self.db, charge)

    async def _cancel(self) -> None:
        await withdraw_order(self.db, self.order_id, buyer_id=self.buyer.id, reason="")

    async def _expire(self) -> None:
        await expire_by_time(self.db, self.order_id)

    async def _ship(self) -> None:
        await ship_parcel(
            self.db,
            self.order_id,
            shop_id=self.shop_id,
            carrier="sf",
            tracking_number="SF1234567890123",
            by=self.buyer.id,
        )

    async def _receive(self) -> None:
        await receive_order(self.db, self.order_id, by=self.buyer.id)

    async def _settle(self) -> None:
        await settle_order(self.db, self.order_id)

    async def _refund(self) -> None:
        await refund_before_shipping(self.db, self.order_id, buyer_id=self.buyer.id, reason="不要了")

    async def _hear(self, status: RefundStatus) -> None:
        for number, fen in (await self._numbers("refunds", "out_refund_no, fen"))[-1:]:
            await hear_refund(self.db, number, status, fen=fen, refund_id="5000", at=None)

    async def _refund_processing(self) -> None:
        await self._hear(RefundStatus.PROCESSING)

    async def _refund_done(self) -> None:
        await self._hear(RefundStatus.DONE)

    async def _refund_closed(self) -> None:
        await self._hear(RefundStatus.CLOSED)

    async def _refund_abnormal(self) -> None:
        await self._hear(RefundStatus.ABNORMAL)


@pytest.fixture
async def market(shop: Shop, buyer: Buyer) -> tuple[Shop, Buyer, dict[str, Any]]:
    return shop, buyer, await shop.sku(price_fen=3333, stock=10_000, commission_bps=1777, freight_fen=600)


class RolledBack(Exception):
    """Ends a transaction without keeping it."""


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    beginning=st.sampled_from(BEGINNINGS),
    rest=st.lists(st.sampled_from(STEPS), min_size=2, max_size=12),
    quantity=st.integers(1, 9),
)
async def test_the_ledger_is_sound_through_every_life_of_an_order(
    here: Context,
    market: tuple[Shop, Buyer, dict[str, Any]],
    beginning: tuple[str, ...],
    rest: list[str],
    quantity: int,
) -> None:
    shop, buyer, sku = market
    caller = Caller(buyer.person.id, "李小明")
    try:
        async with here.database.transaction() as db:
            line = WantedLine(SkuId(uuid.UUID(sku["id"])), quantity, sku["price_fen"])
            wanted = Wanted((line,), uuid.UUID(buyer.address_id), Source("shelf"))
            order = await place_order(db, caller, wanted)
            life = Life(db, caller, shop.id, order.id)
            before = order.state
            for step in (*beginning, *rest):
                try:
                    async with db.begin_nested():
                        await life.do(step)
                except Refused:
                    pass
                after = (await find_order(db, order.id)).state
                paid_late = (before, after) == (OrderState.EXPIRED, OrderState.PAID)  # and its pieces were taken again
                assert after is before or paid_late or rules.may_become(before, after), f"{before} -> {after} by {step}"
                before = after
                report = await check_ledger(db)
                assert (report.sum_fen, report.faults) == (0, ()), f"after {step}"
            await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            event(f"ended {after}")
            await _compare_stock(db, sku["id"], after, quantity)
            raise RolledBack
    except RolledBack:
        pass


async def _compare_stock(db: Db, sku_id: str, state: OrderState, quantity: int) -> None:
    """What the order took from the shelf is what its state says."""
    from kaibo.goods import facade as goods

    left = (await goods.skus(db, [uuid.UUID(sku_id)])).popitem()[1].stock_left
    gone = state in {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REFUNDING, OrderState.REFUNDED}
    assert left == 10_000 - (0 if gone else quantity)
