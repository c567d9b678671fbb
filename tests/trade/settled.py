"""Orders that wait for their settlement, made without a shop and a payment provider: the row, its money in escrow, its timer."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.money import split
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId, OrderState
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import DeliveryAddress, Order, OrderLine
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.orders.tables import order_lines, orders

ADDRESS = DeliveryAddress("李小明", "13800138000", "138****8000", "云南省", "大理州", "宾川县", "金牛镇 8 号")


def line(chance: random.Random, freight_fen: int = 0) -> OrderLine:
    quantity, unit = chance.randint(1, 3), chance.randint(1, 20_000)
    paid_less = chance.randint(0, unit * quantity // 3)
    given = chance.randint(0, paid_less)
    fee = chance.choice([0, 60, 500])
    return OrderLine(
        id=LineId(new_id()),
        sku_id=SkuId(new_id()),
        product_id=ProductId(new_id()),
        title="满城抽纸",
        sku_name="10 包",
        picture_url=None,
        unit_price_fen=unit,
        quantity=quantity,
        line_fen=unit * quantity,
        paid_fen=unit * quantity - paid_less,
        freight_fen=freight_fen,
        freight_paid_fen=freight_fen,
        commission_bps=chance.randint(0, 5000),
        platform_fee_bps=fee,
        discount_fen=paid_less - given,
        platform_discount_fen=given,
    )


def order(chance: random.Random, *, shop_id: UUID | None = None, parties: bool = True) -> Order:
    """A received order of one to three lines; with a creator, an agency and a leader now and then."""
    lines = [line(chance, chance.randint(0, 900)) for _ in range(chance.randint(1, 3))]
    creator = PersonId(new_id()) if parties and chance.random() < 0.8 else None
    agency = new_id() if creator and chance.random() < 0.6 else None
    leader = PersonId(new_id()) if creator and chance.random() < 0.4 else None
    now = clock.now()
    freight_fen = sum(one.freight_paid_fen for one in lines)
    goods = sum(one.line_fen for one in lines)
    order_id = OrderId(new_id())
    return Order(
        id=order_id,
        checkout_id=order_id,
        number=rules.order_number(now, random.randrange(10**6)),
        buyer_id=PersonId(new_id()),
        buyer_nickname="李小明",
        shop_id=ShopId(shop_id or new_id()),
        shop_name="老周纸品店",
        state=OrderState.RECEIVED,
        lines=tuple(lines),
        goods_fen=goods,
        freight_fen=freight_fen,
        total_fen=sum(one.paid_fen for one in lines) + freight_fen,
        commission_fen=0,
        platform_fee_fen=0,
        address=ADDRESS,
        source=None,
        source_title=None,
        creator_id=creator,
        note=None,
        created_at=now,
        pay_before=now,
        discount_fen=sum(one.discount_fen for one in lines),
        platform_discount_fen=sum(one.platform_discount_fen for one in lines),
        agency_id=agency,
        agency_bps=chance.randint(0, 5000) if agency else 0,
        leader_id=leader,
        leader_bps=chance.randint(0, 800) if leader else 0,
    )


async def insert_order(db: Db, made: Order) -> None:
    """The row and its lines, past placing: such an order was never in a cart."""
    columns = {column.name for column in orders.columns}
    values = {name: value for name, value in vars(made).items() if name in columns and value is not None}
    values |= {"address": asdict(made.address), "state": made.state.value, "explanation": []}
    await db.execute(orders.insert().values(values))
    names = {column.name for column in order_lines.columns}
    rows = [{name: value for name, value in vars(one).items() if name in names} for one in made.lines]
    for place, row in enumerate(rows):
        await db.execute(
            order_lines.insert().values(row | {"order_id": made.id, "shop_id": made.shop_id, "position": place})
        )


async def wait_for_settlement(db: Db, made: Order) -> None:
    """Store the order, its payment in escrow, and its timer, due now."""
    await insert_order(db, made)
    escrow = Account(AccountKind.ESCROW, made.shop_id)
    legs = move(Account(AccountKind.GATEWAY, scope="wechatpay"), (escrow, made.total_fen))
    await post(db, Posting(PostingKind.PAYMENT, f"payment:{made.id}", made.id, "trade.why.ledger_payment", "t", legs))
    due_at = clock.now() - timedelta(seconds=1)
    await timers.set_timer(db, kind=SETTLE, key=str(made.id), due_at=due_at)


def part_of(chance: random.Random, made: Order, fen: int) -> list[tuple[LineId, int]]:
    """`fen` of an order's goods over its lines."""
    parts = split(fen, [one.paid_fen for one in made.lines])
    return [(one.id, part) for one, part in zip(made.lines, parts, strict=True) if part]
