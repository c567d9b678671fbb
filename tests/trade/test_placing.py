"""Placing an order: what is refused, what is frozen, and what happens when many want the last piece."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import Source, SourceFacts
from kaibo.trade.facade import register_source_resolver
from kaibo.trade.orders import rules, sources
from tests.conftest import SignIn
from tests.trade.world import Buyer, Shop, column, events_of, key, make_buyer, ok


async def test_a_placed_order_holds_stock_freezes_its_price_and_starts_its_clock(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=2990, stock=5, freight_fen=600)
    order = await buyer.place(sku, 2, note="请放门口")
    assert order["state"] == "placed"
    assert (order["goods_fen"], order["freight_fen"], order["total_fen"]) == (5980, 600, 6580)
    assert order["lines"][0]["unit_price_fen"] == 2990
    assert order["address"]["phone_masked"] == "138****8000"
    assert order["actions"] == ["pay", "cancel", "change_address"]
    assert order["note"] == "请放门口"
    assert order["shop"] == {"id": str(shop.id), "name": shop.name}
    assert [line["why"] for line in order["history"]] == ["提交订单"]
    assert await shop.stock_left(sku["product_id"]) == 3
    assert "trade.order.placed" in await events_of(here, order["id"])


async def test_the_rates_of_an_order_do_not_follow_the_product(here: Context, shop: Shop, buyer: Buyer) -> None:
    product = await shop.product(price_fen=10_000, commission_bps=2_000)
    order = await buyer.place(product["skus"][0])
    frozen = "SELECT commission_bps FROM trade.order_lines WHERE order_id = :id"
    assert await column(here, frozen, id=uuid.UUID(order["id"])) == [2_000]
    await shop.staff.client.patch(f"/api/shops/{shop.id}/products/{product['id']}", json={"commission_bps": 1_000})
    assert await column(here, frozen, id=uuid.UUID(order["id"])) == [2_000]


@pytest.mark.parametrize("quantity", [0, -1, 10**9, 1000, 1.5, "2", True, None])
async def test_a_quantity_that_is_none_is_refused_by_name(shop: Shop, buyer: Buyer, quantity: Any) -> None:
    sku = await shop.sku()
    answer = await buyer.client.post("/api/orders", json=buyer.wanted(sku, quantity), headers=key())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "body.lines.0.quantity"
    assert await shop.stock_left(sku["product_id"]) == 100


async def test_what_cannot_be_ordered_is_refused_with_its_facts(sign_in: SignIn, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(stock=3)
    wanted = buyer.wanted(sku)

    async def refusal(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = await buyer.client.post("/api/orders", json=body, headers=key())
        return answer.status_code, answer.json()

    status, problem = await refusal(buyer.wanted({**sku, "id": str(uuid.uuid4())}))
    assert (status, problem["code"]) == (404, "goods.sku_missing")
    status, problem = await refusal(buyer.wanted({**sku, "price_fen": 2980}))
    assert (status, problem["code"], problem["was_fen"], problem["now_fen"]) == (409, "goods.price_changed", 2980, 2990)
    status, problem = await refusal(buyer.wanted(sku, 4))
    assert (status, problem["code"], problem["left"]) == (409, "goods.out_of_stock", 3)
    status, problem = await refusal(wanted | {"lines": wanted["lines"] * 2})
    assert (status, problem["code"]) == (422, "trade.sku_twice")
    status, problem = await refusal(wanted | {"lines": []})
    assert (status, problem["code"]) == (422, "web.invalid")
    status, problem = await refusal(wanted | {"lines": wanted["lines"] * (rules.LINES_MAX + 1)})
    assert (status, problem["code"]) == (422, "web.invalid")
    status, problem = await refusal(wanted | {"source": {"kind": "dream"}})
    assert (status, problem["code"]) == (422, "web.invalid")
    other = await make_buyer(sign_in)
    status, problem = await refusal(wanted | {"address_id": other.address_id})
    assert (status, problem["code"]) == (404, "people.address_missing")
    assert await shop.stock_left(sku["product_id"]) == 3


async def test_a_checkout_of_two_shops_is_an_order_for_each_all_or_nothing(
    sign_in: SignIn, shop: Shop, buyer: Buyer
) -> None:
    from tests.trade.world import open_shop

    other = await open_shop(sign_in)
    mine, theirs = await shop.sku(stock=5, price_fen=1000, freight_fen=300), await other.sku(stock=1, price_fen=500)
    body = buyer.wanted(mine, 2)
    body["lines"] += buyer.wanted(theirs)["lines"]
    made = await buyer.check_out(body)
    assert [one["shop"]["id"] for one in made["orders"]] == [str(shop.id), str(other.id)]
    assert {one["checkout_id"] for one in made["orders"]} == {made["id"]}
    assert (made["total_fen"], [one["total_fen"] for one in made["orders"]]) == (2800, [2300, 500])
    assert ok(await buyer.client.get(f"/api/checkouts/{made['id']}")) == made
    stranger = await make_buyer(sign_in)
    assert (await stranger.client.get(f"/api/checkouts/{made['id']}")).status_code == 404
    again = await buyer.client.post("/api/orders", json=body, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "goods.out_of_stock")
    assert await shop.stock_left(mine["product_id"]) == 3, "the other shop's refusal took nothing here"


async def test_a_withdrawn_product_is_not_sold(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku()
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/products/{sku['product_id']}/withdraw"))
    answer = await buyer.client.post("/api/orders", json=buyer.wanted(sku), headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "goods.not_on_sale")


async def test_one_stranger_needs_to_sign_in_and_a_key_is_needed(client: Any, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku()
    body = buyer.wanted(sku)
    assert (await client.post("/api/orders", json=body, headers=key())).status_code == 401
    missing = await buyer.client.post("/api/orders", json=body)
    assert (missing.status_code, missing.json()["code"]) == (422, "web.idempotency_key_missing")


async def test_the_last_pieces_are_sold_once_macrozheng_mall_353(sign_in: SignIn, shop: Shop) -> None:
    """Twelve buyers, five pieces, all at once."""
    sku = await shop.sku(stock=5)
    buyers = [await make_buyer(sign_in) for _ in range(12)]
    answers = await asyncio.gather(
        *(one.client.post("/api/orders", json=one.wanted(sku), headers=key()) for one in buyers)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"goods.out_of_stock"}
    assert await shop.stock_left(sku["product_id"]) == 0


async def test_a_limit_holds_against_one_buyers_many_thumbs(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(stock=50, limit_per_buyer=3)
    answers = await asyncio.gather(
        *(buyer.client.post("/api/orders", json=buyer.wanted(sku), headers=key()) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"goods.limit_reached"}
    cancelled = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    ok(await buyer.client.post(f"/api/orders/{cancelled}/cancel", json={"reason": "买多了"}))
    await buyer.place(sku)


async def test_one_key_gives_one_order_however_often_it_is_sent(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(stock=50)
    same = key()
    answers = await asyncio.gather(
        *(buyer.client.post("/api/orders", json=buyer.wanted(sku), headers=same) for _ in range(6))
    )
    assert {ok(answer)["id"] for answer in answers} == {answers[0].json()["id"]}
    assert await shop.stock_left(sku["product_id"]) == 49
    other = await buyer.client.post("/api/orders", json=buyer.wanted(sku, 2), headers=same)
    assert (other.status_code, other.json()["code"]) == (409, "web.idempotency_key_reused")


async def test_a_quote_says_what_the_order_will_cost(client: Any, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=1990, freight_fen=500)
    body = {"lines": [{"sku_id": sku["id"], "quantity": 3}]}
    quote = ok(await client.post("/api/orders/quote", json=body))
    assert (quote["goods_fen"], quote["freight_fen"], quote["total_fen"]) == (5970, 500, 6470)
    order = await buyer.place(sku, 3)
    assert order["total_fen"] == quote["total_fen"]


async def test_an_order_belongs_to_its_buyer_and_its_shop(sign_in: SignIn, shop: Shop, buyer: Buyer) -> None:
    from tests.trade.world import open_shop

    order = await buyer.place(await shop.sku())
    stranger, other = await make_buyer(sign_in), await open_shop(sign_in)
    for call in (
        stranger.client.get(f"/api/orders/{order['id']}"),
        stranger.client.get(f"/api/orders/{order['id']}/payment"),
        stranger.client.post(f"/api/orders/{order['id']}/cancel", json={}),
        stranger.client.post(f"/api/orders/{order['id']}/receive"),
        stranger.client.post(f"/api/orders/{order['id']}/refund", json={}, headers=key()),
        other.staff.client.get(f"/api/shops/{other.id}/orders/{order['id']}"),
    ):
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (404, "trade.order_missing")
    assert (await stranger.client.get(f"/api/shops/{shop.id}/orders")).status_code == 403


async def test_orders_are_listed_newest_first_by_state_and_page(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku()
    placed = [await buyer.place(sku) for _ in range(3)]
    ok(await buyer.client.post(f"/api/orders/{placed[0]['id']}/cancel", json={"reason": "不要了"}))
    first = ok(await buyer.client.get("/api/orders?limit=2"))
    rest = ok(await buyer.client.get(f"/api/orders?limit=2&cursor={first['next_cursor']}"))
    ids = [one["id"] for one in (*first["items"], *rest["items"])]
    assert ids == [one["id"] for one in reversed(placed)]
    assert rest["next_cursor"] is None
    assert [one["state"] for one in ok(await buyer.client.get("/api/orders?state=cancelled"))["items"]] == ["cancelled"]
    assert ok(await buyer.client.get("/api/orders/counts"))["placed"] == 2
    found = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders?q={placed[1]['number']}"))
    assert [one["id"] for one in found["items"]] == [placed[1]["id"]]
    assert ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders?q=%25"))["items"] == []
    assert (await shop.staff.client.get(f"/api/shops/{shop.id}/orders?q=%00")).status_code == 422
    assert (await buyer.client.get("/api/orders?state=dreaming")).status_code == 422
    assert (await buyer.client.get("/api/orders?cursor=nonsense")).status_code == 422


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, SourceFacts]:
    """What the owner of broadcasts answers in this test."""
    facts: dict[str, SourceFacts] = {}

    async def resolve(_db: Db, _source: Source) -> SourceFacts:
        return facts["now"]

    monkeypatch.setattr(sources, "_resolvers", dict(sources._resolvers))
    register_source_resolver("broadcast", resolve)
    return facts


async def test_an_order_from_a_live_bag_item_is_its_hosts(
    here: Context, shop: Shop, buyer: Buyer, resolver: dict[str, SourceFacts]
) -> None:
    host = PersonId(uuid.uuid4())
    resolver["now"] = SourceFacts(creator_id=host, title="蒜农直播", allowed=True)
    source = {"kind": "broadcast", "id": str(uuid.uuid4()), "item": str(uuid.uuid4())}
    order = await buyer.place(await shop.sku(price_fen=10_000), source=source)
    assert order["source"] == source
    assert await column(here, "SELECT creator_id FROM trade.orders WHERE id = :id", id=uuid.UUID(order["id"])) == [host]
    earned = "SELECT commission_fen FROM trade.orders WHERE id = :id"
    assert await column(here, earned, id=uuid.UUID(order["id"])) == [2_000]


@pytest.mark.parametrize("why", ["rehearsal", "other_product"])
async def test_an_order_that_no_broadcast_sold_loses_the_source_and_never_the_sale(
    here: Context, shop: Shop, buyer: Buyer, resolver: dict[str, SourceFacts], why: str
) -> None:
    facts = SourceFacts(creator_id=PersonId(uuid.uuid4()), title="彩排", allowed=why != "rehearsal")
    resolver["now"] = SourceFacts(**(vars(facts) | ({"product_id": uuid.uuid4()} if why == "other_product" else {})))
    source = {"kind": "broadcast", "id": str(uuid.uuid4()), "item": str(uuid.uuid4())}
    order = await buyer.place(await shop.sku(), source=source)
    assert (order["state"], order["source"]) == ("placed", None)
    assert await column(here, "SELECT creator_id FROM trade.orders WHERE id = :id", id=uuid.UUID(order["id"])) == [None]


async def test_a_person_with_an_open_order_cannot_delete_the_account(shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku())
    refused = await buyer.client.delete("/api/me")
    assert (refused.status_code, refused.json()["because"]) == (409, ["open_orders"])
    ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={}))
    assert (await buyer.client.delete("/api/me")).status_code == 204
