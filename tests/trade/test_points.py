"""Points: earned at settlement, held and spent by orders, given back and taken back by refunds; none appears and none is lost."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.contracts import PersonId
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.check_rules import RULES
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.points import rules
from kaibo.trade.points.earn import earn
from kaibo.trade.points.errors import PointsUnusable
from kaibo.trade.points.expire import expire_points
from kaibo.trade.points.give_back import points_after_refund
from kaibo.trade.points.hold import Use, hold, taken_of, unhold
from kaibo.trade.points.model import Lot, PointTerms
from kaibo.trade.points.record import holding, lock_accounts
from kaibo.trade.points.tables import point_lots
from kaibo.trade.points.terms import current_terms, open_points, set_terms, terms_history
from kaibo.trade.pricing.model import Offers, Points
from kaibo.trade.pricing.rules import price_checkout
from kaibo.trade.settlement.close import settle_set
from kaibo.trade.settlement.take_back import take_back
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade import settled as made_orders
from tests.trade.aftersales_world import case_of, money_arrives, paid, settled, theirs
from tests.trade.test_coupons import quote
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_pricing_rules import checkouts
from tests.trade.world import Buyer, Shop, assert_ledger_sound, key, ok

ON = PointTerms(on=True, earn_fen_per_point=100, spend_points_per_fen=2, cap_bps=5_000, expire_months=12)


@pytest.fixture
async def points_on(here: Context) -> AsyncIterator[None]:
    """Points are on for this test and off for whoever comes next."""
    async with here.database.transaction() as db:
        await set_terms(db, ON, by=new_id())
    yield
    async with here.database.transaction() as db:
        await set_terms(db, PointTerms(), by=new_id())


async def give(db: Db, buyer_id: UUID, points: int) -> None:
    """As if the buyer had earned them by an order."""
    order = replace(made_orders.order(random.Random(points)), buyer_id=PersonId(buyer_id))
    await earn(db, [(order, points * ON.earn_fen_per_point)])


async def mine(buyer: Buyer) -> dict[str, Any]:
    return dict(ok(await buyer.client.get("/api/points/mine")))


async def test_points_pay_a_part_come_back_with_a_cancelled_order_and_are_held_once(
    here: Context, shop: Shop, buyer: Buyer, points_on: None
) -> None:
    sku = await shop.sku(price_fen=2_000, freight_fen=500)
    async with here.database.transaction() as db:
        await give(db, buyer.person.id, 3_000)
    off = await quote(buyer, sku)
    assert off["points"] == {"balance": 3_000, "usable": 2_000, "usable_fen": 1_000, "used": False}
    on = await quote(buyer, sku, use_points=True)
    assert (on["points"]["used"], on["total_fen"], on["platform_discount_fen"]) == (True, 1_500, 1_000)
    assert ("points", 1_000) in {(step["kind"], step["fen"]) for step in on["steps"]}
    body, once = buyer.wanted(sku, points=2_000), key()
    (order,) = ok(await buyer.client.post("/api/orders", json=body, headers=once))["orders"]
    (again,) = ok(await buyer.client.post("/api/orders", json=body, headers=once))["orders"]
    assert again["id"] == order["id"], "asked again after the points were held, it is the same order"
    assert (order["total_fen"], (await mine(buyer))["balance"]) == (1_500, 1_000)
    for points, usable in ((2_000, 1_000), (2_001, 2_000)):
        refused = await buyer.client.post("/api/orders", json=buyer.wanted(sku, points=points), headers=key())
        assert (refused.status_code, refused.json()["code"], refused.json()["usable"]) == (
            409,
            "trade.points_unusable",
            usable,
        )
    await assert_ledger_sound(here)
    ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": ""}))
    assert (await mine(buyer))["balance"] == 3_000
    history = ok(await buyer.client.get("/api/points/mine/history"))["items"]
    assert [(one["kind"], one["points"]) for one in history] == [
        ("released", 2_000),
        ("used", -2_000),
        ("earned", 3_000),
    ]
    await assert_ledger_sound(here)


async def test_the_platform_pays_the_shop_for_points_and_a_refund_moves_both_ways(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, points_on: None
) -> None:
    two, one = await shop.sku(price_fen=3_000), await shop.sku(price_fen=4_000, commission_bps=0)
    async with here.database.transaction() as db:
        await give(db, buyer.person.id, 10_000)
        before = await balance(db, Account(AccountKind.POINTS_PLATFORM))
    order = await paid(provider, buyer, [two, one], [2, 1], points=10_000)
    assert (order["total_fen"], (await mine(buyer))["balance"]) == (5_000, 0)
    await settled(here, shop, buyer, order)
    async with here.database.transaction() as db:
        assert await balance(db, Account(AccountKind.POINTS_PLATFORM)) - before == -5_000, "the shop has its full share"
        shop_fen = await balance(db, Account(AccountKind.MERCHANT_PAYABLE, shop.id))
    assert (await mine(buyer))["balance"] == 50, "earned on what was paid, not on what points paid"
    assert shop_fen == 10_000 - 250, "all but the platform's fee of what the buyer paid"
    await assert_ledger_sound(here)
    case = await case_of(buyer, order, "refund_only", "quality", [(0, 2)])
    ok(await theirs(shop, case, "approve"))
    assert (await mine(buyer))["balance"] == 50 + 6_000 - 30, (
        "what paid 30.00 comes back; what 30.00 earned is taken back"
    )
    async with here.database.transaction() as db:
        assert await balance(db, Account(AccountKind.POINTS_PLATFORM)) - before == -2_000
    await money_arrives(here, order)
    await assert_ledger_sound(here)


async def test_everything_paid_goes_back_before_shipping_points_too(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, points_on: None
) -> None:
    sku = await shop.sku(price_fen=2_000)
    async with here.database.transaction() as db:
        await give(db, buyer.person.id, 2_500)
    order = await paid(provider, buyer, [sku], [1], points=2_000)
    async with here.database.transaction() as db:
        lots = update(point_lots).where(point_lots.c.buyer_id == buyer.person.id)
        await db.execute(lots.values(expires_at=clock.now() - timedelta(seconds=1)))
        assert await expire_points(db) >= 1
    assert (await mine(buyer))["balance"] == 0
    body = {"reason": "不想要了"}
    ok(await buyer.client.post(f"/api/orders/{order['id']}/refund", json=body, headers=key()))
    found = await mine(buyer)
    assert found["balance"] == 2_000
    ends = datetime.fromisoformat(found["ending"][0]["expires_at"])
    assert timedelta(days=6) < ends - datetime.now(UTC) < timedelta(days=8), "their time was over: a week is given"
    await finish_refunds(here, order)
    await assert_ledger_sound(here)


async def test_points_that_were_spent_and_are_taken_back_are_a_debt_that_new_points_pay(
    here: Context, points_on: None
) -> None:
    buyer_id = PersonId(new_id())
    async with here.database.transaction() as db:
        order = replace(made_orders.order(random.Random(1)), buyer_id=buyer_id)
        await made_orders.wait_for_settlement(db, order)
    await _settle_all(here)
    async with here.database.transaction() as db:
        earned = (await holding(db, buyer_id)).balance
        assert earned == sum(line.paid_fen for line in order.lines) // 100
        await lock_accounts(db, {buyer_id})
        # of no order, and so rolled back in the end
        await _hold(db, buyer_id, (earned - 10) // 2)
        goods = [(line.id, line.paid_fen) for line in order.lines]
        now_settled = await find_order(db, order.id)
        await take_back(db, now_settled, key=f"t:{order.id}", line_refunds=goods, freight_fen=0, by="t")
        for _ in range(2):
            await points_after_refund(db, now_settled)
        found = await holding(db, buyer_id)
        assert (found.balance, found.debt) == (0, (earned - 10) // 2 * 2)
        await give(db, buyer_id, found.debt + 7)
        after = await holding(db, buyer_id)
        assert (after.balance, after.debt, len(after.lots)) == (7, 0, 1)
        assert (await db.execute(text(RULES["point_lots"].statement), EVERYTHING)).all() == []
        await db.rollback()


EVERYTHING = {"after": UUID(int=0), "upto": UUID(int=2**128 - 1)}


async def _settle_all(here: Context) -> None:
    async with here.database.transaction() as db:
        await settle_set(db, 1000)


async def _hold(db: Db, buyer_id: UUID, fen: int) -> UUID:
    order_id = new_id()
    await hold(db, order_id, buyer_id, [Use(order_id, new_id(), fen, ON.spend_points_per_fen)])
    return order_id


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_in_whatever_order_every_point_is_somewhere(db: Db, seed: int) -> None:
    chance, buyer_id, open_orders, spent = random.Random(seed), new_id(), list[UUID](), 0
    await set_terms(db, ON, by=new_id())
    came = gone = 0
    for _ in range(40):
        match chance.choice(("earn", "hold", "release", "spend", "end", "expire")):
            case "earn":
                points = chance.randint(1, 400)
                await give(db, buyer_id, points)
                came += points
            case "hold":
                fen, has = chance.randint(1, 150), (await holding(db, buyer_id)).balance
                if has < fen * 2:
                    with pytest.raises(PointsUnusable):
                        await _hold(db, buyer_id, fen)
                else:
                    open_orders.append(await _hold(db, buyer_id, fen))
            case "release" if open_orders:
                order_id = open_orders.pop(chance.randrange(len(open_orders)))
                for _ in range(2):
                    await unhold(db, buyer_id, [order_id])
            case "spend" if open_orders:
                spent += sum((await taken_of(db, open_orders.pop())).values())
            case "end":
                ends = clock.now() + timedelta(seconds=chance.choice((-1, 3600)))
                some = text("UPDATE trade.point_lots SET expires_at = :ends WHERE buyer_id = :id AND random() < 0.3")
                await db.execute(some, {"ends": ends, "id": buyer_id})
            case "expire":
                await expire_points(db)
        held = sum([sum((await taken_of(db, one)).values()) for one in open_orders])
        left = "SELECT coalesce(sum(left_points), 0)::bigint FROM trade.point_lots WHERE buyer_id = :id"
        expired = "SELECT coalesce(-sum(points), 0)::bigint FROM trade.point_entries WHERE buyer_id = :id AND kind = 'expired'"
        has = await db.scalar(text(left), {"id": buyer_id}) or 0
        gone = await db.scalar(text(expired), {"id": buyer_id}) or 0
        assert came == has + held + spent + gone
    assert (await db.execute(text(RULES["point_lots"].statement), EVERYTHING)).all() == []


async def test_entries_are_never_changed(db: Db, here: Context) -> None:
    await set_terms(db, ON, by=new_id())
    buyer_id = new_id()
    await give(db, buyer_id, 5)
    with pytest.raises(DBAPIError, match="points only append"):
        async with db.begin_nested():
            await db.execute(text("UPDATE trade.point_entries SET points = 6 WHERE buyer_id = :id"), {"id": buyer_id})


async def test_an_operator_sets_the_terms_and_nobody_else(sign_in: SignIn, buyer: Buyer, points_on: None) -> None:
    operator = await sign_in(roles=[("operator", "platform", None)])
    body = {"on": True, "earn_fen_per_point": 50, "spend_points_per_fen": 1, "cap_bps": 1000, "expire_months": 6}
    desk = ok(await operator.client.put("/api/operator/points", json=body))
    assert (desk["terms"], desk["history"][0]["actor_id"]) == (body, str(operator.id))
    assert (await operator.client.put("/api/operator/points", json=body | {"cap_bps": 0})).status_code == 422
    assert (await buyer.client.put("/api/operator/points", json=body)).status_code == 403
    off = ok(await operator.client.put("/api/operator/points", json=body | {"on": False}))
    assert len(off["history"]) >= 2
    assert (await mine(buyer))["terms"] is None


async def test_what_an_operator_decided_is_not_decided_again(db: Db) -> None:
    await db.execute(text("DELETE FROM trade.point_terms"))
    assert not (await current_terms(db)).on, "off until somebody says otherwise"
    for _ in range(2):
        await open_points(db, by=new_id())
    assert [one.terms.on for one in await terms_history(db)] == [True]
    await set_terms(db, PointTerms(), by=new_id())
    await open_points(db, by=new_id())
    assert not (await current_terms(db)).on


AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
LOTS = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 5)), min_size=1, max_size=6)


@settings(max_examples=50)
@given(LOTS, st.integers(0, 3_000), st.data())
def test_what_lots_give_they_get_back(lots: list[tuple[int, int]], points: int, data: st.DataObject) -> None:
    have = [Lot(uuid.UUID(int=at + 1), left, AT + timedelta(days=day)) for at, (left, day) in enumerate(lots)]
    parts = rules.take(have, points)
    assert sum(part.points for part in parts) == min(points, sum(lot.left for lot in have))
    ends = {lot.id: lot.expires_at for lot in have}
    assert [ends[part.lot_id] for part in parts] == sorted(ends[part.lot_id] for part in parts)
    taken = {part.lot_id: part.points for part in parts}
    back = data.draw(st.integers(0, sum(taken.values())))
    returned = rules.put_back(taken, ends, back)
    assert sum(part.points for part in returned) == back
    assert all(part.points <= taken[part.lot_id] for part in returned)
    with pytest.raises(ValueError, match="beyond what an order took"):
        rules.put_back(taken, ends, sum(taken.values()) + 1)


@settings(max_examples=50)
@given(checkouts(), st.integers(1, 10_000))
def test_what_the_switch_offers_is_what_the_pipeline_takes(lines: Any, cap_bps: int) -> None:
    most = rules.most_fen(price_checkout(lines), cap_bps)
    assert price_checkout(lines, Offers(points=Points(10**12, cap_bps))).points_fen == most


def test_a_month_later_is_the_same_day_or_the_last_one() -> None:
    assert rules.expires_at(AT, 1).date().isoformat() == "2026-02-28"
    assert rules.expires_at(AT, 12).date().isoformat() == "2027-01-31"
    assert rules.expires_at(AT.replace(month=12), 11).date().isoformat() == "2027-11-30"


@pytest.mark.parametrize(
    ("had", "gone", "expired", "keeps", "more"),
    [(100, 0, 0, 100, 0), (100, 0, 0, 40, 60), (100, 60, 0, 0, 40), (100, 0, 70, 0, 30), (100, 30, 70, 0, 0)],
)
def test_what_a_refund_takes_back_of_what_was_earned(had: int, gone: int, expired: int, keeps: int, more: int) -> None:
    assert rules.to_take_back(had=had, gone=gone, expired=expired, keeps=keeps) == more
