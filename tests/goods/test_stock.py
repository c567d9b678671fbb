"""Stock: never below nothing, never sold twice, whatever comes in whatever order."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from kaibo.goods import facade as goods
from kaibo.goods.catalog.rules import STOCK_MAX
from kaibo.goods.contracts import (
    HoldExists,
    LimitReached,
    OutOfStock,
    QuantityInvalid,
    SkuMissing,
    StockTooHigh,
    StockTooLow,
)
from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.goods.inventory.tables import holds, stock, stock_entries
from kaibo.kernel import tables as kernel_tables
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from tests.goods.world import Shop, create, open_shop, stocked


async def level(db: Db, sku_id: UUID) -> tuple[int, int, int]:
    row = (await db.execute(select(stock).where(stock.c.sku_id == sku_id))).one()
    return row.stock, row.held, row.sold


@pytest.fixture
async def ten(shop: Shop, here: Context) -> UUID:
    """A SKU with ten pieces, committed."""
    async with here.database.transaction() as db:
        return UUID(str((await stocked(db, shop.id, 10)).skus[0].id))


async def test_fifty_buyers_of_the_last_ten_pieces_get_exactly_ten(ten: UUID, here: Context) -> None:
    async def buy() -> str:
        try:
            async with here.database.transaction() as db:
                await goods.hold(db, uuid.uuid4(), [(ten, 1)], buyer_id=uuid.uuid4())
            return "held"
        except OutOfStock as refused:
            return f"refused with {refused.left} left"

    outcomes = await asyncio.gather(*(buy() for _ in range(50)))
    assert outcomes.count("held") == 10
    assert outcomes.count("refused with 0 left") == 40
    async with here.database.transaction() as db:
        assert await level(db, ten) == (10, 10, 0)


async def test_orders_of_the_same_skus_in_opposite_order_do_not_wait_for_each_other(shop: Shop, here: Context) -> None:
    async with here.database.transaction() as db:
        ids = [sku.id for sku in (await stocked(db, shop.id, 100, 100)).skus]

    async def buy(lines: list[tuple[UUID, int]]) -> None:
        async with here.database.transaction() as db:
            await goods.hold(db, uuid.uuid4(), lines)

    forward: list[tuple[UUID, int]] = [(ids[0], 1), (ids[1], 1)]
    await asyncio.gather(*(buy(forward if i % 2 else forward[::-1]) for i in range(40)))
    async with here.database.transaction() as db:
        assert [await level(db, sku_id) for sku_id in ids] == [(100, 40, 0), (100, 40, 0)]


async def test_every_step_of_an_order_counts_once_however_often_it_is_told(ten: UUID, here: Context) -> None:
    order = uuid.uuid4()

    async def tell(step: Any, times: int = 4) -> None:
        async def once() -> None:
            async with here.database.transaction() as db:
                await step(db, order)

        await asyncio.gather(*(once() for _ in range(times)))

    async with here.database.transaction() as db:
        await goods.hold(db, order, [(ten, 2), (ten, 1)])
    async with here.database.transaction() as db:
        await goods.hold(db, order, [(ten, 3)])
        assert await level(db, ten) == (10, 3, 0)
    await tell(partial(goods.consume, traded_fen={}))
    async with here.database.transaction() as db:
        assert await level(db, ten) == (7, 0, 3)
    await tell(goods.release)
    await tell(goods.put_back)
    async with here.database.transaction() as db:
        assert await level(db, ten) == (10, 0, 0)
        entries = select(stock_entries.c.kind, stock_entries.c.delta, stock_entries.c.stock_after)
        rows = (await db.execute(entries.where(stock_entries.c.sku_id == ten).order_by(stock_entries.c.id))).all()
    assert [tuple(row) for row in rows] == [("opened", 10, 10), ("sold", -3, 7), ("returned", 3, 10)]


async def test_an_order_that_holds_cannot_hold_something_else(ten: UUID, db: Db) -> None:
    order = uuid.uuid4()
    await goods.hold(db, order, [(ten, 1)])
    with pytest.raises(HoldExists):
        await goods.hold(db, order, [(ten, 2)])
    await goods.release(db, order)
    with pytest.raises(HoldExists):
        await goods.hold(db, order, [(ten, 1)])


@pytest.mark.parametrize("quantity", [0, -1, 10_000, 10**9, 2**63])
async def test_impossible_quantities_are_refused(ten: UUID, db: Db, quantity: int) -> None:
    for ask in (goods.quote(db, [(ten, quantity)]), goods.hold(db, uuid.uuid4(), [(ten, quantity)])):
        with pytest.raises(QuantityInvalid) as refused:
            await ask
        assert refused.value.quantity == quantity


async def test_lines_that_add_up_to_too_much_are_refused(ten: UUID, db: Db) -> None:
    with pytest.raises(QuantityInvalid):
        await goods.hold(db, uuid.uuid4(), [(ten, 9_999), (ten, 1)])


async def test_an_unknown_sku_is_refused(db: Db) -> None:
    nowhere = uuid.uuid4()
    with pytest.raises(SkuMissing):
        await goods.quote(db, [(nowhere, 1)])
    with pytest.raises(SkuMissing):
        await goods.hold(db, uuid.uuid4(), [(nowhere, 1)])


async def test_a_refused_line_takes_the_whole_order_with_it(shop: Shop, here: Context) -> None:
    async with here.database.transaction() as db:
        full, empty = [sku.id for sku in (await stocked(db, shop.id, 5, 0)).skus]
    with pytest.raises(OutOfStock):
        async with here.database.transaction() as db:
            await goods.hold(db, uuid.uuid4(), [(full, 1), (empty, 1)])
    async with here.database.transaction() as db:
        assert await level(db, full) == (5, 0, 0)
        assert await db.scalar(select(func.count()).select_from(holds).where(holds.c.sku_id == full)) == 0


async def test_a_buyers_limit_counts_held_and_bought_but_not_returned(shop: Shop, db: Db) -> None:
    sku_id = (await stocked(db, shop.id, 100, limit=3)).skus[0].id
    buyer, first, second = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    await goods.hold(db, first, [(sku_id, 2)], buyer_id=buyer)
    await goods.consume(db, first, {})
    with pytest.raises(LimitReached) as refused:
        async with db.begin_nested():
            await goods.hold(db, second, [(sku_id, 2)], buyer_id=buyer)
    assert (refused.value.limit, refused.value.had) == (3, 2)
    await goods.hold(db, uuid.uuid4(), [(sku_id, 3)], buyer_id=uuid.uuid4())
    await goods.put_back(db, first)
    await goods.hold(db, second, [(sku_id, 3)], buyer_id=buyer)


async def test_one_buyer_ordering_at_once_does_not_pass_the_limit(shop: Shop, here: Context) -> None:
    async with here.database.transaction() as db:
        sku_id = (await stocked(db, shop.id, 100, limit=3)).skus[0].id
    buyer = uuid.uuid4()

    async def buy() -> bool:
        try:
            async with here.database.transaction() as db:
                await goods.hold(db, uuid.uuid4(), [(sku_id, 1)], buyer_id=buyer)
            return True
        except LimitReached:
            return False

    assert sum(await asyncio.gather(*(buy() for _ in range(10)))) == 3


async def test_adjustments_respect_what_is_held_and_leave_their_reason(shop: Shop, db: Db) -> None:
    sku_id = (await stocked(db, shop.id, 10)).skus[0].id
    await goods.hold(db, uuid.uuid4(), [(sku_id, 4)])
    actor = uuid.uuid4()
    with pytest.raises(StockTooLow) as refused:
        await adjust_stock(db, shop.id, sku_id, -7, reason="盘亏", actor_id=actor)
    assert (refused.value.stock, refused.value.held) == (10, 4)
    made = await adjust_stock(db, shop.id, sku_id, -6, reason="盘亏", actor_id=actor)
    assert (made.stock, made.held, made.available) == (4, 4, 0)
    with pytest.raises(StockTooHigh):
        await adjust_stock(db, shop.id, sku_id, STOCK_MAX, reason="到货", actor_id=actor)
    entry = (await db.execute(select(stock_entries).where(stock_entries.c.actor_id == actor))).one()
    assert (entry.delta, entry.stock_after, entry.kind, entry.reason) == (-6, 4, "adjusted", "盘亏")


async def test_the_database_itself_refuses_what_must_not_be(ten: UUID, db: Db) -> None:
    for values in ({"stock": -1}, {"held": 11}, {"held": -1}, {"sold": -1}):
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await db.execute(stock.update().where(stock.c.sku_id == ten).values(**values))


async def test_stock_news_say_what_is_available(ten: UUID, db: Db) -> None:
    order = uuid.uuid4()
    await goods.hold(db, order, [(ten, 3)])
    await goods.release(db, order)
    await goods.consume(db, order, {})
    t = kernel_tables.outbox
    news = select(t.c.body).where(t.c.subject == "goods.stock.changed", t.c.aggregate_id == str(ten))
    assert [body["available"] for body in (await db.execute(news.order_by(t.c.position))).scalars()] == [7, 10]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "consume", "put_back", "adjust"]), st.integers(0, 3), st.integers(-12, 12)
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
async def test_stock_follows_its_model_under_any_sequence(
    shop: Shop, here: Context, operations: list[tuple[str, int, int]]
) -> None:
    async with here.database._sessions() as db, db.begin() as transaction:
        sku_id = (await stocked(db, shop.id, 10)).skus[0].id
        orders = [uuid.uuid4() for _ in range(4)]
        states: dict[int, tuple[str, int]] = {}
        stock_, held, sold = 10, 0, 0
        for verb, which, number in operations:
            state, quantity = states.get(which, ("", 0))
            try:
                async with db.begin_nested():
                    if verb == "adjust":
                        await adjust_stock(db, shop.id, sku_id, number, reason="x", actor_id=orders[0])
                        stock_ += number
                    elif verb == "hold":
                        await goods.hold(db, orders[which], [(sku_id, number)])
                        if state == "":
                            states[which] = ("held", number)
                            held += number
                    else:
                        more = ({},) if verb == "consume" else ()
                        await getattr(goods, verb)(db, orders[which], *more)
                        if verb == "put_back" and state == "consumed":
                            states[which] = ("returned", 0)
                            stock_, sold = stock_ + quantity, sold - quantity
                        elif verb != "put_back" and state == "held":
                            states[which] = ("released" if verb == "release" else "consumed", quantity)
                            held -= quantity
                            if verb == "consume":
                                stock_, sold = stock_ - quantity, sold + quantity
            except OutOfStock:
                assert stock_ - held < number
            except StockTooLow:
                assert stock_ + number < held
            except QuantityInvalid:
                assert number < 1
            except HoldExists:
                assert state != ""
            assert await level(db, sku_id) == (stock_, held, sold)
        await transaction.rollback()


async def test_a_merchant_adjusts_only_their_own_stock(sign_in: Any, shop: Shop) -> None:
    made = (await create(shop)).json()
    sku_id = made["skus"][0]["id"]
    url = f"{shop.path}/skus/{sku_id}/stock"
    done = await shop.owner.client.patch(url, json={"delta": -3, "reason": "样品"})
    assert done.json() == {"stock": 5, "held": 0, "available": 5}
    stranger = await sign_in()
    assert (await stranger.client.patch(url, json={"delta": 1, "reason": "x"})).status_code == 403
    elsewhere = await sign_in(roles=[("owner", "shop", uuid.uuid4())])
    other = f"/api/shops/{uuid.uuid4()}/skus/{sku_id}/stock"
    assert (await elsewhere.client.patch(other, json={"delta": 1, "reason": "x"})).status_code == 403
    for body in (
        {"delta": True, "reason": "x"},
        {"delta": 1.0, "reason": "x"},
        {"delta": "1", "reason": "x"},
        {"delta": 1},
    ):
        assert (await shop.owner.client.patch(url, json=body)).status_code == 422
    too_low = await shop.owner.client.patch(url, json={"delta": -6, "reason": "x"})
    assert (too_low.status_code, too_low.json()["code"]) == (409, "goods.stock_too_low")


async def test_a_foreign_sku_is_not_found_in_ones_own_shop(sign_in: Any, shop: Shop, here: Context) -> None:
    other = await sign_in()
    async with here.database.transaction() as db:
        own = await open_shop(db, other.id)
    sku_id = (await create(shop)).json()["skus"][0]["id"]
    refused = await other.client.patch(f"/api/shops/{own}/skus/{sku_id}/stock", json={"delta": 1, "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (404, "goods.sku_missing")
