"""Plans, agencies and showcases on real orders: who is credited with what, and what the order freezes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kaibo.kernel import clock, config
from kaibo.kernel.clock import FixedClock
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.people_of_tests import Person
from tests.stage.world import verify_realname
from tests.trade.aftersales_world import ask, paid, settled
from tests.trade.agency import open_agency
from tests.trade.world import Buyer, Shop, column, key, make_buyer, ok, open_shop


@pytest.fixture
async def creator(sign_in: SignIn, here: Context) -> Person:
    person = await sign_in(nickname="达人小满")
    await verify_realname(here, person.id)
    return person


@pytest.fixture
def at_noon() -> Iterator[FixedClock]:
    """12:00 in China, some days from now: logins of the tests are still good then."""
    there = clock.now().replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)
    fixed = FixedClock(there)
    with clock.use(fixed):
        yield fixed


async def plan(shop: Shop, kind: str, product_id: str, bps: int, **rate: Any) -> str:
    base = f"/api/shops/{shop.id}/plans"
    made = ok(await shop.staff.client.post(base, json={"kind": kind, "name": f"{kind} {bps}"}, headers=key()))
    plan_id = str(made["plan"]["id"])
    body = {"product_ids": [product_id], "bps": bps, **rate}
    ok(await shop.staff.client.post(f"{base}/{plan_id}/rates", json=body))
    return plan_id


async def take_in(shop: Shop, plan_id: str, creator: Person) -> None:
    """Invite by phone, and accept."""
    path = f"/api/shops/{shop.id}/plans/{plan_id}/invitations"
    ok(await shop.staff.client.post(path, json={"phone": creator.phone}))
    ok(await creator.client.post(f"/api/creators/me/invitations/{plan_id}", json={"accept": True}))


async def show(creator: Person, sku: dict[str, Any]) -> dict[str, Any]:
    """Put the product into the creator's showcase; the source of an order from there."""
    ok(await creator.client.post("/api/creators/me/showcase", json={"product_ids": [sku["product_id"]]}))
    return {"kind": "showcase", "id": str(creator.id), "item": sku["product_id"]}


async def frozen(here: Context, order_id: str) -> dict[str, Any]:
    query = (
        "SELECT json_build_object('creator', o.creator_id, 'bps', l.commission_bps, 'plan', l.plan_id, 'agency', o.agency_id,"
        " 'agency_bps', o.agency_bps, 'kind', o.source_kind) FROM trade.orders o JOIN trade.order_lines l ON l.order_id = o.id"
        " WHERE o.id = :id"
    )
    return dict((await column(here, query, id=order_id))[0])


async def test_an_order_from_a_showcase_freezes_the_products_own_rate(
    shop: Shop, buyer: Buyer, creator: Person, here: Context
) -> None:
    sku = await shop.sku(commission_bps=1200)
    order = await buyer.place(sku, source=await show(creator, sku))
    found = await frozen(here, order["id"])
    assert (found["creator"], found["bps"], found["plan"], found["kind"]) == (str(creator.id), 1200, None, "showcase")


async def test_an_invited_creator_earns_the_targeted_rate_and_others_the_open_one(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn
) -> None:
    other = await sign_in(nickname="另一位达人")
    await verify_realname(here, other.id)
    sku = await shop.sku(commission_bps=1000)
    await plan(shop, "open", sku["product_id"], 1500)
    targeted = await plan(shop, "targeted", sku["product_id"], 2500)
    await take_in(shop, targeted, creator)
    mine = await frozen(here, (await buyer.place(sku, source=await show(creator, sku)))["id"])
    theirs = await frozen(here, (await buyer.place(sku, source=await show(other, sku)))["id"])
    assert (mine["bps"], mine["plan"], theirs["bps"]) == (2500, targeted, 1500)


async def test_a_plans_figures_are_what_was_paid_given_back_and_earned_through_it(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, provider: Sandbox
) -> None:
    sku = await shop.sku(price_fen=10_000, stock=9)
    open_plan = await plan(shop, "open", sku["product_id"], 2000)
    other_plan = await plan(shop, "targeted", (await shop.sku())["product_id"], 1500)
    source = await show(creator, sku)
    path = f"/api/shops/{shop.id}/plans/{open_plan}/figures"
    assert ok(await shop.staff.client.get(path))["total"]["orders"] == 0
    kept = await paid(provider, buyer, [sku], [2], source=source)
    back = await paid(provider, buyer, [sku], [1], source=source)
    await paid(provider, buyer, [sku], [1])  # from the shelf: nobody's
    ok(await ask(buyer, back, "refund_only", "not_wanted", [(0, 1)]))
    found = ok(await shop.staff.client.get(path, params={"days": 7}))
    commission = 4000  # 20 % of what stayed
    want = {"orders": 2, "paid_fen": 30_000, "refunded_fen": 10_000, "commission_fen": commission}
    assert found["total"] == want
    assert [one["nickname"] for one in found["creators"]] == ["达人小满"]
    assert {name: found["creators"][0][name] for name in want} == want
    assert len(found["days"]) == 7
    assert {name: found["days"][-1][name] for name in want} == want
    assert found["days"][0]["orders"] == 0
    await settled(here, shop, buyer, kept)
    assert ok(await shop.staff.client.get(path))["total"] == want, "the settlement gave what the rate said"
    other = f"/api/shops/{shop.id}/plans/{other_plan}/figures"
    assert ok(await shop.staff.client.get(other))["total"]["orders"] == 0
    assert (await creator.client.get(path)).status_code == 403


async def test_a_creator_works_through_a_token_within_its_scope(shop: Shop, creator: Person) -> None:
    sku = await shop.sku(commission_bps=1000)
    body = {"name": "选品程序", "scopes": ["affiliate:read"]}
    made = ok(await creator.client.post("/api/me/tokens", json=body, headers=key()))
    bearer = {"Authorization": f"Bearer {made['token']}"}
    transport = creator.client._transport
    async with httpx.AsyncClient(transport=transport, base_url=creator.client.base_url, headers=bearer) as program:
        assert ok(await program.get("/api/creators/me/selection"))["items"] is not None
        assert ok(await program.get("/api/creators/me/showcase"))["items"] == []
        refused = await program.post("/api/creators/me/showcase", json={"product_ids": [sku["product_id"]]})
        assert refused.status_code == 403
        assert "affiliate:write" in refused.text


async def test_a_cut_reaches_orders_from_midnight_and_an_old_order_never(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, at_noon: FixedClock
) -> None:
    sku = await shop.sku(commission_bps=1000)
    plan_id = await plan(shop, "open", sku["product_id"], 2000)
    source = await show(creator, sku)
    first = await buyer.place(sku, source=source)
    body = {"product_ids": [sku["product_id"]], "bps": 500}
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/plans/{plan_id}/rates", json=body))
    second = await buyer.place(sku, source=source)
    at_noon.advance(seconds=12 * 3600)
    third = await buyer.place(sku, source=source)
    assert [(await frozen(here, o["id"]))["bps"] for o in (first, second, third)] == [2000, 2000, 500]


async def test_an_exclusive_bars_others_from_midnight(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn, at_noon: FixedClock
) -> None:
    other = await sign_in(nickname="另一位达人")
    await verify_realname(here, other.id)
    sku = await shop.sku(commission_bps=1000)
    source = await show(other, sku)
    exclusive = await plan(shop, "exclusive", sku["product_id"], 3000)
    await take_in(shop, exclusive, creator)
    tonight = await buyer.place(sku, source=source)
    at_noon.advance(seconds=12 * 3600)
    tomorrow = await buyer.place(sku, source=source)
    mine = await buyer.place(sku, source=await show(creator, sku))
    assert [(await frozen(here, o["id"]))["bps"] for o in (tonight, tomorrow, mine)] == [1000, 0, 3000]
    shown = ok(await other.client.get("/api/creators/me/selection", params={"shop_id": str(shop.id)}))["items"]
    assert shown == []
    assert ok(await buyer.client.get(f"/api/creators/{creator.id}/showcase"))["items"] != []
    assert ok(await buyer.client.get(f"/api/creators/{other.id}/showcase"))["items"] == []
    again = await other.client.post("/api/creators/me/showcase", json={"product_ids": [sku["product_id"]]})
    assert again.status_code < 300  # it is there already; nothing new was added
    body = {"kind": "exclusive", "name": "第二份专属"}
    base = f"/api/shops/{shop.id}/plans"
    second = ok(await shop.staff.client.post(base, json=body, headers=key()))["plan"]["id"]
    rate = {"product_ids": [sku["product_id"]], "bps": 3000}
    refused = await shop.staff.client.post(f"{base}/{second}/rates", json=rate)
    assert refused.json()["code"] == "goods.exclusive_taken"


async def test_the_agencys_share_is_what_both_agreed_on(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn
) -> None:
    agency = await open_agency(sign_in, shop.reviewer)
    path = f"/api/agencies/{agency['id']}"
    boss = agency["boss"]
    body = {"phone": creator.phone, "share_bps": 3000, "notice_days": 30}
    proposed = ok(await boss.client.post(f"{path}/members", json=body, headers=key()))
    sku = await shop.sku(commission_bps=1000)
    source = await show(creator, sku)
    before = await frozen(here, (await buyer.place(sku, source=source))["id"])
    ok(await creator.client.post(f"/api/creators/me/agreements/{proposed['id']}", json={"accept": True}))
    after = await frozen(here, (await buyer.place(sku, source=source))["id"])
    assert (before["agency"], before["agency_bps"]) == (None, 0)
    assert (after["agency"], after["agency_bps"], after["bps"]) == (agency["id"], 3000, 1000)
    card = ok(await creator.client.get("/api/creators/me/showcase"))["items"][0]
    assert card["commission_fen"] == 299
    assert card["keep_fen"] == 299 - 89
    left = ok(await creator.client.post(f"/api/creators/me/agencies/{agency['id']}/leave"))
    assert left["running"] is True
    assert left["valid_until"] is not None
    freed = ok(await boss.client.post(f"{path}/members/{creator.id}/release"))
    assert freed["running"] is False
    last = await frozen(here, (await buyer.place(sku, source=source))["id"])
    assert last["agency"] is None


# --- attribution: the rows of docs/attribution.md


async def test_case_1_shelf_without_a_touch_credits_nobody(shop: Shop, buyer: Buyer, here: Context) -> None:
    sku = await shop.sku()
    assert (await frozen(here, (await buyer.place(sku))["id"]))["creator"] is None


async def touch(buyer: Buyer, source: dict[str, Any]) -> None:
    answer = await buyer.client.post("/api/touches", json={"source": source})
    assert answer.status_code == 204, answer.text


async def test_case_2_shelf_within_the_window_credits_the_last_creator(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn, at_noon: FixedClock
) -> None:
    other = await sign_in(nickname="另一位达人")
    await verify_realname(here, other.id)
    sku = await shop.sku(commission_bps=1000)
    await touch(buyer, await show(creator, sku))
    at_noon.advance(seconds=60)
    await touch(buyer, await show(other, sku))
    found = await frozen(here, (await buyer.place(sku))["id"])
    assert (found["creator"], found["bps"], found["kind"]) == (str(other.id), 1000, "shelf")


async def test_case_3_after_the_window_nobody_is_credited_and_the_touch_is_forgotten(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, at_noon: FixedClock, settings: Settings
) -> None:
    from kaibo.goods.affiliate.touch import forget_touches

    sku = await shop.sku()
    await touch(buyer, await show(creator, sku))
    at_noon.advance(seconds=settings.attribution_hours * 3600 + 1)
    assert (await frozen(here, (await buyer.place(sku))["id"]))["creator"] is None
    async with here.database.transaction() as db:
        await forget_touches(db, "", {})
    assert await column(here, "SELECT 1 FROM goods.touches WHERE buyer_id = :b", b=buyer.person.id) == []


async def test_case_4_the_source_of_the_order_goes_before_every_touch(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn
) -> None:
    other = await sign_in(nickname="另一位达人")
    await verify_realname(here, other.id)
    sku = await shop.sku()
    mine = await show(creator, sku)
    await touch(buyer, await show(other, sku))
    assert (await frozen(here, (await buyer.place(sku, source=mine))["id"]))["creator"] == str(creator.id)


async def test_case_5_who_buys_through_their_own_link_earns_nothing(shop: Shop, sign_in: SignIn, here: Context) -> None:
    self_buyer = await make_buyer(sign_in, "自卖自买")
    await verify_realname(here, self_buyer.person.id)
    sku = await shop.sku()
    source = await show(self_buyer.person, sku)
    found = await frozen(here, (await self_buyer.place(sku, source=source))["id"])
    assert (found["creator"], found["kind"]) == (None, "showcase")
    await touch(self_buyer, source)
    assert (await frozen(here, (await self_buyer.place(sku))["id"]))["creator"] is None
    assert await column(here, "SELECT 1 FROM goods.touches WHERE buyer_id = :b", b=self_buyer.person.id) == []


async def test_case_6_a_creator_who_may_no_longer_sell_is_passed_over_for_the_one_before(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, sign_in: SignIn, at_noon: FixedClock
) -> None:
    other = await sign_in(nickname="另一位达人")
    await verify_realname(here, other.id)
    sku = await shop.sku()
    await touch(buyer, await show(creator, sku))
    at_noon.advance(seconds=60)
    await touch(buyer, await show(other, sku))
    exclusive = await plan(shop, "exclusive", sku["product_id"], 3000)
    await take_in(shop, exclusive, creator)
    at_noon.advance(seconds=13 * 3600)
    assert (await frozen(here, (await buyer.place(sku))["id"]))["creator"] == str(creator.id)


async def test_case_7_a_touch_credits_only_the_products_it_showed(
    shop: Shop, buyer: Buyer, creator: Person, here: Context
) -> None:
    shown, unseen = await shop.sku(commission_bps=1000), await shop.sku(commission_bps=1000)
    await touch(buyer, await show(creator, shown))
    lines = [{"sku_id": s["id"], "quantity": 1, "unit_price_fen": s["price_fen"]} for s in (shown, unseen)]
    order = ok(await buyer.client.post("/api/orders", json=buyer.wanted(shown, lines=lines), headers=key()))
    query = "SELECT commission_bps FROM trade.order_lines WHERE order_id = :id ORDER BY position"
    assert await column(here, query, id=order["id"]) == [1000, 0]


async def test_case_8_nothing_is_kept_of_who_is_not_signed_in_nor_of_what_is_not_shown(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, client: Any
) -> None:
    sku = await shop.sku()
    source = await show(creator, sku)
    assert (await client.post("/api/touches", json={"source": source})).status_code == 204
    ok(await creator.client.delete(f"/api/creators/me/showcase/{sku['product_id']}"))
    await touch(buyer, source)
    assert await column(here, "SELECT 1 FROM goods.touches WHERE creator_id = :c", c=creator.id) == []


async def test_case_9_a_window_of_no_hours_credits_only_the_orders_own_source(
    shop: Shop, buyer: Buyer, creator: Person, here: Context, settings: Settings
) -> None:
    sku = await shop.sku()
    source = await show(creator, sku)
    config.install(settings.model_copy(update={"attribution_hours": 0}))
    try:
        await touch(buyer, source)
        assert (await frozen(here, (await buyer.place(sku))["id"]))["creator"] is None
        assert (await frozen(here, (await buyer.place(sku, source=source))["id"]))["creator"] == str(creator.id)
    finally:
        config.install(settings)


async def test_case_10_a_closed_account_is_forgotten(shop: Shop, buyer: Buyer, creator: Person, here: Context) -> None:
    from kaibo.goods.affiliate.touch import forget_person

    sku = await shop.sku()
    source = await show(creator, sku)
    await touch(buyer, source)
    async with here.database.transaction() as db:
        await forget_person(db, creator.id)
    assert (await frozen(here, (await buyer.place(sku))["id"]))["creator"] is None


# --- the square


async def test_the_square_shows_the_rate_that_counts_and_sorts_by_it(
    sign_in: SignIn, creator: Person, here: Context
) -> None:
    shop = await open_shop(sign_in)
    skus = [await shop.sku(price_fen=price, commission_bps=1000) for price in (1000, 5000, 3000)]
    await plan(shop, "open", skus[0]["product_id"], 2500)
    targeted = await plan(shop, "targeted", skus[2]["product_id"], 1800)
    await take_in(shop, targeted, creator)

    async def ids(**wish: Any) -> list[int]:
        found, cursor = [], None
        while True:
            params = {"shop_id": str(shop.id), "limit": 2, **wish} | ({"cursor": cursor} if cursor else {})
            page = ok(await creator.client.get("/api/creators/me/selection", params=params))
            found += [item["product"]["id"] for item in page["items"]]
            for item in page["items"]:
                detail = ok(await creator.client.get(f"/api/creators/me/selection/{item['product']['id']}"))
                assert detail["card"] == item
            cursor = page["next_cursor"]
            if cursor is None:
                return [[s["product_id"] for s in skus].index(p) for p in found]

    assert await ids() == [2, 1, 0]
    assert await ids(sort="rate") == [0, 2, 1]
    assert await ids(sort="earn") == [2, 1, 0]  # 540, 500, 250 fen
    assert await ids(sort="cheap") == [0, 2, 1]
    assert await ids(bps_min=1800) == [2, 0]
    assert await ids(price_fen_min=2000, price_fen_max=4000) == [2]
    assert await ids(invited=True) == [2]
    assert await ids(exclusive=True) == []


async def test_refusals_say_what_was_wrong(shop: Shop, creator: Person, sign_in: SignIn, buyer: Buyer) -> None:
    sku = await shop.sku()
    base = f"/api/shops/{shop.id}/plans"
    plan_id = await plan(shop, "open", sku["product_id"], 1000)
    rates = f"{base}/{plan_id}/rates"

    async def code(answer: Any) -> str:
        return str(answer.json()["code"])

    web = shop.staff.client
    too_high = {"product_ids": [sku["product_id"]], "bps": 9000}
    assert await code(await web.post(rates, json=too_high)) == "goods.rate_out_of_range"
    over = {"product_ids": [sku["product_id"]], "bps": 1000, "end": "2020-01-01T00:00:00Z"}
    assert await code(await web.post(rates, json=over)) == "goods.rate_period_invalid"
    invite = f"{base}/{plan_id}/invitations"
    assert await code(await web.post(invite, json={"phone": creator.phone})) == "goods.plan_takes_nobody"
    assert (await web.post(invite, json={})).status_code == 422
    targeted = await plan(shop, "targeted", sku["product_id"], 1000)
    invite = f"{base}/{targeted}/invitations"
    assert await code(await web.post(invite, json={"phone": "19900000000"})) == "goods.creator_unknown"
    assert await code(await web.post(invite, json={"agency_name": "没有这家"})) == "goods.agency_unknown"
    ok(await web.post(invite, json={"creator_id": str(buyer.person.id)}))
    answer = await buyer.client.post(f"/api/creators/me/invitations/{targeted}", json={"accept": True})
    assert await code(answer) == "people.realname_needed"
    stranger = await sign_in()
    assert (await stranger.client.get(base)).status_code == 403
    answer = await stranger.client.post(f"/api/creators/me/invitations/{targeted}", json={"accept": True})
    assert await code(answer) == "goods.invitation_missing"
    ok(await web.post(f"{base}/{plan_id}/stop"))
    assert (
        await code(await web.post(rates, json={"product_ids": [sku["product_id"]], "bps": 1000}))
        == "goods.plan_stopped"
    )
