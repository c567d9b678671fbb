"""What a coupon is promised under: budgets, audiences, terms, whose it is."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any
from uuid import UUID

import pytest

from kaibo.goods.contracts import SkuId
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.people.contracts import PersonId
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.rooms.selling import follows_seller
from kaibo.stage.rooms.tables import follows, rooms
from kaibo.trade.contracts import Source
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import Asked, Placed, prepare
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.coupons import followers
from kaibo.trade.pricing.errors import CouponMissing
from kaibo.trade.pricing.model import Used
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_coupons import claim, issue, pay, pocket, quote, terms
from tests.trade.world import Buyer, Shop, column, key, make_buyer, ok


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
