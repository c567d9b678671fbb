"""The arguments of `trade.place_batch`, column by column, and what it answers."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import LineId, OrderId
from kaibo.trade.orders import rules
from kaibo.trade.orders.draft import Blueprint
from kaibo.trade.orders.model import Order, OrderLine, PlacedOrder

_NAMES = (
    "buyer_ids", "keys", "digests",
    "order_places", "order_ids", "checkout_ids", "numbers", "shapes", "nicknames", "addresses", "notes",
    "line_orders", "line_ids", "line_shapes_of", "line_skus", "line_quantities",
    "order_shapes", "line_shapes", "at", "due",
)  # fmt: skip
_CALL = text(f"SELECT * FROM trade.place_batch({', '.join(f':{name}' for name in _NAMES)})")  # noqa: S608 (our own names)

_ORDER_SHAPE = (
    "shop_id", "shop_name", "currency", "goods_fen", "discount_fen", "platform_discount_fen", "freight_fen", "total_fen",
    "explanation", "commission_fen", "platform_fee_fen", "source_title", "creator_id", "agency_id", "agency_bps", "leader_id",
    "leader_bps",
)  # fmt: skip
_LINE_SHAPE = (
    "product_id", "title", "sku_name", "picture_url", "unit_price_fen", "line_fen", "discount_fen", "platform_discount_fen",
    "paid_fen", "freight_fen", "freight_paid_fen", "commission_bps", "platform_fee_bps",
    "plan_id", "seven_day_exclusion",
)  # fmt: skip


class Columns:
    """Add checkouts in order of arrival, then `store` them. Numbers of places, orders and shapes begin at 1."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._columns: dict[str, list[Any]] = {name: [] for name in _NAMES[:-4]}
        self._order_shapes: list[dict[str, Any]] = []
        self._line_shapes: list[dict[str, Any]] = []
        self._shape_of: dict[int, tuple[int, int]] = {}
        self._numbers = rules.order_numbers(at, secrets.randbelow(rules.NUMBER_SALTS))
        self._blueprints: list[Blueprint] = []

    def __len__(self) -> int:
        return len(self._columns["buyer_ids"])

    def ids_for(self, made: Blueprint) -> tuple[PlacedOrder, ...]:
        """The ids and numbers that the orders will have, if they are placed."""
        return tuple(
            PlacedOrder(OrderId(new_id()), next(self._numbers), tuple(LineId(new_id()) for _ in order.lines))
            for order in made.orders
        )

    def add(
        self,
        buyer_id: PersonId,
        nickname: str,
        key: str | None,
        digest: bytes,
        made: Blueprint,
        ids: tuple[PlacedOrder, ...],
        address: bytes,
        note: str | None,
    ) -> None:
        """`ids` are from ids_for; `address` is JSON."""
        c = self._columns
        c["buyer_ids"].append(buyer_id)
        c["keys"].append(key)
        c["digests"].append(digest)
        place = len(c["buyer_ids"])
        shape, line_shape = self._shapes(made)
        nickname, written = rules.masked(nickname), address.decode()
        for order, one in zip(made.orders, ids, strict=True):
            c["order_places"].append(place)
            c["order_ids"].append(one.id)
            c["checkout_ids"].append(ids[0].id)
            c["numbers"].append(one.number)
            c["shapes"].append(shape)
            c["nicknames"].append(nickname)
            c["addresses"].append(written)
            c["notes"].append(note)
            shape += 1
            row = len(c["order_ids"])
            for line, line_id in zip(order.lines, one.line_ids, strict=True):
                c["line_orders"].append(row)
                c["line_ids"].append(line_id)
                c["line_shapes_of"].append(line_shape)
                c["line_skus"].append(line.sku_id)
                c["line_quantities"].append(line.quantity)
                line_shape += 1

    def _shapes(self, made: Blueprint) -> tuple[int, int]:
        """The numbers of the blueprint's first order and of its first line."""
        known = self._shape_of.get(id(made))
        if known is None:
            known = (len(self._order_shapes) + 1, len(self._line_shapes) + 1)
            self._shape_of[id(made)] = known
            self._blueprints.append(made)  # so that no other can get its id
            for order in made.orders:
                self._order_shapes.append(_order_shape(order))
                self._line_shapes += [_line_shape(order, line, place) for place, line in enumerate(order.lines)]
        return known

    async def store(self, db: Db, due: datetime) -> list[Any]:
        """The places that were not placed: rows of (place, refusal, sku_id, available, cap, had, checkout_id, digest)."""
        shapes = {
            "order_shapes": orjson.dumps(self._order_shapes, default=str).decode(),
            "line_shapes": orjson.dumps(self._line_shapes, default=str).decode(),
        }
        return list(await db.execute(_CALL, {**self._columns, **shapes, "at": self._at, "due": due}))


def _order_shape(order: Order) -> dict[str, Any]:
    shape = {name: getattr(order, name) for name in _ORDER_SHAPE}
    if order.source is not None:
        shape |= {f"source_{name}": value for name, value in vars(order.source).items()}
    return shape


def _line_shape(order: Order, line: OrderLine, position: int) -> dict[str, Any]:
    return {"position": position, "shop_id": order.shop_id} | {name: getattr(line, name) for name in _LINE_SHAPE}
