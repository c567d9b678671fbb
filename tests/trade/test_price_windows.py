"""Prices for a period through the API: set, shown, bought at, counted, ended; struck prices as the law allows them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kaibo.goods import facade as goods
from kaibo.goods import reactions as goods_reactions
from kaibo.goods.contracts import OutOfStock, PriceChanged
from kaibo.goods.contracts.windows import RoomName
from kaibo.goods.windows import rooms
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Database, Db
from kaibo.kernel.timers import Sweeper
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.wire import rfc3339
from kaibo.trade.contracts import Source, SourceFacts
from kaibo.trade.facade import register_source_resolver
from kaibo.trade.orders import sources
from kaibo.trade.orders.expire import expire_orders
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.place import Placed
from kaibo.trade.orders.till import Till
from tests.conftest import SignIn
from tests.trade.test_coupons import claim, issue, quote
from tests.trade.test_till import arrival, crowd, together
from tests.trade.world import Buyer, Shop, book_payment, column, key, make_buyer, ok, open_shop


def body(sku: dict[str, Any], price_fen: int, *, hours: float = 2, after: float = 0, **more: Any) -> dict[str, Any]:
    """A window of this SKU for the next `hours`, beginning `after` hours from now."""
    start = clock.now() + timedelta(hours=after)
    line = {"sku_id": sku["id"], "price_fen": price_fen} | {
        k: more.pop(k) for k in ("struck_fen", "pieces") if k in more
    }
    times = {"starts_at": rfc3339(start), "ends_at": rfc3339(start + timedelta(hours=hours))}
    return {"title": "限时抢", "lines": [line]} | times | more


async def try_set(shop: Shop, wanted: dict[str, Any]) -> Any:
    return await shop.staff.client.post(f"/api/shops/{shop.id}/price-windows", json=wanted, headers=key())


async def set_price(shop: Shop, sku: dict[str, Any], price_fen: int, **more: Any) -> dict[str, Any]:
    (made,) = ok(await try_set(shop, body(sku, price_fen, **more)))["items"]
    return dict(made)


async def seen(buyer: Buyer, sku: dict[str, Any]) -> dict[str, Any]:
    """The SKU as the product page shows it."""
    product = ok(await buyer.client.get(f"/api/products/{sku['product_id']}"))
    assert product["price_fen_min"] == product["skus"][0]["price_fen"]
    return dict(product["skus"][0])


async def sell(here: Context, sign_in: SignIn, sku: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Somebody buys and pays."""
    order = await (await make_buyer(sign_in)).place(sku, **more)
    await book_payment(here, order["id"])
    return order


async def shift(here: Context, order: dict[str, Any], days: int) -> None:
    """As if the sale had been so many days earlier."""
    async with here.database.transaction() as db:
        statement = "UPDATE goods.stock_entries SET at = at - make_interval(days => :days) WHERE order_id = :id"
        await db.execute(text(statement), {"days": days, "id": UUID(order["id"])})


async def sweep(here: Context) -> None:
    await Sweeper(here.database, goods_reactions.timers.all).sweep()


async def test_a_window_lowers_the_price_everywhere_and_the_order_says_why(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_990)
    made = await set_price(shop, sku, 4_990)
    assert (made["state"], made["list_price_fen"], made["room"], made["sold"]) == ("open", 5_990, None, None)
    shown = await seen(buyer, sku)
    assert (shown["price_fen"], shown["struck_fen"], shown["price_until"]) == (4_990, None, made["ends_at"])
    shelf = ok(await buyer.client.get(f"/api/shelf?shop_id={shop.id}"))["items"]
    assert [card["price_fen_min"] for card in shelf] == [4_990]
    assert [(s["kind"], s["fen"]) for s in (await quote(buyer, sku, 2))["steps"]] == [
        ("list", 9_980),
        ("freight", 0),
    ]  # no ordinary price beside it: that would be a comparison
    late = await buyer.client.post("/api/orders", json=buyer.wanted(sku), headers=key())
    assert (late.json()["code"], late.json()["was_fen"], late.json()["now_fen"]) == (
        "goods.price_changed",
        5_990,
        4_990,
    )
    order = await buyer.place(shown, 2)
    assert order["total_fen"] == 9_980
    assert [(s["kind"], s["fen"]) for s in (await buyer.order(order["id"]))["steps"]] == [
        ("list", 9_980),
        ("freight", 0),
    ]
    why = "SELECT explanation -> 1 ->> 'kind' FROM trade.orders WHERE id = :id"
    assert await column(here, why, id=UUID(order["id"])) == ["window"]
    # merchants still edit the ordinary price
    product = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/products/{sku['product_id']}"))
    assert product["skus"][0]["price_fen"] == 5_990


async def test_it_opens_and_ends_at_its_time_and_can_be_stopped(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=5_990)
    coming = await set_price(shop, sku, 4_990, after=1, hours=1)
    assert coming["state"] == "coming"
    assert (await seen(buyer, sku))["price_fen"] == 5_990
    async with here.database.transaction() as db:
        back = "UPDATE goods.price_windows SET starts_at = starts_at - interval '90 minutes' WHERE id = :id"
        await db.execute(text(back), {"id": UUID(coming["id"])})
        await db.execute(text("UPDATE kernel.timers SET due_at = now() WHERE key = :id"), {"id": coming["id"]})
    await sweep(here)
    assert (await seen(buyer, sku))["price_fen"] == 4_990
    told = "SELECT count(*) FROM kernel.outbox WHERE subject = 'goods.product.changed' AND aggregate_id = :id"
    before = await column(here, told, id=sku["product_id"])
    stopped = ok(await shop.staff.client.post(f"/api/shops/{shop.id}/price-windows/{coming['id']}/stop"))
    assert stopped["state"] == "over"
    assert (await seen(buyer, sku))["price_fen"] == 5_990
    assert await column(here, told, id=sku["product_id"]) == [before[0] + 1]
    again = await shop.staff.client.post(f"/api/shops/{shop.id}/price-windows/{coming['id']}/stop")
    assert again.json()["code"] == "goods.window_over"
    record = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/products/{sku['product_id']}/prices"))
    assert [(e["what"], e["price_fen"], e["by_clock"]) for e in record["entries"]] == [
        ("stopped", 4_990, False),
        ("opened", 4_990, True),
        ("set", 4_990, False),
        ("list", 5_990, False),
    ]
    await sweep(here)  # its timer is gone with it
    assert len(ok(await shop.staff.client.get(f"/api/shops/{shop.id}/price-windows?state=over"))["items"]) == 1


async def test_an_ended_window_is_written_down_by_the_clock(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=5_990)
    made = await set_price(shop, sku, 4_990, hours=0.0002)
    await asyncio.sleep(0.8)
    assert (await seen(buyer, sku))["price_fen"] == 5_990
    await sweep(here)
    what = "SELECT what FROM goods.window_entries WHERE window_id = :id ORDER BY id"
    assert await column(here, what, id=UUID(made["id"])) == ["set", "opened", "ended"]


async def test_a_struck_price_is_at_most_the_lowest_trade_of_seven_days(
    here: Context, sign_in: SignIn, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_990, stock=100)
    never = await try_set(shop, body(sku, 4_990, struck_fen=5_990))
    assert never.json()["code"] == "goods.struck_without_trade"
    await sell(here, sign_in, sku)
    seller = await make_buyer(sign_in)
    coupon = await claim(seller, await issue(shop, off_fen=300, threshold_fen=1_000))
    cheap = await seller.place(sku, 2, coupon_ids=[coupon])  # (11 980 − 300) / 2
    await book_payment(here, cheap["id"])
    prices = f"/api/shops/{shop.id}/products/{sku['product_id']}/prices"
    (basis,) = ok(await shop.staff.client.get(prices))["basis"]
    assert (basis["traded_7d_lowest_fen"], basis["struck_fen_max"]) == (5_840, 5_840)
    above = await try_set(shop, body(sku, 4_990, struck_fen=5_841))
    assert (above.status_code, above.json()["code"], above.json()["struck_fen_max"]) == (
        422, "goods.struck_unlawful", 5_840,
    )  # fmt: skip
    made = await set_price(shop, sku, 4_990, struck_fen=5_840)
    assert made["struck_shown"]
    assert (await seen(buyer, sku))["struck_fen"] == 5_840
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/price-windows/{made['id']}/stop"))
    # the cheap sale leaves the seven days: the other one counts; both leave: the last trade does
    await shift(here, cheap, 8)
    assert ok(await shop.staff.client.get(prices))["basis"][0]["struck_fen_max"] == 5_990


async def test_without_a_trade_in_seven_days_the_last_one_counts(here: Context, sign_in: SignIn, shop: Shop) -> None:
    sku = await shop.sku(price_fen=5_990)
    old, older = await sell(here, sign_in, sku), await sell(here, sign_in, sku)
    await shift(here, old, 8)
    await shift(here, older, 30)
    async with here.database.transaction() as db:
        cheaper = "UPDATE goods.stock_entries SET unit_fen = 5000 WHERE order_id = :id"
        await db.execute(text(cheaper), {"id": UUID(old["id"])})
    record = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/products/{sku['product_id']}/prices"))
    (basis,) = record["basis"]
    assert (basis["traded_7d_lowest_fen"], basis["traded_last_fen"], basis["struck_fen_max"]) == (None, 5_000, 5_000)


async def test_a_sale_that_came_back_justifies_nothing(here: Context, sign_in: SignIn, shop: Shop) -> None:
    sku = await shop.sku(price_fen=9_990)
    buyer = await make_buyer(sign_in)
    order = await buyer.place(sku)
    await book_payment(here, order["id"])
    async with here.database.transaction() as db:
        await goods.put_back(db, UUID(order["id"]))
    refused = await try_set(shop, body(sku, 4_990, struck_fen=9_990))
    assert refused.json()["code"] == "goods.struck_without_trade"


async def test_a_struck_price_that_became_unlawful_before_the_opening_is_dropped(
    here: Context, sign_in: SignIn, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_990, stock=100)
    await sell(here, sign_in, sku)
    coming = await set_price(shop, sku, 4_000, after=1, struck_fen=5_990)
    assert not coming["struck_shown"]
    flash = await set_price(shop, sku, 4_990, hours=0.5)
    await sell(here, sign_in, await seen(buyer, sku) | {"product_id": sku["product_id"]})
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/price-windows/{flash['id']}/stop"))
    async with here.database.transaction() as db:
        now = "UPDATE goods.price_windows SET starts_at = now() WHERE id = :id"
        await db.execute(text(now), {"id": UUID(coming["id"])})
        await db.execute(text("UPDATE kernel.timers SET due_at = now() WHERE key = :id"), {"id": coming["id"]})
    shown = await seen(buyer, sku)
    assert (shown["price_fen"], shown["struck_fen"]) == (4_000, None)  # never before it was looked at
    await sweep(here)
    assert (await seen(buyer, sku))["struck_fen"] is None
    what = "SELECT what FROM goods.window_entries WHERE window_id = :id ORDER BY id"
    assert await column(here, what, id=UUID(coming["id"])) == ["set", "opened", "struck_dropped"]


async def test_the_record_of_prices_only_grows(here: Context, shop: Shop) -> None:
    await set_price(shop, await shop.sku(price_fen=5_990), 4_990)
    for table in ("price_entries", "window_entries"):
        for change in (f"UPDATE goods.{table} SET price_fen = 1", f"DELETE FROM goods.{table}"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with here.database.transaction() as db:
                    await db.execute(text(change))
            with pytest.raises(DBAPIError, match="only grows"):
                async with here.database.transaction() as db:
                    await db.execute(text("SET ROLE NONE"))
                    await db.execute(text(change))


async def test_what_cannot_be_set_is_refused_by_name(sign_in: SignIn, shop: Shop) -> None:
    sku = await shop.sku(price_fen=5_990)
    await set_price(shop, sku, 4_990, after=10, hours=10)
    past = body(sku, 4_000) | {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"}
    other = await try_set(shop, body(sku, 4_500, after=15))
    assert (other.status_code, other.json()["code"], other.json()["window_title"]) == (
        409,
        "goods.window_overlaps",
        "限时抢",
    )
    assert (await try_set(shop, past)).json()["what"] == ["in_the_past"]
    assert (await try_set(shop, body(sku, 5_990))).json()["what"] == ["not_below_list"]
    assert (await try_set(shop, body(sku, 4_000, struck_fen=4_000))).json()["what"] == ["struck_not_above"]
    assert (await try_set(shop, body(sku, 4_000, hours=24 * 91))).json()["what"] == ["too_long"]
    twice = body(sku, 4_000)
    assert (await try_set(shop, twice | {"lines": twice["lines"] * 2})).json()["what"] == ["sku_twice"]
    lost = await try_set(shop, body(sku, 4_000, room_id=str(uuid.uuid4())))
    assert lost.json()["code"] == "goods.room_unknown"
    theirs = await (await open_shop(sign_in)).sku()
    assert (await try_set(shop, body(theirs, 1_000))).json()["code"] == "goods.sku_missing"
    stranger = await sign_in()
    assert (await stranger.client.get(f"/api/shops/{shop.id}/price-windows")).status_code == 403


async def test_two_settings_at_once_leave_one_window(here: Context, shop: Shop) -> None:
    sku = await shop.sku(price_fen=5_990)
    answers = await asyncio.gather(*(try_set(shop, body(sku, 4_000 + n)) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


ROOM = uuid.uuid4()


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A room that exists, and the source of an order from its broadcast."""

    async def resolve(_db: Db, _source: Source) -> SourceFacts:
        return SourceFacts(creator_id=None, title="直播", allowed=True, room_id=ROOM)

    async def by_shop(_db: Db, _shop_id: UUID) -> list[RoomName]:
        return [RoomName(ROOM, "蒜农直播间")]

    async def names(_db: Db, ids: Any) -> dict[UUID, str]:
        return {ROOM: "蒜农直播间"} if ROOM in set(ids) else {}

    monkeypatch.setattr(sources, "_resolvers", dict(sources._resolvers))
    register_source_resolver("broadcast", resolve)
    before = list(rooms._by_shop), list(rooms._names)
    rooms.register_rooms(by_shop, names)
    yield {"kind": "broadcast", "id": str(uuid.uuid4()), "item": str(uuid.uuid4())}
    rooms._by_shop[:], rooms._names[:] = before


async def test_a_rooms_price_counts_in_the_room_only(shop: Shop, buyer: Buyer, room: dict[str, Any]) -> None:
    sku = await shop.sku(price_fen=5_990)
    assert ok(await shop.staff.client.get(f"/api/shops/{shop.id}/price-rooms"))["items"][0]["name"] == "蒜农直播间"
    made = await set_price(shop, sku, 3_990, room_id=str(ROOM))
    assert made["room"] == {"id": str(ROOM), "name": "蒜农直播间"}
    assert (await seen(buyer, sku))["price_fen"] == 5_990
    assert (await quote(buyer, sku))["total_fen"] == 5_990
    assert (await quote(buyer, sku, source=room))["total_fen"] == 3_990
    here = buyer.wanted(sku | {"price_fen": 3_990})
    assert (await buyer.client.post("/api/orders", json=here, headers=key())).json()["code"] == "goods.price_changed"
    assert (await buyer.check_out(here | {"source": room}))["total_fen"] == 3_990
    # on the shelf as cheap: the room's price would be empty words, whichever came first
    late = await shop.sku(price_fen=5_990)
    await set_price(shop, late, 3_990)
    covered = await try_set(shop, body(late, 3_990, room_id=str(ROOM)))
    assert covered.json()["code"] == "goods.window_covered"


async def test_those_in_the_room_and_those_outside_are_served_in_one_batch(
    here: Context, shop: Shop, room: dict[str, Any]
) -> None:
    sku = await shop.sku(price_fen=5_990)
    await set_price(shop, sku, 3_990, room_id=str(ROOM))
    source = Source("broadcast", UUID(room["id"]), UUID(room["item"]))
    inside, outside, wrong = await crowd(here, 3)
    cheap = sku | {"price_fen": 3_990}
    outcomes = await together(
        Till(here.database, Limiter(1000)),
        [arrival(inside, cheap, source=source), arrival(outside, sku), arrival(wrong, cheap)],
    )
    placed = [one.blueprint.priced.total_fen for one in outcomes[:2] if isinstance(one, Placed)]
    assert placed == [3_990, 5_990]
    assert isinstance(outcomes[2], PriceChanged)


async def test_a_pool_and_a_cap_hold_in_two_processes_and_come_back_with_the_order(
    here: Context, settings: Any, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_990, stock=1_000)
    made = await set_price(shop, sku, 990, pieces=10, per_buyer_max=2)
    cheap = sku | {"price_fen": 990}
    buyers = await crowd(here, 30)
    other = Database.connect(settings.database_url, pool_size=5)
    tills = [Till(here.database, Limiter(1000)), Till(other, Limiter(1000))]
    wanted = [[arrival(who, cheap) for who in buyers[n::2]] for n in range(2)]
    halves = await asyncio.gather(*(together(till, half) for till, half in zip(tills, wanted, strict=True)))
    await other.close()
    placed = [one for half in halves for one in half if isinstance(one, Placed)]
    assert len(placed) == 10
    assert all(isinstance(one, Placed | OutOfStock | PriceChanged) for half in halves for one in half)
    taken = "SELECT taken FROM goods.price_windows WHERE id = :id"
    assert await column(here, taken, id=UUID(made["id"])) == [10]
    assert (await seen(buyer, sku))["price_fen"] == 5_990  # the pool is empty: the ordinary price
    async with here.database.transaction() as db:
        await expire_orders(db, [await lock_order(db, placed[0].checkout_id)])
    assert await column(here, taken, id=UUID(made["id"])) == [9]
    shown = await seen(buyer, sku)
    assert (shown["price_fen"], shown["stock_left"], shown["price_pieces_left"]) == (990, 1, 1)
    (listed,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/price-windows"))["items"]
    assert (listed["pieces"], listed["sold"]) == (10, 9)


async def test_a_buyer_gets_no_more_than_the_cap_however_often_they_ask(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=5_990)
    await set_price(shop, sku, 990, per_buyer_max=2)
    cheap = sku | {"price_fen": 990}
    too_many = await buyer.client.post("/api/orders", json=buyer.wanted(cheap, 3), headers=key())
    assert (too_many.json()["code"], too_many.json()["limit"], too_many.json()["had"]) == ("goods.limit_reached", 2, 0)
    once = key()
    answers = [await buyer.client.post("/api/orders", json=buyer.wanted(cheap, 2), headers=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]  # the same key is the same order, cap or not
    assert answers[0].json()["id"] == answers[1].json()["id"]
    more = await buyer.client.post("/api/orders", json=buyer.wanted(cheap), headers=key())
    assert (more.json()["code"], more.json()["had"]) == ("goods.limit_reached", 2)


async def test_the_platform_reads_the_record_of_any_shop(sign_in: SignIn, shop: Shop) -> None:
    sku = await shop.sku(price_fen=5_990)
    operator = await sign_in(roles=[("operator", "platform", None)])
    record = ok(await operator.client.get(f"/api/operator/products/{sku['product_id']}/prices"))
    assert [e["what"] for e in record["entries"]] == ["list"]
    assert (await shop.staff.client.get(f"/api/operator/products/{sku['product_id']}/prices")).status_code == 403


async def test_the_calendar_shows_what_touches_a_period(shop: Shop) -> None:
    sku = await shop.sku(price_fen=5_990)
    await set_price(shop, sku, 4_990, after=1, hours=2)
    await set_price(shop, sku, 4_500, after=30, hours=2)
    now = clock.now()
    span = {"since": rfc3339(now), "until": rfc3339(now + timedelta(hours=24))}
    found = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/price-calendar", params=span))["items"]
    assert [one["price_fen"] for one in found] == [4_990]
