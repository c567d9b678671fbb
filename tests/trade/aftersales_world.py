"""Orders in every state that after-sales knows, and the hands that bring a case forward."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select, text

from kaibo.kernel import clock, tables
from kaibo.kernel.context import Context
from kaibo.kernel.reactions import apply
from kaibo.kernel.timers import Sweeper
from kaibo.trade import reactions as trade
from kaibo.trade.aftersales.record import DEADLINE
from kaibo.trade.settlement.close import settle_order
from tests.payment.world import Sandbox
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_paying import eventually, state_of
from tests.trade.test_settling import ship
from tests.trade.world import Buyer, Shop, _picture, key, ok

PARCEL = {"carrier": "sf", "tracking_number": "SF1234567890123"}


async def placed(
    buyer: Buyer, skus: Sequence[dict[str, Any]], quantities: Sequence[int], **more: Any
) -> dict[str, Any]:
    lines = [
        {"sku_id": sku["id"], "quantity": quantity, "unit_price_fen": sku["price_fen"]}
        for sku, quantity in zip(skus, quantities, strict=True)
    ]
    body = {"lines": lines, "address_id": buyer.address_id, "source": {"kind": "shelf"}} | more
    made = ok(await buyer.client.post("/api/orders", json=body, headers=key()))
    return dict(made["orders"][0] if "orders" in made else made)


async def paid(
    provider: Sandbox, buyer: Buyer, skus: Sequence[dict[str, Any]], quantities: Sequence[int], **more: Any
) -> dict[str, Any]:
    order = await placed(buyer, skus, quantities, **more)
    await pay(provider, buyer, order)
    return order


async def pay(provider: Sandbox, buyer: Buyer, order: dict[str, Any]) -> None:
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")


async def received(shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))


async def settled(here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    await received(shop, buyer, order)
    async with here.database.transaction() as db:
        await settle_order(db, uuid.UUID(order["id"]))


async def picture(client: httpx.AsyncClient) -> str:
    return str(ok(await client.post("/api/pictures", files={"file": ("p.png", _picture(), "image/png")}))["id"])


async def ask(
    buyer: Buyer, order: dict[str, Any], kind: str, reason: str, lines: Sequence[tuple[int, int]], **more: Any
) -> httpx.Response:
    """`lines`: (place in the order, quantity)."""
    wanted = [{"line_id": order["lines"][place]["id"], "quantity": quantity} for place, quantity in lines]
    body = {"order_id": order["id"], "kind": kind, "reason": reason, "lines": wanted} | more
    return await buyer.client.post("/api/aftersales", json=body, headers=key())


async def case_of(
    buyer: Buyer, order: dict[str, Any], kind: str, reason: str, lines: Sequence[tuple[int, int]], **more: Any
) -> dict[str, Any]:
    """A case with a picture, so that any reason will do."""
    more.setdefault("picture_ids", [await picture(buyer.client)])
    return dict(ok(await ask(buyer, order, kind, reason, lines, **more)))


async def mine(buyer: Buyer, case: dict[str, Any]) -> dict[str, Any]:
    return dict(ok(await buyer.client.get(f"/api/aftersales/{case['id']}")))


async def theirs(shop: Shop, case: dict[str, Any], step: str, body: dict[str, Any] | None = None) -> httpx.Response:
    path = f"/api/shops/{shop.id}/aftersales/{case['id']}/{step}"
    return await shop.staff.client.post(path, json=body or {}, headers=key())


async def step(buyer: Buyer, case: dict[str, Any], what: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await buyer.client.post(f"/api/aftersales/{case['id']}/{what}", json=body or {}, headers=key())


async def react(here: Context) -> None:
    """What the worker does with trade's events that wait in the outbox: nothing relays them in a test process."""
    async with here.database.transaction() as db:
        rows = (await db.execute(select(tables.outbox).order_by(tables.outbox.c.position))).all()
    for reaction in trade.reactions.all:
        for row in rows:
            if row.subject == reaction.event.subject:
                await apply(here.database, reaction, row.event_id, row.body)


async def money_arrives(here: Context, order: dict[str, Any]) -> None:
    """The provider pays every refund of the order, and the case hears of it."""
    await finish_refunds(here, order)
    await react(here)


async def let_time_pass(here: Context, case: dict[str, Any]) -> None:
    """The case's deadline is over: the sweeper finds it due."""
    async with here.database.transaction() as db:
        late = {"id": uuid.UUID(case["id"]), "at": clock.now() - timedelta(seconds=1)}
        await db.execute(text("UPDATE trade.aftersales_cases SET deadline = :at WHERE id = :id"), late)
        due = {"kind": DEADLINE, "key": case["id"], "at": late["at"]}
        await db.execute(text("UPDATE kernel.timers SET due_at = :at WHERE kind = :kind AND key = :key"), due)
    await Sweeper(here.database, {DEADLINE: trade.timers.all[DEADLINE]}).sweep()
