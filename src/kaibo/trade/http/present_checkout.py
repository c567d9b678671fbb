"""Checkouts as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.trade.http.present import present_new, present_orders
from kaibo.trade.orders.draft import Blueprint
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.place import Placed
from kaibo.trade.wire import CheckoutWire


async def checkout_of(db: Db, orders: Sequence[Order], locale: Locale) -> CheckoutWire:
    """The orders of one checkout, as its buyer sees them."""
    return CheckoutWire(
        id=orders[0].checkout_id,
        total_fen=sum(order.total_fen for order in orders),
        pay_before=min(order.pay_before for order in orders),
        orders=await present_orders(db, orders, "buyer", locale),
    )


def placed_json(placed: Placed, locale: Locale) -> bytes:
    """The same for a checkout that was placed this moment. What it shares with its neighbours is made once for all of them."""
    faces = placed.blueprint.faces
    if (face := faces.get(locale)) is None:
        face = faces[locale] = _face(placed.blueprint, locale)
    address = vars(placed.address)  # the buyer sees all of it
    orders = []
    for one, same in zip(placed.orders, face["orders"], strict=True):
        lines = [{**line, "id": line_id} for line, line_id in zip(same["lines"], one.line_ids, strict=True)]
        own = {"id": one.id, "checkout_id": placed.checkout_id, "number": one.number, "note": placed.note}
        orders.append({**same, **own, "address": address, "lines": lines})
    return orjson.dumps({**face, "id": placed.checkout_id, "orders": orders})


def _face(blueprint: Blueprint, locale: Locale) -> dict[str, Any]:
    orders = blueprint.orders
    return CheckoutWire(
        id=orders[0].checkout_id,
        total_fen=blueprint.priced.total_fen,
        pay_before=orders[0].pay_before,
        orders=[present_new(order, locale) for order in orders],
    ).model_dump(mode="json")
