"""Everybody at once: what a batch of orders promises to each of them, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from kaibo.goods.contracts import LimitReached, OutOfStock, PriceChanged, SkuId
from kaibo.goods.inventory.functions import GOODS_FUNCTIONS
from kaibo.kernel import clock
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.db import Database
from kaibo.kernel.errors import IdempotencyKeyReused
from kaibo.kernel.events import decode
from kaibo.kernel.ids import new_id
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.problems import is_temporary
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.buyers import BuyerView
from kaibo.trade.contracts import OrdersPlaced, Source
from kaibo.trade.orders import till as till_module
from kaibo.trade.orders.announce import placed_orders
from kaibo.trade.orders.functions import TRADE_FUNCTIONS
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import Duplicate, Placed
from kaibo.trade.orders.till import Arrival, Served, Till, TillFull
from kaibo.trade.payment.sweep_unpaid import sweep_unpaid
from tests.trade.world import Buyer, Shop, column, events_of, key, ok


@pytest.fixture
def till(here: Context) -> Till:
    return Till(here.database, Limiter(1000))


@pytest.fixture
async def other_process(settings: Settings) -> AsyncIterator[Till]:
    """A till with connections of its own: what another web process is to the database."""
    database = Database.connect(settings.database_url, pool_size=5)
    yield Till(database, Limiter(1000))
    await database.close()


async def crowd(here: Context, number: int) -> list[tuple[BuyerView, uuid.UUID]]:
    """Buyers and their addresses."""
    now = clock.now()
    made = [(BuyerView(PersonId(new_id()), f"买家{at}", "zh"), new_id()) for at in range(number)]
    async with here.database.transaction() as db:
        await db.execute(
            text("INSERT INTO people.persons (id, nickname, locale, created_at) VALUES (:id, :name, 'zh', :now)"),
            [{"id": buyer.id, "name": buyer.nickname, "now": now} for buyer, _ in made],
        )
        await db.execute(
            text(
                "INSERT INTO people.addresses (id, person_id, name, phone, province, city, district, detail, is_default,"
                " created_at) VALUES (:id, :person, '李', '13800138000', '陕西省', '西安市', '雁塔区', '1 号', true, :now)"
            ),
            [{"id": address, "person": buyer.id, "now": now} for buyer, address in made],
        )
    return made


def arrival(
    who: tuple[BuyerView, uuid.UUID], *skus: dict[str, Any], quantity: int = 1, key: str = "", **changes: Any
) -> Arrival:
    lines = tuple(WantedLine(SkuId(uuid.UUID(sku["id"])), quantity, sku["price_fen"]) for sku in skus)
    wanted = Wanted(**{"lines": lines, "address_id": who[1], "source": Source("shelf")} | changes)
    return Arrival(wanted, key or uuid.uuid4().hex, buyer=who[0])


async def together(till: Till, arrivals: list[Arrival]) -> list[Any]:
    """What came of each, in the order of their arrival; an error where it was raised."""
    served = await asyncio.gather(*(till.place(one) for one in arrivals), return_exceptions=True)
    return [one.outcome if isinstance(one, Served) else one for one in served]


async def figures(here: Context, sku: dict[str, Any]) -> tuple[int, int, int]:
    """Orders, pieces on their lines, and pieces held of this SKU."""
    async with here.database.transaction() as db:
        row = (
            await db.execute(
                text(
                    "SELECT count(DISTINCT order_id), coalesce(sum(quantity), 0)::int,"
                    " (SELECT held FROM goods.stock WHERE sku_id = :id)"
                    " FROM trade.order_lines WHERE sku_id = :id"
                ),
                {"id": uuid.UUID(sku["id"])},
            )
        ).one()
        return row[0], row[1], row[2]


async def test_five_hundred_buyers_of_a_hundred_pieces_get_a_hundred(here: Context, shop: Shop, till: Till) -> None:
    sku = await shop.sku(stock=100)
    outcomes = await together(till, [arrival(who, sku) for who in await crowd(here, 500)])
    placed = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Placed)]
    assert placed == list(range(100)), "first come, first served"
    assert all(isinstance(outcome, OutOfStock) and outcome.left == 0 for outcome in outcomes[100:])
    assert await figures(here, sku) == (100, 100, 100)


async def test_a_crowd_before_an_empty_shelf_does_not_wait_for_its_row(here: Context, shop: Shop, till: Till) -> None:
    sku = await shop.sku(stock=1)
    who = await crowd(here, 30)
    (first,) = await together(till, [arrival(who[0], sku, key="k")])
    async with here.database.transaction() as db:
        await db.execute(text("SELECT 1 FROM goods.stock WHERE sku_id = :id FOR UPDATE"), {"id": uuid.UUID(sku["id"])})
        async with asyncio.timeout(10):
            again, *outcomes = await together(till, [arrival(w, sku, key="k") for w in who])
    assert again == Duplicate(first.checkout_id), "who has it is told so"
    assert {type(outcome) for outcome in outcomes} == {OutOfStock}
    await shop.staff.client.patch(f"/api/shops/{shop.id}/skus/{sku['id']}/stock", json={"delta": 2, "reason": "补货"})
    assert [type(one) for one in await together(till, [arrival(w, sku) for w in who[1:4]])] == [
        Placed,
        Placed,
        OutOfStock,
    ]


async def test_two_processes_sell_no_piece_twice(here: Context, shop: Shop, till: Till, other_process: Till) -> None:
    sku = await shop.sku(stock=60)
    buyers = await crowd(here, 200)
    halves = await asyncio.gather(
        together(till, [arrival(who, sku) for who in buyers[::2]]),
        together(other_process, [arrival(who, sku) for who in buyers[1::2]]),
    )
    assert sum(isinstance(outcome, Placed) for half in halves for outcome in half) == 60
    assert await figures(here, sku) == (60, 60, 60)


async def test_one_key_is_one_checkout_in_a_batch_across_batches_and_across_processes(
    here: Context, shop: Shop, till: Till, other_process: Till
) -> None:
    sku = await shop.sku(stock=50)
    (who,) = await crowd(here, 1)
    same = [arrival(who, sku, key="once") for _ in range(10)]
    halves = await asyncio.gather(together(till, same[:5]), together(other_process, same[5:]))
    later = await together(till, [arrival(who, sku, key="once"), arrival(who, sku, quantity=2, key="once")])
    ids = {outcome.checkout_id for outcome in (*halves[0], *halves[1], later[0])}
    assert len(ids) == 1
    assert isinstance(later[0], Duplicate)
    assert isinstance(later[1], IdempotencyKeyReused)
    assert await figures(here, sku) == (1, 1, 1)


async def test_the_same_key_with_another_wish_in_the_same_batch_is_refused(
    here: Context, shop: Shop, till: Till
) -> None:
    sku = await shop.sku(stock=50)
    (who,) = await crowd(here, 1)
    first, second = await together(till, [arrival(who, sku, key="k"), arrival(who, sku, quantity=2, key="k")])
    assert isinstance(first, Placed)
    assert isinstance(second, IdempotencyKeyReused)


async def test_what_was_placed_is_the_answer_also_when_it_could_not_be_placed_any_more(
    here: Context, shop: Shop, till: Till
) -> None:
    sku = await shop.sku(stock=1)
    (who,) = await crowd(here, 1)
    (first,) = await together(till, [arrival(who, sku, key="k")])
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/products/{sku['product_id']}/withdraw"))
    (again,) = await together(till, [arrival(who, sku, key="k")])
    assert again == Duplicate(first.checkout_id)


async def test_a_refusal_does_not_touch_the_neighbours(here: Context, shop: Shop, till: Till) -> None:
    sku, limited = await shop.sku(stock=50), await shop.sku(stock=50, limit_per_buyer=2)
    who = await crowd(here, 5)
    outcomes = await together(
        till,
        [
            arrival(who[0], sku),
            arrival(who[1], {**sku, "price_fen": sku["price_fen"] - 1}),
            arrival(who[2], limited, quantity=3),
            arrival(who[3], limited, quantity=2),
            arrival(who[3], limited),
            arrival(who[4], sku, limited),
        ],
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Placed, PriceChanged, LimitReached, Placed, LimitReached, Placed]
    assert outcomes[4].facts() | {"sku_id": None} == {"sku_id": None, "limit": 2, "had": 2}
    assert (await figures(here, sku), await figures(here, limited)) == ((2, 2, 2), (2, 3, 3))


async def test_who_asks_for_too_much_does_not_keep_the_rest_from_those_behind(
    here: Context, shop: Shop, till: Till
) -> None:
    scarce, plenty = await shop.sku(stock=2), await shop.sku(stock=50)
    who = await crowd(here, 6)
    outcomes = await together(
        till,
        [
            arrival(who[0], scarce, quantity=3),
            arrival(who[1], plenty, scarce),
            arrival(who[2], scarce, plenty, quantity=2),
            arrival(who[3], scarce),
            arrival(who[4], scarce),
            arrival(who[5], plenty),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [OutOfStock, Placed, OutOfStock, Placed, OutOfStock, Placed]
    assert (await figures(here, scarce))[2] == 2
    assert (await figures(here, plenty))[2] == 2, "what was refused for one line took nothing of the other"


async def test_a_poison_row_fails_alone(here: Context, shop: Shop, till: Till) -> None:
    """PostgreSQL's text cannot hold NUL. The web refuses it; whatever comes past it must not fail the neighbours."""
    sku = await shop.sku(stock=50)
    arrivals = [arrival(who, sku, note="\x00" if at == 7 else None) for at, who in enumerate(await crowd(here, 20))]
    outcomes = await together(till, arrivals)
    assert [at for at, outcome in enumerate(outcomes) if not isinstance(outcome, Placed)] == [7]
    assert isinstance(outcomes[7], Exception)
    assert await figures(here, sku) == (19, 19, 19)


async def test_more_than_can_wait_are_told_to_come_back(
    here: Context, shop: Shop, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(till_module, "WAITING_CHECKOUTS_MAX", 10)
    sku = await shop.sku(stock=50)
    outcomes = await together(till, [arrival(who, sku) for who in await crowd(here, 14)])
    assert [type(outcome) for outcome in outcomes] == [Placed] * 10 + [TillFull] * 4
    assert outcomes[-1].facts() == {"retry_after_seconds": 1}


async def test_a_batch_that_is_killed_leaves_nothing_and_may_come_again(here: Context, shop: Shop, till: Till) -> None:
    sku = await shop.sku(stock=50)
    arrivals = [arrival(who, sku) for who in await crowd(here, 30)]
    async with here.database.transaction() as db:
        mine = await db.scalar(text("SELECT pg_backend_pid()"))
        await db.execute(text("SELECT 1 FROM goods.stock WHERE sku_id = :id FOR UPDATE"), {"id": uuid.UUID(sku["id"])})
        serving = asyncio.create_task(together(till, arrivals))
        blocked = "SELECT pid FROM pg_stat_activity WHERE :mine = ANY (pg_blocking_pids(pid))"
        async with asyncio.timeout(10):
            while not (pids := await column(here, blocked, mine=mine)):
                await asyncio.sleep(0.02)
        admin = await asyncpg.connect(os.environ["POSTGRES_OF_KAIBO_TESTS"])
        for pid in pids:
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
        await admin.close()
        outcomes = await serving
    assert all(isinstance(outcome, Exception) and is_temporary(outcome) for outcome in outcomes)
    assert await figures(here, sku) == (0, 0, 0)
    assert all(isinstance(outcome, Placed) for outcome in await together(till, arrivals))
    assert await figures(here, sku) == (30, 30, 30)


async def test_unpaid_orders_give_their_stock_back_once(here: Context, shop: Shop, till: Till, terms: Any) -> None:
    terms(pay_seconds=1)
    sku = await shop.sku(stock=40)
    assert all(
        isinstance(one, Placed) for one in await together(till, [arrival(w, sku) for w in await crowd(here, 40)])
    )
    await asyncio.sleep(1.1)
    await asyncio.gather(*(sweep_unpaid(here.database) for _ in range(4)))
    await sweep_unpaid(here.database)
    assert (await figures(here, sku))[2] == 0
    states = await column(
        here,
        "SELECT state FROM trade.orders WHERE id IN (SELECT order_id FROM trade.order_lines WHERE sku_id = :id)",
        id=uuid.UUID(sku["id"]),
    )
    assert states == ["expired"] * 40


async def test_orders_placed_together_are_told_one_by_one(here: Context, shop: Shop, till: Till) -> None:
    sku = await shop.sku(stock=40)
    outcomes = await together(till, [arrival(who, sku) for who in await crowd(here, 3)])
    ids = [str(outcome.checkout_id) for outcome in outcomes]
    assert [await events_of(here, one) for one in ids] == [["trade.order.placed"]] * 3
    async with here.database.transaction() as db:
        rows = await db.execute(text("SELECT body FROM kernel.outbox WHERE subject = 'trade.orders.placed'"))
        bodies = [decode(OrdersPlaced, body) for (body,) in rows if set(body["order_ids"]) & set(ids)]
        told = [one for event in bodies for one in await placed_orders(db, event.order_ids)]
    assert sorted(str(one.order_id) for one in told) == sorted(ids)
    assert all(one.at == event.at for one in told for event in bodies if one.order_id in event.order_ids)


async def test_the_thin_entry_and_the_documented_route_give_the_same_answer(shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(stock=40, freight_fen=600)
    body = buyer.wanted(sku, 2, note="请放门口")
    thin = ok(await buyer.client.post("/api/orders", json=body, headers=key()))
    import orjson

    plain = {**key(), "Content-Type": "application/json; charset=utf-8"}
    full = ok(await buyer.client.post("/api/orders", content=orjson.dumps(body), headers=plain))
    for made in (thin, full):
        assert ok(await buyer.client.get(f"/api/checkouts/{made['id']}")) == made
    assert thin.keys() == full.keys()
    assert thin["orders"][0].keys() == full["orders"][0].keys()


async def test_a_person_is_limited_and_not_their_cookie(
    here: Context, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = Till(here.database, Limiter(0.05))
    sku = await shop.sku(stock=40)
    one, other = await crowd(here, 2)
    outcomes = await together(till, [arrival(who, sku) for who in (one, one, one, one, other)])
    assert [type(outcome).__name__ for outcome in outcomes] == ["Placed"] * 3 + ["RateLimited", "Placed"]


async def test_the_database_runs_the_functions_that_the_code_shows(here: Context) -> None:
    for function in (*GOODS_FUNCTIONS, *TRADE_FUNCTIONS):
        name = re.search(r"FUNCTION (\w+)\.(\w+)\(", function)
        assert name is not None
        source = await column(
            here,
            "SELECT prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname = :wing AND proname = :name",
            wing=name[1],
            name=name[2],
        )
        assert source == [function.split("$$")[1]], f"{name[0]}: write a migration with the new text"
