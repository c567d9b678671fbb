"""Parcels travel: the real carrier process, its real signatures, and everything that goes wrong between two machines."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.trade.shipping import track
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
