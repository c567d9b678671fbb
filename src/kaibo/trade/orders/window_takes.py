"""Which pieces of a batch count against price windows with a cap or pieces of their own."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from kaibo.goods.contracts import QuotedLine
from kaibo.goods.contracts.windows import WindowId, WindowWish
from kaibo.goods.facade import Take
from kaibo.trade.orders.draft import Blueprint
from kaibo.trade.orders.model import PlacedOrder


def wishes_of(made: Blueprint) -> list[WindowWish]:
    """Empty for nearly every order: most prices are not scarce."""
    return [wish for order in made.priced.orders for wish in _wishes(line.quoted for line in order.lines)]


def takes_of(made: Blueprint, placed: Iterable[PlacedOrder], buyer_id: UUID) -> list[Take]:
    return [
        Take(one.id, wish.window_id, buyer_id, wish.quantity)
        for order, one in zip(made.priced.orders, placed, strict=True)
        for wish in _wishes(line.quoted for line in order.lines)
    ]


def _wishes(lines: Iterable[QuotedLine]) -> list[WindowWish]:
    return [
        WindowWish(WindowId(window.id), line.sku_id, line.quantity)
        for line in lines
        if line.price_kind == "window"
        for window in line.windows
        if window.id == line.price_ref and window.scarce
    ]
