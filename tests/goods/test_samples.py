"""A sample from asking to keeping or sending back; limits, deadlines, stock, and who sees the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaibo.goods.affiliate.samples import rules
from kaibo.goods.affiliate.samples.ask import sample_due
from kaibo.goods.contracts.samples import SampleFactMissing, SampleStepNotAllowed
from kaibo.kernel import clock
from kaibo.kernel.clock import FixedClock
from kaibo.kernel.context import Context
from tests.conftest import SignIn
from tests.stage.world import verify_realname
from tests.trade.world import Buyer, Shop, column, key, make_buyer, ok, open_shop

PARCEL = {"carrier": "sf", "tracking_number": "SF1234567890123"}


@pytest.fixture
async def shop(sign_in: SignIn) -> Shop:
    return await open_shop(sign_in)


@pytest.fixture
async def creator(sign_in: SignIn, here: Context) -> Buyer:
    made = await make_buyer(sign_in, "达人小满")
    await verify_realname(here, made.person.id)
    return made


async def offered(shop: Shop, *, monthly_max: int = 5, return_days: int | None = None, **wanted: Any) -> dict[str, Any]:
    sku = await shop.sku(**wanted)
    body = {"sku_id": sku["id"], "monthly_max": monthly_max, "return_days": return_days, "note": "请如实评价"}
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/sample-offers/{sku['product_id']}", json=body))
    return sku


async def ask(creator: Buyer, sku: dict[str, Any]) -> Any:
    body = {"product_id": sku["product_id"], "address_id": creator.address_id, "message": "下周六专场讲解"}
    return await creator.client.post("/api/creators/me/samples", json=body, headers=key())


async def shop_step(shop: Shop, sample: dict[str, Any], step: str, **facts: Any) -> Any:
    path = f"/api/shops/{shop.id}/samples/{sample['id']}/steps"
    return await shop.staff.client.post(path, json={"step": step, **facts})


async def my_step(creator: Buyer, sample: dict[str, Any], step: str, **facts: Any) -> Any:
    return await creator.client.post(f"/api/creators/me/samples/{sample['id']}/steps", json={"step": step, **facts})


async def test_a_sample_that_may_be_kept(shop: Shop, creator: Buyer) -> None:
    sku = await offered(shop, stock=10)
    card = ok(await creator.client.get(f"/api/creators/me/selection/{sku['product_id']}"))["card"]
    assert card["sample"] == {"monthly_max": 5, "return_days": None, "note": "请如实评价"}
    sample = ok(await ask(creator, sku))
    (seen,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/samples", params={"state": "asked"}))["items"]
    assert (seen["address"], seen["message"], seen["steps"]) == (None, "下周六专场讲解", ["approve", "refuse"])
    approved = ok(await shop_step(shop, sample, "approve"))
    assert approved["address"]["detail"] == "金牛镇 8 号"
    assert await shop.stock_left(sku["product_id"]) == 9
    ok(await shop_step(shop, sample, "ship", **PARCEL))
    kept = ok(await my_step(creator, sample, "receive"))
    assert (kept["state"], kept["address"], kept["due_at"]) == ("kept", None, None)
    assert [e["step"] for e in kept["history"]] == ["ask", "approve", "ship", "receive"]
    assert await shop.stock_left(sku["product_id"]) == 9
    assert (await ask(creator, sku)).json()["code"] == "goods.sample_twice"


async def test_a_sample_that_comes_back_is_stock_again(shop: Shop, creator: Buyer) -> None:
    sku = await offered(shop, return_days=14, stock=10)
    sample = ok(await ask(creator, sku))
    ok(await shop_step(shop, sample, "approve"))
    ok(await shop_step(shop, sample, "ship", **PARCEL))
    assert ok(await my_step(creator, sample, "receive"))["state"] == "received"
    assert (await my_step(creator, sample, "send_back")).json()["code"] == "goods.sample_fact_missing"
    ok(await my_step(creator, sample, "send_back", **PARCEL))
    assert ok(await shop_step(shop, sample, "take_back"))["state"] == "returned"
    assert await shop.stock_left(sku["product_id"]) == 10


async def test_a_refusal_says_why_and_lets_one_ask_again(shop: Shop, creator: Buyer) -> None:
    sku = await offered(shop)
    sample = ok(await ask(creator, sku))
    assert (await shop_step(shop, sample, "refuse")).json()["code"] == "goods.sample_fact_missing"
    assert ok(await shop_step(shop, sample, "refuse", reason="粉丝画像不符"))["reason"] == "粉丝画像不符"
    assert ok(await ask(creator, sku))["state"] == "asked"


async def test_deadlines_act_by_themselves(shop: Shop, creator: Buyer, here: Context) -> None:
    start = clock.now()
    with clock.use(FixedClock(start)) as at:
        assert isinstance(at, FixedClock)
        sku = await offered(shop, stock=10)
        sample = ok(await ask(creator, sku))
        ok(await shop_step(shop, sample, "approve"))
        at.advance(seconds=rules.SHIP_DAYS * 86400 + 1)
        async with here.database.transaction() as db:
            await sample_due(db, sample["id"], {})
        (mine,) = ok(await creator.client.get("/api/creators/me/samples"))["items"]
        assert mine["state"] == "lapsed"
        assert await shop.stock_left(sku["product_id"]) == 10
        timers = "SELECT kind FROM kernel.timers WHERE key = :k"
        assert await column(here, timers, k=sample["id"]) == []


async def test_who_keeps_what_had_to_be_sent_back_asks_for_nothing_new(
    shop: Shop, creator: Buyer, here: Context
) -> None:
    start = clock.now()
    with clock.use(FixedClock(start)) as at:
        assert isinstance(at, FixedClock)
        sku, other = await offered(shop, return_days=3), await offered(shop)
        sample = ok(await ask(creator, sku))
        ok(await shop_step(shop, sample, "approve"))
        ok(await shop_step(shop, sample, "ship", **PARCEL))
        ok(await my_step(creator, sample, "receive"))
        at.advance(seconds=3 * 86400 + 1)
        assert (await ask(creator, other)).json()["code"] == "goods.sample_overdue"
        (late,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/samples"))["items"]
        assert late["overdue"] is True
        ok(await shop_step(shop, sample, "let_keep"))
        assert ok(await ask(creator, other))["state"] == "asked"


async def test_limits_of_a_month(shop: Shop, creator: Buyer, sign_in: SignIn, here: Context) -> None:
    sku = await offered(shop, monthly_max=1)
    ok(await ask(creator, sku))
    other = await make_buyer(sign_in, "另一位达人")
    assert (await ask(other, sku)).json()["code"] == "people.realname_needed"
    await verify_realname(here, other.person.id)
    assert (await ask(other, sku)).json()["code"] == "goods.samples_used_up"
    plain = await shop.sku()
    assert (await ask(other, plain)).json()["code"] == "goods.sample_not_offered"


async def test_strangers_reach_nothing(shop: Shop, creator: Buyer, sign_in: SignIn) -> None:
    sample = ok(await ask(creator, await offered(shop)))
    other = await open_shop(sign_in)
    assert (await shop_step(other, sample, "approve")).status_code == 404
    stranger = await make_buyer(sign_in)
    assert (await my_step(stranger, sample, "withdraw")).status_code == 404
    path = f"/api/shops/{shop.id}/samples"
    assert (await stranger.client.get(path)).status_code == 403


def test_only_the_right_side_takes_a_step() -> None:
    for state, steps in rules.TRANSITIONS.items():
        for step in steps:
            for actor in ("creator", "shop", "system"):
                if step in rules.STEPS[actor]:
                    rules.after(state, step, actor, returns=True)
                else:
                    with pytest.raises(SampleStepNotAllowed):
                        rules.after(state, step, actor, returns=True)
    with pytest.raises(SampleFactMissing):
        rules.check_facts("ship", reason="", carrier="sf", tracking_number="")


def test_every_open_state_but_one_ends_by_itself() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for state in rules.OPEN:
        assert rules.due_at(state, now, 7) is not None
        assert (state in rules.BY_TIME) is (state != "received")
    assert rules.month_start(datetime(2026, 11, 30, 16, tzinfo=UTC)) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert rules.month_start(datetime(2026, 11, 30, 15, tzinfo=UTC)) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert rules.due_at("asked", now, None) == now + timedelta(days=rules.ANSWER_DAYS)
