"""Parcels travel: the real carrier process, its real signatures, and everything that goes wrong between two machines."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.timers import Sweeper
from kaibo.trade import reactions as trade
from kaibo.trade.shipping import track, wiring
from kaibo.trade.shipping.errors import CarrierNotConfigured
from kaibo.trade.shipping.model import ParcelId
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.shipping.carrier_process import CarrierProcess
from tests.trade.test_paying import eventually, state_of
from tests.trade.test_refunding import paid_order
from tests.trade.world import Buyer, Shop, column, events_of, key, ok

_numbers = itertools.count(1)


def number() -> str:
    return f"SF{next(_numbers):04d}{clock.now():%S%f}"[:15].ljust(15, "0")


async def ship(shop: Shop, order: dict[str, Any], tracking: str, lines: dict[int, int] | None = None) -> httpx.Response:
    body: dict[str, Any] = {"carrier": "sf", "tracking_number": tracking}
    if lines is not None:
        body["lines"] = [{"line_id": order["lines"][at]["id"], "quantity": n} for at, n in lines.items()]
    path = f"/api/shops/{shop.id}/orders/{order['id']}/parcels"
    return await shop.staff.client.post(path, json=body, headers=key())


async def work(here: Context, order: dict[str, Any]) -> None:
    """What timers and jobs do: subscribe to every parcel of the order, or ask."""
    for parcel_id in await column(here, "SELECT id FROM trade.parcels WHERE order_id = :o", o=order["id"]):
        await track.ask_carrier(here.database, ParcelId(parcel_id))


async def traces(buyer: Buyer, order: dict[str, Any]) -> list[dict[str, Any]]:
    return list(ok(await buyer.client.get(f"/api/orders/{order['id']}/parcels"))["items"])


async def parcel_state(buyer: Buyer, order: dict[str, Any]) -> str:
    return str((await traces(buyer, order))[0]["state"])


async def outcomes(here: Context, tracking: str) -> list[str]:
    return await column(
        here, "SELECT outcome FROM trade.carrier_notices WHERE tracking_number = :n ORDER BY id", n=tracking
    )


@pytest.fixture
async def order(provider: Sandbox, shop: Shop, buyer: Buyer) -> dict[str, Any]:
    """Paid, of one line with two pieces."""
    made = await paid_order(provider, buyer, await shop.sku(), 2)
    return await buyer.order(made["id"])


async def test_a_parcel_travels_and_its_delivery_starts_the_clock_of_receiving(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered")
    shipped = ok(await ship(shop, order, tracking))
    assert (shipped["state"], shipped["parcels"][0]["state"]) == ("shipped", "announced")
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "delivered")
    (parcel,) = await traces(buyer, order)
    assert [step["state"] for step in parcel["steps"]] == [
        "delivered", "out_for_delivery", "in_transit", "in_transit", "in_transit", "in_transit", "collected",
    ]  # fmt: skip
    assert parcel["steps"][0]["text"].endswith("签收人：本人")
    assert "宾川县" in parcel["steps"][0]["text"]
    seen = await buyer.order(order["id"])
    assert seen["parcels"][0]["last_text"] == parcel["steps"][0]["text"]
    waits = datetime.fromisoformat(seen["receive_before"]) - datetime.fromisoformat(parcel["delivered_at"])
    assert waits == timedelta(days=10)
    assert "包裹已签收：顺丰速运 " + tracking in [line["why"] for line in seen["history"]]
    subjects = await events_of(here, order["id"])
    assert subjects[-3:] == ["trade.parcel.shipped", "trade.order.shipped", "trade.parcel.delivered"]


async def test_an_order_in_three_parcels_is_shipped_when_the_last_one_goes(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, provider: Sandbox
) -> None:
    first, second = await shop.sku(), await shop.sku()
    lines = [
        {"sku_id": sku["id"], "quantity": pieces, "unit_price_fen": sku["price_fen"]}
        for sku, pieces in ((first, 3), (second, 1))
    ]
    placed = await buyer.place(first, lines=lines)
    await provider.pay(await buyer.pay_url(placed["id"]))
    await eventually(lambda: state_of(buyer, placed), "paid")
    order = await buyer.order(placed["id"])
    partly = ok(await ship(shop, order, number(), {0: 2}))
    assert (partly["state"], [line["to_ship"] for line in partly["lines"]]) == ("paid", [1, 1])
    assert partly["first_shipped_at"]
    assert partly["shipped_at"] is None
    assert "refund" not in (await buyer.order(order["id"]))["actions"]
    refund = await buyer.client.post(f"/api/orders/{order['id']}/refund", json={"reason": "不要了"}, headers=key())
    assert (refund.status_code, refund.json()["code"]) == (409, "trade.wrong_state")
    too_many = await ship(shop, order, number(), {0: 2})
    assert (too_many.status_code, too_many.json()["code"], too_many.json()["left"]) == (422, "trade.too_many_pieces", 1)
    assert ok(await ship(shop, order, number(), {1: 1}))["state"] == "paid"
    whole = ok(await ship(shop, order, number()))
    assert (whole["state"], len(whole["parcels"])) == ("shipped", 3)
    assert [[line["quantity"] for line in parcel["lines"]] for parcel in whole["parcels"]] == [[2], [1], [1]]
    nothing = await ship(shop, order, number())
    assert (nothing.status_code, nothing.json()["code"]) == (409, "trade.wrong_state")
    assert [line["why"].split("：")[0] for line in whole["history"]][-3:] == ["商家发出部分商品"] * 2 + ["商家发货"]


async def test_the_clock_starts_at_the_last_of_two_deliveries(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    quick, slow = number(), number()
    await carrier.set_faults(quick, outcome="delivered")
    await carrier.set_faults(slow, outcome="obstacle")
    ok(await ship(shop, order, quick, {0: 1}))
    ok(await ship(shop, order, slow, {0: 1}))
    from_shipping = (await buyer.order(order["id"]))["receive_before"]
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "delivered")
    assert (await buyer.order(order["id"]))["receive_before"] == from_shipping

    async def both() -> list[str]:
        return [parcel["state"] for parcel in await traces(buyer, order)]

    await eventually(both, ["delivered", "delivered"])
    assert (await buyer.order(order["id"]))["receive_before"] > from_shipping
    assert "exception" in [step["state"] for step in (await traces(buyer, order))[1]["steps"]]


async def test_a_refused_parcel_comes_back(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="refused")
    ok(await ship(shop, order, tracking))
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "returned")
    assert (await traces(buyer, order))[0]["delivered_at"] is None


async def test_pushes_said_twenty_times_are_heard_once(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered", duplicate=20)
    ok(await ship(shop, order, tracking))
    await work(here, order)
    await eventually(lambda: parcel_state(buyer, order), "delivered")
    await eventually(lambda: _delivered(carrier, tracking), 7)
    (parcel,) = await traces(buyer, order)
    assert len(parcel["steps"]) == 7
    assert (await events_of(here, order["id"])).count("trade.parcel.delivered") == 1
    # A list may overtake the one before it, which then says nothing new: only news is kept.
    assert set(await outcomes(here, tracking)) == {"news"}
    assert len(await outcomes(here, tracking)) <= 7


async def _delivered(carrier: CarrierProcess, tracking: str) -> int:
    return sum(push["state"] == "delivered" for push in await carrier.pushes(tracking))


async def test_pushes_out_of_order_end_where_the_newest_step_says(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered", reorder=True)
    ok(await ship(shop, order, tracking))
    await work(here, order)
    await eventually(lambda: _delivered(carrier, tracking), 7)
    (parcel,) = await traces(buyer, order)
    assert (parcel["state"], len(parcel["steps"])) == ("delivered", 7)
    assert (await events_of(here, order["id"])).count("trade.parcel.delivered") == 1


async def test_forged_pushes_are_refused_and_kept_and_move_nothing(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered", forge=True)
    before = len(await column(here, "SELECT id FROM trade.carrier_notices WHERE outcome = 'forged'"))
    ok(await ship(shop, order, tracking))
    await work(here, order)

    async def refused() -> bool:
        return any(push["attempts"] for push in await carrier.pushes(tracking))

    await eventually(refused, True)
    push = (await carrier.pushes(tracking))[0]
    assert push["note"] == '401: {"result": false, "returnCode": "500", "message": "失败"}'
    assert await parcel_state(buyer, order) == "announced"
    kept = await column(here, "SELECT body FROM trade.carrier_notices WHERE outcome = 'forged' ORDER BY id")
    assert len(kept) > before
    assert b"sign=" in bytes(kept[-1])


async def test_pushes_of_a_number_nobody_knew_are_heard_again_when_the_shop_has_put_it_right(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any], sign_in: SignIn
) -> None:
    operator = await sign_in(roles=[("operator", "platform", None)])
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered")
    ok(await ship(shop, order, tracking))

    async def say(as_number: str) -> None:
        put = text("UPDATE trade.parcels SET tracking_number = :n WHERE order_id = :id")
        async with here.database.transaction() as db:
            await db.execute(put, {"n": as_number, "id": UUID(order["id"])})

    await work(here, order)
    await say(number())
    await eventually(lambda: _delivered(carrier, tracking), 7)
    listed = f"/api/operator/carrier-notices?outcome=unknown_parcel&q={tracking}&limit=100"
    unknown = ok(await operator.client.get(listed))["items"]
    assert unknown
    assert {one["tracking_number"] for one in unknown} == {tracking}
    assert (await buyer.client.get(listed)).status_code == 403
    path = f"/api/operator/carrier-notices/{unknown[0]['id']}/replay"
    assert ok(await operator.client.post(path))["outcome"] == "unknown_parcel", "still nobody's"
    await say(tracking)
    for notice in reversed(unknown):
        again = ok(await operator.client.post(f"/api/operator/carrier-notices/{notice['id']}/replay"))
        assert again["outcome"] == "news"
    assert await parcel_state(buyer, order) == "delivered"
    twice = await operator.client.post(path)
    assert (twice.status_code, twice.json()["code"]) == (409, "trade.notice_not_open")
    assert ok(await operator.client.get(listed))["items"] == []


async def test_half_a_push_is_malformed_and_comes_again_for_nothing(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="silent", garble=True)
    ok(await ship(shop, order, tracking))
    await work(here, order)

    async def given_up() -> bool:
        return any(push["state"] == "given_up" for push in await carrier.pushes(tracking))

    await eventually(given_up, True)
    assert (await carrier.pushes(tracking))[0]["attempts"] == 4
    assert await parcel_state(buyer, order) == "announced"


async def test_lost_pushes_are_made_up_for_by_asking(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered", lose=True)
    ok(await ship(shop, order, tracking))
    await work(here, order)
    await eventually(lambda: _count(carrier, tracking), 7)
    assert await parcel_state(buyer, order) == "announced"
    await work(here, order)  # what the timer starts after twelve hours of silence
    assert await parcel_state(buyer, order) == "delivered"


async def _count(carrier: CarrierProcess, tracking: str) -> int:
    return len(await carrier.pushes(tracking))


async def test_a_subscription_whose_answer_was_lost_is_made_once(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered", fail_subscribe=True, lose=True)
    ok(await ship(shop, order, tracking))
    await work(here, order)
    (parcel,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}/parcels"))["items"]
    assert "500" in parcel["track_error"]
    assert (await traces(buyer, order))[0]["track_error"] is None  # the buyer is spared the machinery
    await eventually(lambda: _count(carrier, tracking), 7)
    await carrier.set_faults(tracking)
    await work(here, order)  # "subscribed already": there may be a past, so it is asked for
    assert await parcel_state(buyer, order) == "delivered"


async def test_the_carrier_may_be_away_for_a_while(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="delivered")
    carrier.kill()
    ok(await ship(shop, order, tracking))
    await work(here, order)
    assert await parcel_state(buyer, order) == "announced"
    carrier.start()
    await work(here, order)
    carrier.kill()  # with a subscription acknowledged: it is kept
    carrier.start()
    await eventually(lambda: parcel_state(buyer, order), "delivered")


async def test_a_number_of_which_nobody_hears_is_given_up_aloud(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    tracking = number()
    await carrier.set_faults(tracking, outcome="unknown")
    ok(await ship(shop, order, tracking))
    await work(here, order)

    async def error() -> str | None:
        found = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}/parcels"))["items"]
        return str(found[0]["track_error"])

    await eventually(error, "3天查询无记录")


async def test_two_orders_in_one_parcel_both_hear(
    here: Context, carrier: CarrierProcess, shop: Shop, buyer: Buyer, order: dict[str, Any], provider: Sandbox
) -> None:
    other = await paid_order(provider, buyer, await shop.sku())
    tracking = number()
    await carrier.set_faults(tracking, outcome="locker")
    for one in (order, other):
        ok(await ship(shop, one, tracking))
        await work(here, one)
    for one in (order, other):
        await eventually(lambda one=one: parcel_state(buyer, one), "delivered")  # type: ignore[misc]
    found = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders", params={"q": tracking}))["items"]
    assert {one["id"] for one in found} == {order["id"], other["id"]}


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
