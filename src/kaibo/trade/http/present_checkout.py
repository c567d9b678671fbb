"""Checkouts as JSON."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.trade.http.present import present_new, present_orders
from kaibo.trade.orders import rules
from kaibo.trade.orders.draft import Blueprint
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.place import Placed
from kaibo.trade.wire import CheckoutWire


async def checkout_of(db: Db, orders: Sequence[Order], locale: Locale) -> CheckoutWire:
    """The orders of one checkout, as its buyer sees them."""
    return CheckoutWire(
        id=orders[0].checkout_id,
        total_fen=sum(order.total_fen for order in orders),
        due_fen=sum(rules.due_fen(order) for order in orders),
        pay_before=min(order.pay_before for order in orders),
        orders=await present_orders(db, orders, "buyer", locale),
    )


def placed_json(placed: Placed, locale: Locale) -> bytes:
    """The same for a checkout that was placed this moment. What it shares with its neighbours is written once for all of them."""
    faces = placed.blueprint.faces
    if (face := faces.get(locale)) is None:
        face = faces[locale] = _face(placed.blueprint, locale)
    own: dict[str, Any] = {"checkout": placed.checkout_id, "note": placed.note}
    for at, one in enumerate(placed.orders):
        own[f"order.{at}"], own[f"number.{at}"] = one.id, one.number
        for place, line_id in enumerate(one.line_ids):
            own[f"line.{at}.{place}"] = line_id
    return face.fill({**{name: orjson.dumps(value) for name, value in own.items()}, "address": placed.address})


@dataclass(frozen=True)
class _Face:
    """An answer with gaps: `text` has a %b for each of `gaps`."""

    text: bytes
    gaps: tuple[str, ...]

    def fill(self, own: Mapping[str, bytes]) -> bytes:
        return self.text % tuple(own[name] for name in self.gaps)


_GAP = secrets.token_hex(8)
"""No text of a merchant contains it."""


def _face(blueprint: Blueprint, locale: Locale) -> _Face:
    orders = blueprint.orders
    whole = CheckoutWire(
        id=orders[0].checkout_id,
        total_fen=blueprint.priced.total_fen,
        due_fen=blueprint.priced.total_fen,
        pay_before=orders[0].pay_before,
        orders=[present_new(order, locale) for order in orders],
    ).model_dump(mode="json")
    whole["id"] = f"{_GAP}checkout"
    for at, order in enumerate(whole["orders"]):
        gaps = {
            "id": f"order.{at}",
            "checkout_id": "checkout",
            "number": f"number.{at}",
            "note": "note",
            "address": "address",
        }
        order |= {member: f"{_GAP}{name}" for member, name in gaps.items()}
        for place, line in enumerate(order["lines"]):
            line["id"] = f"{_GAP}line.{at}.{place}"
    said = re.split(f'"{_GAP}([a-z0-9.]+)"', orjson.dumps(whole).decode())
    return _Face(b"%b".join(text.encode().replace(b"%", b"%%") for text in said[::2]), tuple(said[1::2]))
