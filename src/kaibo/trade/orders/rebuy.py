"""Once more: what of an order is still sold, at today's price, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kaibo.goods import facade as goods
from kaibo.kernel.db import Db
from kaibo.trade.orders.model import Order, OrderLine

Why = Literal["not_sold", "sold_out", "fewer"]


@dataclass(frozen=True)
class Again:
    """One line that can be had. `was_fen` is what a piece cost then."""

    line: OrderLine
    quantity: int
    unit_price_fen: int
    was_fen: int


@dataclass(frozen=True)
class Gone:
    """A line that cannot be had as it was. `left` pieces can, where `why` is "fewer"."""

    line: OrderLine
    why: Why
    left: int


async def buy_again(db: Db, order: Order) -> tuple[list[Again], list[Gone]]:
    """Nothing is held and nothing is placed: it is what to put into the order sheet."""
    offered = await goods.skus(db, [line.sku_id for line in order.lines])
    again: list[Again] = []
    gone: list[Gone] = []
    for line in order.lines:
        sku = offered.get(line.sku_id)
        if sku is None:
            gone.append(Gone(line, "not_sold", 0))
            continue
        most = min(sku.stock_left, sku.limit_per_buyer or sku.stock_left)
        quantity = min(line.quantity, most)
        if quantity < line.quantity:
            gone.append(Gone(line, "fewer" if quantity else "sold_out", quantity))
        if quantity:
            again.append(Again(line, quantity, sku.price_fen, line.unit_price_fen))
    return again, gone
