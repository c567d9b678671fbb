"""Coupons through the API: issued, claimed, used, released, returned; counted exactly however many want them at once."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from kaibo.goods.contracts import SkuId
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.web.wire import rfc3339
from kaibo.people.contracts import PersonId
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.rooms.selling import follows_seller
from kaibo.stage.rooms.tables import follows, rooms
from kaibo.trade.contracts import Source
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import Asked, Placed, prepare
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.coupons import followers
from kaibo.trade.pricing.errors import CouponMissing
from kaibo.trade.pricing.model import Used
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_paying import eventually, finish_refunds, state_of
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


async def test_a_budget_is_never_passed(here: Context, sign_in: SignIn, shop: Shop) -> None:
    sku = await shop.sku(price_fen=12_000)
    coupon = await issue(shop, budget_fen=2_500)
    buyers = [await make_buyer(sign_in) for _ in range(5)]
    claims = [await claim(one, coupon) for one in buyers]
    answers = await asyncio.gather(
        *(
            one.client.post("/api/orders", json=one.wanted(sku, coupon_ids=[mine]), headers=key())
            for one, mine in zip(buyers, claims, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert {answer.json()["why"][0] for answer in answers if answer.status_code == 409} == {"budget_gone"}
    assert await column(here, "SELECT committed_fen FROM trade.coupons WHERE id = :id", id=UUID(coupon["id"])) == [
        2_000
    ]
    left_out = next(one for one, answer in zip(buyers, answers, strict=True) if answer.status_code == 409)
    assert (await quote(left_out, sku))["total_fen"] == 12_000  # 500 are left, one costs 1 000


async def test_two_batches_that_name_the_same_budgets_in_opposite_order_both_go_through(
    here: Context, sign_in: SignIn, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = await shop.sku(price_fen=12_000)
    first, second = [await issue(shop, title=f"满减 {i}", budget_fen=100_000) for i in range(2)]
    batches = []
    for order in ([first, second], [second, first]):
        asked = []
        for coupon in order:
            one = await make_buyer(sign_in)
            line = WantedLine(SkuId(UUID(sku["id"])), 1, sku["price_fen"])
            wish = Wanted((line,), UUID(one.address_id), Source(), coupon_ids=(UUID(await claim(one, coupon)),))
            asked.append(Asked(PersonId(one.person.id), "李", wish, uuid.uuid4().hex))
        batches.append(asked)
    use = coupons.use

    async def slowly(*given: Any) -> None:
        """Both batches are between their two coupons at the same time, unless one waits for the other before."""
        await use(*given)
        await asyncio.sleep(0.3)

    monkeypatch.setattr(coupons, "use", slowly)

    async def place(asked: list[Asked]) -> list[Any]:
        async with here.database.transaction() as db:
            return await (await prepare(db, asked)).place(db)

    outcomes = await asyncio.gather(*(place(one) for one in batches))
    assert [type(one) for batch in outcomes for one in batch] == [Placed] * 4
    for coupon in (first, second):
        spent = "SELECT committed_fen FROM trade.coupons WHERE id = :id"
        assert await column(here, spent, id=UUID(coupon["id"])) == [2_000]


async def test_a_refused_hold_leaves_the_transaction_of_others_alone(here: Context, shop: Shop, buyer: Buyer) -> None:
    good, bad = await claim(buyer, await issue(shop)), uuid.uuid4()
    (coupon_id,) = await column(here, "SELECT coupon_id FROM trade.coupon_claims WHERE id = :id", id=UUID(good))
    mixed = [Used(UUID(good), coupon_id, 100), Used(bad, coupon_id, 100)]
    async with here.database.transaction() as db:
        with pytest.raises(CouponMissing):
            await coupons.use(db, uuid.uuid4(), mixed, buyer.person.id)
        assert await coupons.retake(db, uuid.uuid4())  # the transaction goes on
    assert await pocket(buyer) == [good]


async def test_new_buyers_only_means_never_paid_in_this_shop(
    provider: Sandbox, here: Context, shop: Shop, buyer: Buyer
) -> None:
    coupon = await issue(shop, audience="new_buyer", per_buyer_limit=2)
    await claim(buyer, coupon)
    await pay(provider, buyer, await buyer.place(await shop.sku()))
    refused = await buyer.client.post(f"/api/coupons/{coupon['id']}/claim", headers=key())
    assert (refused.status_code, refused.json()["why"]) == (409, ["audience"])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"off_fen": 20_000}, "off_above_threshold"),
        ({"benefit": "percent", "off_fen": 0}, "percent"),
        ({"benefit": "percent", "percent_bps": 500}, "percent"),
        ({"each_full": True, "threshold_fen": 0}, "each_full"),
        ({"scope": "products"}, "scope_ids"),
        ({"scope": "shops", "scope_ids": [str(uuid.uuid4())]}, "scope_shops"),
        ({"scope": "products", "scope_ids": [str(uuid.uuid4())]}, "scope_foreign"),
        ({"scope": "products", "scope_ids": ["no id"]}, "scope_foreign"),
        ({"scope": "categories", "scope_ids": ["nothing"]}, "scope_foreign"),
        ({"use_days": None}, "use_window"),
        ({"use_until": "2099-01-01T00:00:00Z"}, "use_window"),
        ({"claim_until": "2020-01-01T00:00:00Z"}, "claim_window"),
        ({"per_buyer_limit": 9, "pieces_max": 3}, "per_buyer_limit"),
        ({"budget_fen": 10}, "budget"),
        ({"cap_fen": 500}, "cap"),
    ],
)
async def test_terms_that_contradict_themselves_are_refused(shop: Shop, changes: dict[str, Any], what: str) -> None:
    answer = await shop.staff.client.post(f"/api/shops/{shop.id}/coupons", json=terms(**changes), headers=key())
    assert (answer.status_code, answer.json()["code"]) == (422, "trade.coupon_invalid")
    assert what in answer.json()["what"]
    assert what not in answer.json()["detail"]  # said in words


async def test_a_published_coupon_only_grows_and_stops(shop: Shop, buyer: Buyer) -> None:
    coupon = await issue(shop, budget_fen=5_000)
    mine = await claim(buyer, coupon)
    path = f"/api/shops/{shop.id}/coupons/{coupon['id']}"
    shrunk = await shop.staff.client.patch(path, json={"pieces_max": 99, "budget_fen": 4_999})
    assert (shrunk.status_code, shrunk.json()["what"]) == (422, ["pieces_max", "budget_fen"])
    grown = ok(await shop.staff.client.patch(path, json={"pieces_max": 200, "stop": True}))
    assert (grown["pieces_max"], grown["state"]) == (200, "stopped")
    refused = await buyer.client.post(f"/api/coupons/{coupon['id']}/claim", headers=key())
    assert refused.json()["why"] == ["stopped"]
    order = await buyer.place(await shop.sku(price_fen=12_000), coupon_ids=[mine])
    assert order["discount_fen"] == 1_000


async def test_the_platforms_coupon_is_the_platforms(sign_in: SignIn, shop: Shop, buyer: Buyer) -> None:
    operator = await sign_in(roles=[("operator", "platform", None)])
    forbidden = await shop.staff.client.post("/api/operator/coupons", json=terms(), headers=key())
    assert forbidden.status_code == 403
    body = terms(title="平台满100减10", stack_group="campaign")
    coupon = ok(await operator.client.post("/api/operator/coupons", json=body, headers=key()))
    shown = ok(await buyer.client.get(f"/api/coupons?shop_id={shop.id}"))["items"]
    assert coupon["id"] in [one["id"] for one in shown]
    order = await buyer.place(await shop.sku(price_fen=12_000), coupon_ids=[await claim(buyer, coupon)])
    assert (order["discount_fen"], order["platform_discount_fen"], order["total_fen"]) == (0, 1_000, 11_000)


async def test_a_coupon_for_followers_is_claimed_by_those_who_follow_a_room_that_sells_the_goods(
    here: Context, sign_in: SignIn, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "_asked", [follows_seller])
    product = (await shop.sku())["product_id"]
    room, other, on = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    now = clock.now()
    async with here.database.transaction() as db:
        for one in (room, other):
            await db.execute(rooms.insert().values(id=one, host_id=uuid.uuid4(), name=f"直播间 {one.hex[:6]}"))
        live = {
            "id": on,
            "room_id": room,
            "host_id": uuid.uuid4(),
            "title": "直播",
            "state": "live",
            "created_by": uuid.uuid4(),
        }
        words = {"operator_name": "", "safety_notice": "", "marks": [], "sellers": []}
        await db.execute(broadcasts.insert().values(live | words))
        item = {"broadcast_id": on, "product_id": UUID(product), "shop_id": shop.id, "number": 1}
        await db.execute(bag_items.insert().values(item | {"added_by": uuid.uuid4()}))
        await db.execute(follows.insert().values(person_id=buyer.person.id, room_id=other, followed_at=now))
    coupon = await issue(shop, audience="follower")
    refused = await buyer.client.post(f"/api/coupons/{coupon['id']}/claim", headers=key())
    assert (refused.status_code, refused.json()["why"]) == (409, ["not_following"])
    async with here.database.transaction() as db:
        await db.execute(follows.insert().values(person_id=buyer.person.id, room_id=room, followed_at=now))
    assert await claim(buyer, coupon) in await pocket(buyer)
    stranger = await make_buyer(sign_in)
    async with here.database.transaction() as db:
        gone = {"person_id": stranger.person.id, "room_id": room, "followed_at": now, "unfollowed_at": now}
        await db.execute(follows.insert().values(gone))
        assert not await follows_seller(db, stranger.person.id, shop.id)
        assert not await follows_seller(db, stranger.person.id, None)
        assert await follows_seller(db, buyer.person.id, None)
