"""The small verbs of an order: another address, more time, once more, out of the list, the shop's own marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaibo.kernel.context import Context
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_paying import eventually, state_of
from tests.trade.test_refunding import paid_order
from tests.trade.test_settling import ship
from tests.trade.world import Buyer, Shop, column, events_of, key, make_buyer, ok


async def second_address(buyer: Buyer, **changes: str) -> str:
    body = {
        "name": "李大明", "phone": "13900139000", "province": "浙江省", "city": "杭州市", "district": "余杭区",
        "detail": "文一西路 1 号",
    }  # fmt: skip
    return str(ok(await buyer.client.post("/api/addresses", json=body | changes, headers=key()))["id"])


async def move(buyer: Buyer, order: dict[str, Any], address_id: str) -> Any:
    return await buyer.client.post(f"/api/orders/{order['id']}/address", json={"address_id": address_id})


async def test_the_address_can_be_changed_until_something_is_on_its_way(
    provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(freight_fen=800), 2)
    assert "change_address" in (await buyer.order(order["id"]))["actions"]
    other = await second_address(buyer)
    moved = ok(await move(buyer, order, other))
    assert (moved["address"]["city"], moved["total_fen"]) == ("杭州市", order["total_fen"])
    assert ok(await move(buyer, order, other))["history"] == moved["history"]
    seen = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}"))
    said = seen["history"][-1]["why"]
    assert "宾川县" in said
    assert "余杭区" in said
    assert "13900139000" not in said
    ok(await move(buyer, order, buyer.address_id))
    ok(await move(buyer, order, other))
    often = await move(buyer, order, buyer.address_id)
    assert (often.status_code, often.json()["code"]) == (409, "trade.address_changed_too_often")
    line = seen["lines"][0]["id"]
    parcel = {"carrier": "sf", "tracking_number": "SF1234567890123", "lines": [{"line_id": line, "quantity": 1}]}
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/orders/{order['id']}/parcels", json=parcel, headers=key()))
    late = await move(buyer, order, buyer.address_id)
    assert (late.status_code, late.json()["code"]) == (409, "trade.address_fixed")


async def test_nobody_sends_it_to_a_strangers_address(sign_in: SignIn, shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku())
    stranger = await make_buyer(sign_in)
    assert (await move(buyer, order, stranger.address_id)).status_code == 404
    assert (await move(stranger, order, stranger.address_id)).status_code == 404


async def test_receiving_is_extended_once_and_only_when_time_runs_out(
    provider: Sandbox, shop: Shop, buyer: Buyer, terms: Callable[..., None]
) -> None:
    early = await paid_order(provider, buyer, await shop.sku())
    ok(await ship(shop, early))
    path = f"/api/orders/{early['id']}/extend"
    refused = await buyer.client.post(path, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "trade.extend_too_early")
    assert refused.json()["opens_at"][:10] == (await buyer.order(early["id"]))["extend_from"][:10]
    terms(receive_days=2)
    order = await paid_order(provider, buyer, await shop.sku())
    ok(await ship(shop, order))
    before = await buyer.order(order["id"])
    path = f"/api/orders/{order['id']}/extend"
    same = key()
    longer = ok(await buyer.client.post(path, headers=same))
    assert ok(await buyer.client.post(path, headers=same)) == longer
    assert longer["receive_before"][:10] > before["receive_before"][:10]
    assert longer["extend_from"] is None
    again = await buyer.client.post(path, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "trade.extended_already")


async def test_once_more_names_what_cannot_be_had_and_todays_price(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    kept, few, gone = await shop.sku(price_fen=1000), await shop.sku(stock=3), await shop.sku(stock=2)
    lines = [
        {"sku_id": sku["id"], "quantity": pieces, "unit_price_fen": sku["price_fen"]}
        for sku, pieces in ((kept, 1), (few, 2), (gone, 2))
    ]
    order = await buyer.place(kept, lines=lines)
    patch = {"delta": 5, "reason": "补货"}
    ok(await shop.staff.client.patch(f"/api/shops/{shop.id}/skus/{kept['id']}/stock", json=patch))
    found = ok(await buyer.client.get(f"/api/orders/{order['id']}/rebuy"))
    assert [(line["quantity"], line["unit_price_fen"], line["was_fen"]) for line in found["lines"]] == [
        (1, 1000, 1000),
        (1, 2990, 2990),
    ]
    assert [(line["why"], line["left"]) for line in found["gone"]] == [("fewer", 1), ("sold_out", 0)]


async def test_an_order_that_is_over_can_be_cleared_away_and_is_not_gone(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    path = f"/api/orders/{order['id']}/hide"
    early = await buyer.client.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "trade.wrong_state")
    ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "不要了"}))
    await eventually(lambda: state_of(buyer, order), "cancelled")
    for _ in range(2):
        assert (await buyer.client.post(path)).status_code == 204
    assert ok(await buyer.client.get("/api/orders"))["items"] == []
    assert (await buyer.order(order["id"]))["state"] == "cancelled"
    listed = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders"))["items"]
    assert [one["id"] for one in listed] == [order["id"]]


async def test_the_shops_marks_are_found_by_the_shop_and_seen_by_nobody_else(shop: Shop, buyer: Buyer) -> None:
    marked, plain = await buyer.place(await shop.sku()), await buyer.place(await shop.sku())
    base = f"/api/shops/{shop.id}/orders"
    ok(await shop.staff.client.put(f"{base}/{marked['id']}/flag", json={"flag": "red"}))
    note = {"text": "客户要求 8 号前到货"}
    noted = ok(await shop.staff.client.post(f"{base}/{marked['id']}/notes", json=note, headers=key()))
    assert [(one["by_name"], one["text"]) for one in noted["shop_notes"]] == [("老周纸业", note["text"])]
    for query in ({"flag": "red"}, {"q": "8 号前"}):
        found = ok(await shop.staff.client.get(base, params=query))["items"]
        assert [one["id"] for one in found] == [marked["id"]]
    seen = await buyer.order(marked["id"])
    assert (seen["flag"], seen["shop_notes"]) == (None, [])
    cleared = ok(await shop.staff.client.put(f"{base}/{marked['id']}/flag", json={"flag": None}))
    assert cleared["flag"] is None
    pink = await shop.staff.client.put(f"{base}/{plain['id']}/flag", json={"flag": "pink"})
    assert pink.status_code == 422
    assert (await buyer.client.put(f"{base}/{plain['id']}/flag", json={"flag": "red"})).status_code == 403


async def test_partly_shipped_orders_have_a_filter(here: Context, provider: Sandbox, shop: Shop, buyer: Buyer) -> None:
    order = await paid_order(provider, buyer, await shop.sku(), 2)
    await paid_order(provider, buyer, await shop.sku())
    line = (await buyer.order(order["id"]))["lines"][0]["id"]
    parcel = {"carrier": "sf", "tracking_number": "SF1234567890124", "lines": [{"line_id": line, "quantity": 1}]}
    base = f"/api/shops/{shop.id}/orders"
    ok(await shop.staff.client.post(f"{base}/{order['id']}/parcels", json=parcel, headers=key()))
    found = ok(await shop.staff.client.get(base, params={"partly": "true"}))["items"]
    assert [one["id"] for one in found] == [order["id"]]
    assert await column(here, "SELECT count(*) FROM trade.parcels WHERE order_id = :o", o=order["id"]) == [1]


async def test_a_buyer_asks_to_ship_once_a_day_and_the_merchant_hears_of_it(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(stock=9))
    path = f"/api/orders/{order['id']}/remind"
    assert "remind" in (await buyer.order(order["id"]))["actions"]
    stranger = await make_buyer(sign_in)
    assert (await stranger.client.post(path)).status_code == 404
    asked = ok(await buyer.client.post(path))
    assert "remind" not in asked["actions"]
    assert asked["reminded_at"] is not None
    again = await buyer.client.post(path)
    assert (again.status_code, again.json()["code"], again.json()["hours"]) == (409, "trade.reminded_already", 24)
    seen = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}"))
    assert (seen["reminded_at"], seen["history"][-1]["why"]) == (asked["reminded_at"], "买家催发货")
    assert (await events_of(here, order["id"]))[-1] == "trade.order.reminded"
    told = "SELECT text FROM people.sms_ring WHERE phone = :phone AND text LIKE '%催发货%'"
    (message,) = await column(here, told, phone=shop.staff.phone)
    assert order["number"] in message
    second = await paid_order(provider, buyer, await shop.sku(stock=9))
    ok(await buyer.client.post(f"/api/orders/{second['id']}/remind"))
    assert len(await column(here, told, phone=shop.staff.phone)) == 1, "one message an hour"
    late = "UPDATE trade.orders SET reminded_at = reminded_at - interval '25 hours' WHERE id = :id RETURNING 1"
    await column(here, late, id=order["id"])
    assert "remind" in (await buyer.order(order["id"]))["actions"]
    ok(await ship(shop, order))
    gone = await buyer.client.post(path)
    assert (gone.status_code, gone.json()["code"]) == (409, "trade.wrong_state")
