"""Coupons through the API: issued, claimed, used, released, returned; counted exactly however many want them at once."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.web.wire import rfc3339
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.pricing import coupons
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_paying import eventually, state_of
from tests.trade.world import Buyer, Shop, column, key, make_buyer, ok


def terms(**changes: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "title": "满100减10",
        "benefit": "off",
        "off_fen": 1_000,
        "threshold_fen": 10_000,
        "pieces_max": 100,
        "claim_from": rfc3339(now - timedelta(hours=1)),
        "claim_until": rfc3339(now + timedelta(days=3)),
        "use_days": 7,
    } | changes


async def issue(shop: Shop, **changes: Any) -> dict[str, Any]:
    answer = await shop.staff.client.post(f"/api/shops/{shop.id}/coupons", json=terms(**changes), headers=key())
    return dict(ok(answer))


async def claim(buyer: Buyer, coupon: dict[str, Any]) -> str:
    return str(ok(await buyer.client.post(f"/api/coupons/{coupon['id']}/claim", headers=key()))["id"])


async def quote(buyer: Buyer, sku: dict[str, Any], quantity: int = 1, **more: Any) -> dict[str, Any]:
    body = {"lines": [{"sku_id": sku["id"], "quantity": quantity}]} | more
    return dict(ok(await buyer.client.post("/api/orders/quote", json=body)))


async def pocket(buyer: Buyer, state: str = "usable") -> list[str]:
    return [one["id"] for one in ok(await buyer.client.get(f"/api/coupons/mine?state={state}"))["items"]]


async def pay(provider: Sandbox, buyer: Buyer, order: dict[str, Any]) -> None:
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")


async def test_the_best_coupon_applies_itself_and_the_breakdown_says_so(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=12_000, freight_fen=800)
    small, large = (
        await claim(buyer, await issue(shop)),
        await claim(buyer, await issue(shop, title="减20", off_fen=2_000)),
    )
    found = await quote(buyer, sku)
    assert [one["id"] for one in found["coupons_used"]] == [large]
    assert [(one["id"], one["why_code"]) for one in found["coupons_unused"]] == [(small, "same_group")]
    assert (found["goods_fen"], found["discount_fen"], found["freight_fen"], found["total_fen"]) == (
        12_000,
        2_000,
        800,
        10_800,
    )
    assert [(s["kind"], s["label"], s["fen"]) for s in found["steps"]] == [
        ("list", "商品金额", 12_000),
        ("shop_coupon", "店铺优惠券", 2_000),
        ("freight", "运费", 800),
    ]
    none = await quote(buyer, sku, coupon_ids=[])
    assert none["total_fen"] == 12_800
    unused = {(one["id"], one["why_code"]) for one in none["coupons_unused"]}
    assert unused == {(small, "not_chosen"), (large, "not_chosen")}, "they can be picked again"
    assert (await quote(buyer, sku, coupon_ids=[small]))["total_fen"] == 11_800


async def test_an_order_holds_its_coupon_spends_it_when_paid_and_keeps_the_explanation(
    provider: Sandbox, here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_000)
    coupon = await issue(shop)
    mine = await claim(buyer, coupon)
    order = await buyer.place(sku, 3, coupon_ids=[mine])
    assert (order["goods_fen"], order["discount_fen"], order["total_fen"]) == (15_000, 1_000, 14_000)
    assert [step["kind"] for step in order["steps"]] == ["list", "shop_coupon", "freight"]
    stored = "SELECT discount_fen, paid_fen FROM trade.order_lines WHERE order_id = :id"
    async with here.database.transaction() as db:
        assert tuple((await db.execute(text(stored), {"id": UUID(order["id"])})).one()) == (1_000, 14_000)
    assert await pocket(buyer) == []
    again = await buyer.client.post("/api/orders", json=buyer.wanted(sku, 3, coupon_ids=[mine]), headers=key())
    assert (again.status_code, again.json()["code"], again.json()["why"]) == (409, "trade.coupon_unusable", ["held"])
    await pay(provider, buyer, order)
    assert await pocket(buyer, "used") == [mine]
    (listed,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/coupons"))["items"]
    assert listed["figures"] == {"claimed": 1, "held": 0, "used": 1, "cost_fen": 1_000, "gmv_paid_fen": 14_000}


async def test_commission_and_fee_are_taken_of_what_was_paid(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=20_000)
    order = await buyer.place(sku, coupon_ids=[await claim(buyer, await issue(shop, off_fen=5_000))])
    (fee,) = await column(here, "SELECT platform_fee_fen FROM trade.orders WHERE id = :id", id=UUID(order["id"]))
    (bps,) = await column(
        here, "SELECT platform_fee_bps FROM trade.order_lines WHERE order_id = :id", id=UUID(order["id"])
    )
    assert bps > 0
    assert fee == 15_000 * bps // 10_000


async def test_a_cancelled_order_gives_its_coupon_back_exactly_once(
    provider: Sandbox, here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=12_000)
    coupon = await issue(shop, budget_fen=1_500)
    mine = await claim(buyer, coupon)
    order = await buyer.place(sku, coupon_ids=[mine])
    committed = "SELECT committed_fen FROM trade.coupons WHERE id = :id"
    assert await column(here, committed, id=UUID(coupon["id"])) == [1_000]
    async with here.database.transaction() as db:
        await withdraw_order(db, UUID(order["id"]), buyer_id=buyer.person.id, reason="")
    assert await pocket(buyer) == [mine]
    second = await buyer.place(sku, coupon_ids=[mine])
    async with here.database.transaction() as db:  # the first order's release, once more
        await coupons.release(db, UUID(order["id"]))
    assert await pocket(buyer) == []
    assert await column(here, committed, id=UUID(coupon["id"])) == [1_000]
    await pay(provider, buyer, second)


async def test_a_full_refund_returns_a_coupon_that_is_still_good(
    provider: Sandbox, here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=12_000)
    for days, back in ((7, True), (1, False)):
        mine = await claim(buyer, await issue(shop, use_days=days))
        order = await buyer.place(sku, coupon_ids=[mine])
        await pay(provider, buyer, order)
        if not back:
            await _past(here, mine)
        asked = {"reason": "不想要了"}
        ok(await buyer.client.post(f"/api/orders/{order['id']}/refund", json=asked, headers=key()))
        await finish_refunds(here, order)
        assert (mine in await pocket(buyer)) is back


async def _past(here: Context, claim_id: str) -> None:
    async with here.database.transaction() as db:
        past = "UPDATE trade.coupon_claims SET use_until = now() - interval '1 second' WHERE id = :id"
        await db.execute(text(past), {"id": UUID(claim_id)})


async def test_paid_after_expiry_spends_the_coupon_again_only_where_it_is_still_free(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=12_000)
    mine = await claim(buyer, await issue(shop))
    first, later = await buyer.place(sku, coupon_ids=[mine]), UUID(int=7)
    async with here.database.transaction() as db:
        await withdraw_order(db, UUID(first["id"]), buyer_id=buyer.person.id, reason="")
        assert await coupons.retake(db, UUID(first["id"]))
    assert await pocket(buyer, "used") == [mine]
    async with here.database.transaction() as db:
        assert await coupons.retake(db, later)  # a checkout without coupons
    other = await claim(buyer, await issue(shop))
    second = await buyer.place(sku, coupon_ids=[other])
    async with here.database.transaction() as db:
        await withdraw_order(db, UUID(second["id"]), buyer_id=buyer.person.id, reason="")
    await buyer.place(sku, coupon_ids=[other])
    async with here.database.transaction() as db:
        assert not await coupons.retake(db, UUID(second["id"]))


async def test_what_cannot_be_used_is_refused_by_name(here: Context, sign_in: SignIn, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=9_000)
    mine = await claim(buyer, await issue(shop))

    async def refusal(coupon_ids: list[str]) -> tuple[int, str, Any]:
        answer = await buyer.client.post("/api/orders", json=buyer.wanted(sku, coupon_ids=coupon_ids), headers=key())
        problem = answer.json()
        return answer.status_code, problem["code"], problem.get("why")

    answer = await buyer.client.post("/api/orders", json=buyer.wanted(sku, coupon_ids=[mine]), headers=key())
    assert answer.json()["lack_fen"] == 1_000
    assert "未达到使用门槛" in answer.json()["detail"]
    assert await refusal([mine]) == (409, "trade.coupon_unusable", ["below_threshold"])
    assert await refusal([str(uuid.uuid4())]) == (404, "trade.coupon_missing", None)
    stranger = await make_buyer(sign_in)
    foreign = await claim(stranger, await issue(shop, threshold_fen=0))
    assert await refusal([foreign]) == (404, "trade.coupon_missing", None)
    elsewhere = await claim(
        buyer, await issue(shop, threshold_fen=0, scope="products", scope_ids=[(await shop.product())["id"]])
    )
    assert await refusal([elsewhere]) == (409, "trade.coupon_unusable", ["no_line_fits"])
    late = await claim(buyer, await issue(shop, threshold_fen=0))
    await _past(here, late)
    assert await refusal([late]) == (409, "trade.coupon_unusable", ["expired"])
    two = [await claim(buyer, await issue(shop, threshold_fen=0)) for _ in range(2)]
    assert await refusal(two) == (409, "trade.coupon_unusable", ["same_group"])


async def test_of_fifty_who_claim_the_last_ten_ten_get_one(here: Context, sign_in: SignIn, shop: Shop) -> None:
    coupon = await issue(shop, pieces_max=10)
    people = [await sign_in() for _ in range(50)]
    path = f"/api/coupons/{coupon['id']}/claim"
    answers = await asyncio.gather(*(one.client.post(path, headers=key()) for one in people))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 40
    assert {answer.json()["why"][0] for answer in answers if answer.status_code == 409} == {"gone"}
    assert await column(here, "SELECT claimed FROM trade.coupons WHERE id = :id", id=UUID(coupon["id"])) == [10]
    rows = "SELECT count(*) FROM trade.coupon_claims WHERE coupon_id = :id"
    assert await column(here, rows, id=UUID(coupon["id"])) == [10]


async def test_one_buyer_who_taps_ten_times_gets_what_one_buyer_may_have(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    coupon = await issue(shop, per_buyer_limit=2)
    path = f"/api/coupons/{coupon['id']}/claim"
    answers = await asyncio.gather(*(buyer.client.post(path, headers=key()) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 8
    assert await column(here, "SELECT claimed FROM trade.coupons WHERE id = :id", id=UUID(coupon["id"])) == [2]
    same = key()
    other = await issue(shop)
    path = f"/api/coupons/{other['id']}/claim"
    repeated = [ok(await buyer.client.post(path, headers=same)) for _ in range(2)]
    assert repeated[0]["id"] == repeated[1]["id"]


async def test_one_coupon_in_two_orders_at_once_lowers_one(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=12_000)
    mine = await claim(buyer, await issue(shop))
    bodies = [buyer.wanted(sku, coupon_ids=[mine]) for _ in range(6)]
    answers = await asyncio.gather(*(buyer.client.post("/api/orders", json=body, headers=key()) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert await shop.stock_left(sku["product_id"]) == 99
