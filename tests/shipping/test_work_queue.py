"""Parcels in the shop's and the operator's hands: corrections, doubles, what does not move, what the clock does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from kaibo.kernel.context import Context
from kaibo.kernel.timers import Sweeper
from kaibo.trade import reactions as trade
from kaibo.trade.shipping import wiring
from kaibo.trade.shipping.errors import CarrierNotConfigured
from tests.shipping.carrier_process import CarrierProcess
from tests.shipping.test_travelling import number, parcel_state, ship, traces, work
from tests.trade.test_paying import eventually, state_of
from tests.trade.world import Buyer, Shop, column, ok


async def test_a_wrong_number_is_corrected_and_the_wrong_trace_is_gone(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    wrong, right = number(), number()
    await carrier.set_faults(wrong, outcome="silent")
    await carrier.set_faults(right, outcome="locker")
    shipped = ok(await ship(shop, order, wrong))
    path = f"/api/shops/{shop.id}/orders/{order['id']}/parcels/{shipped['parcels'][0]['id']}/correct"
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "in_transit")
    body = {"carrier": "sf", "tracking_number": right}
    mended = ok(await shop.staff.client.post(path, json=body))
    assert (mended["parcels"][0]["tracking_number"], mended["parcels"][0]["state"]) == (right, "announced")
    assert ok(await shop.staff.client.post(path, json=body))["history"] == mended["history"]
    assert (await traces(buyer, order))[0]["steps"] == []
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "delivered")
    (parcel,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}/parcels"))["items"]
    assert [one["was_tracking_number"] for one in parcel["corrections"]] == [wrong]
    late = await shop.staff.client.post(path, json={"carrier": "sf", "tracking_number": number()})
    assert (late.status_code, late.json()["code"]) == (409, "trade.correction_too_late")
    bad = await shop.staff.client.post(
        path, json={"carrier": "sf", "tracking_number": "12"}, headers={"Accept-Language": "en"}
    )
    assert "SF Express" in bad.json()["detail"]
    assert bad.json()["carrier_name"] == "SF Express"
    told = await shop.staff.client.post(path, json={"carrier": "sf", "tracking_number": "12"})
    assert "顺丰速运" in told.json()["detail"]


async def test_the_same_parcel_twice_is_noticed(shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    tracking = number()
    ok(await ship(shop, order, tracking, {0: 1}))
    again = await ship(shop, order, tracking.lower(), {0: 1})
    assert (again.status_code, again.json()["code"]) == (409, "trade.number_twice")


async def test_ten_hands_ship_the_same_two_pieces(
    here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    answers = await asyncio.gather(*(ship(shop, order, number(), {0: 1}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 8
    pieces = (
        "SELECT quantity FROM trade.parcel_lines l JOIN trade.parcels p ON p.id = l.parcel_id WHERE p.order_id = :o"
    )
    assert sum(await column(here, pieces, o=order["id"])) == 2


async def test_a_strange_shop_neither_ships_nor_looks(
    sign_in: Any, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    other = await sign_in(roles=[("shop_staff", "shop", shop.id)])
    stranger = await sign_in()
    assert (await other.client.get(f"/api/shops/{shop.id}/orders/{order['id']}/parcels")).status_code == 200
    assert (await stranger.client.get(f"/api/shops/{shop.id}/orders/{order['id']}/parcels")).status_code == 403
    assert (await stranger.client.get(f"/api/orders/{order['id']}/parcels")).status_code == 404


async def test_the_work_queue_shows_what_does_not_move(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="silent")
    ok(await ship(shop, order, tracking))
    base = f"/api/shops/{shop.id}/parcels"
    assert ok(await shop.staff.client.get(f"{base}/counts")) == {
        "travelling": 1,
        "exception": 0,
        "quiet_24h": 0,
        "quiet_48h": 0,
    }
    assert ok(await shop.staff.client.get(base, params={"quiet_hours": "24"}))["items"] == []
    async with here.database.transaction() as db:
        query = "UPDATE trade.parcels SET shipped_at = shipped_at - interval '30 hours' WHERE order_id = :o"
        await db.execute(text(query), {"o": UUID(order["id"])})
    assert ok(await shop.staff.client.get(f"{base}/counts"))["quiet_24h"] == 1
    (row,) = ok(await shop.staff.client.get(base, params={"quiet_hours": "24"}))["items"]
    assert (row["order_number"], row["quiet_hours"], row["to_city"]) == (order["number"], 30, "大理白族自治州")
    assert ok(await shop.staff.client.get(base, params={"quiet_hours": "48"}))["items"] == []
    assert len(ok(await shop.staff.client.get(base, params={"q": tracking.lower()}))["items"]) == 1
    assert ok(await shop.staff.client.get(base, params={"state": "exception"}))["items"] == []


async def test_the_clock_does_not_receive_what_is_still_on_its_way(
    here: Context,
    carrier: CarrierProcess,
    shop: Shop,
    buyer: Buyer,
    order: dict[str, Any],
    terms: Callable[..., None],
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="silent")
    ok(await ship(shop, order, tracking))
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "in_transit")
    due = (
        "UPDATE kernel.timers SET due_at = now() - interval '1 second' WHERE kind = 'trade.order.receive' AND key = :k"
    )
    before = (await buyer.order(order["id"]))["receive_before"]
    async with here.database.transaction() as db:
        await db.execute(text(due), {"k": order["id"]})
    await Sweeper(here.database, trade.timers.all).sweep()

    async def put_off() -> bool:  # by this sweeper, or by a worker's that was quicker and is still at it
        return bool((await buyer.order(order["id"]))["receive_before"] != before)

    await eventually(put_off, True)
    assert await state_of(buyer, order) == "shipped"
    terms(trade_time_scale=1e-9)  # thirty days are over
    async with here.database.transaction() as db:
        await db.execute(text(due), {"k": order["id"]})
        earlier = "UPDATE trade.orders SET shipped_at = shipped_at - interval '1 minute' WHERE id = :o"
        await db.execute(text(earlier), {"o": UUID(order["id"])})
    await Sweeper(here.database, trade.timers.all).sweep()
    await eventually(lambda: state_of(buyer, order), "received")


async def test_without_a_carrier_service_shops_ship_all_the_same(
    here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any], tmp_path: Any
) -> None:
    before = wiring.carrier()
    wiring.install(wiring.ConfiguredCarrier(tmp_path / "carrier.json"))
    try:
        assert ok(await ship(shop, order, number()))["state"] == "shipped"
        await work(here, order)
        with pytest.raises(CarrierNotConfigured):
            wiring.carrier().read_push({})
        push = await buyer.client.post(wiring.PUSH_PATH, data={"param": "{}", "sign": "x"})
        assert push.status_code == 503
    finally:
        wiring.install(before)


async def test_operators_see_what_was_pushed(sign_in: Any, carrier: CarrierProcess, client: httpx.AsyncClient) -> None:
    refused = await client.post(wiring.PUSH_PATH, data={"param": "{}", "sign": "0" * 32})
    assert (refused.status_code, refused.json()["result"]) == (401, False)
    operator = await sign_in(roles=[("operator", "platform", None)])
    found = ok(await operator.client.get("/api/operator/carrier-notices", params={"outcome": "forged"}))["items"]
    assert found[0]["detail"] == "the signature does not belong to this content"
