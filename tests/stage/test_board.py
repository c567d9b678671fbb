"""Every figure of the live board against an example counted by hand, and the bag behind it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductId, SkuId, StockChanged
from kaibo.goods.inventory.tables import stock
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.ids import new_id
from kaibo.people.contracts import PersonDeleted, PersonId, ShopId
from kaibo.stage import reactions
from kaibo.stage.broadcasts.tables import live_figures, minutes
from kaibo.stage.facade import mark_demo
from kaibo.stage.source import resolve_source
from kaibo.stage.viewers.lookup import watch
from kaibo.stage.viewers.record_sightings import record_sightings
from kaibo.trade.contracts import OrderedLine, OrderId, OrderPaid, OrderPlaced, OrderRefunded, Source
from tests.conftest import SignIn
from tests.people_of_tests import Person
from tests.stage.conftest import NewViewer
from tests.stage.nats_viewer import Viewer
from tests.stage.world import Stage, eventually, hook, key, ok, open_stage, owned, stock_shop, worker


def _order(stage: Stage, buyer: Person, places: list[int], at: datetime, item: int = 0) -> dict[str, Any]:
    """The facts of an order of one piece each of these items, from this broadcast."""
    lines = [
        OrderedLine(
            sku_id=SkuId(stage.goods.sku_ids[n]),
            product_id=ProductId(stage.goods.product_ids[n]),
            title=f"门 {n}",
            quantity=1,
            line_fen=2990,
        )
        for n in places
    ]
    return {
        "order_id": OrderId(new_id()),
        "number": "202611230001",
        "buyer_id": PersonId(buyer.id),
        "buyer_nickname": "王**",
        "shop_id": ShopId(stage.goods.shop_id),
        "source": Source("broadcast", stage.broadcast_id, stage.item_ids[item]),
        "creator_id": PersonId(stage.host.id),
        "lines": lines,
        "total_fen": 2990 * len(places),
        "at": at,
    }


async def _tell(here: Context, *events: Any) -> None:
    """As the worker's consumers would, in the given order."""
    heard = {
        OrderPlaced: lambda db, event: reactions.count_orders(db, [event], event.at),
        OrderPaid: reactions.count_paid,
        OrderRefunded: reactions.count_refunded,
    }
    for event in events:
        async with here.database.transaction() as db:
            await heard[type(event)](db, event)


async def _enter(person: Any, stage: Stage, source: str) -> str:
    watch_id: str = ok(await person.post(f"{stage.room}/enter", json={"source": source}))["watch_id"]
    return watch_id


async def _seen_again(here: Context, stage: Stage, watch_id: str, at: datetime) -> None:
    async with here.database.transaction() as db:
        await record_sightings(db, stage.room_id, stage.broadcast_id, {UUID(watch_id): at})


async def _audience(sign_in: SignIn, here: Context, new_viewer: NewViewer, at: clock.FixedClock, stage: Stage) -> Any:
    """Ann (home, comments, follows, was no follower), Ben (shelf; likes; follows before), an anonymous one who enters twice."""
    ann, ben, nobody = await sign_in(nickname="安"), await sign_in(nickname="本"), new_viewer()
    watches = {
        "ann": await _enter(ann.client, stage, "home"),
        "ben": await _enter(ben.client, stage, "shelf"),
        "nobody": await _enter(nobody, stage, "home"),
        "again": await _enter(nobody, stage, "search"),
    }
    began = at.now()
    for name, seconds in [("ann", 10), ("ann", 20), ("ben", 10), ("nobody", 25), ("nobody", 100)]:
        await _seen_again(here, stage, watches[name], began + timedelta(seconds=seconds))
    return ann, ben, nobody, watches


async def test_the_board_counts_what_was_counted_by_hand(sign_in: SignIn, here: Context, new_viewer: NewViewer) -> None:
    with clock.use(clock.FixedClock(clock.now())) as at:
        assert isinstance(at, clock.FixedClock)
        stage = await open_stage(sign_in, here)
        ann, ben, nobody, watches = await _audience(sign_in, here, new_viewer, at, stage)
        ok(await ann.client.post(f"{stage.room}/chat", json={"text": "好看"}, headers=key()))
        ok(await stage.host.client.post(f"{stage.room}/chat", json={"text": "谢谢"}, headers=key()))
        ok(await ben.client.post(f"{stage.room}/likes", json={"watch_id": watches["ben"], "count": 5}))
        ok(await ann.client.post(f"{stage.room}/follow"))
        one, two = (str(i) for i in stage.item_ids[:2])
        for client, watch_id, clicked in [(ann.client, "ann", [one]), (nobody, "nobody", []), (nobody, "again", [])]:
            body = {"watch_id": watches[watch_id], "shown": [one, two], "clicked": clicked}
            ok(await client.post(f"{stage.room}/seen", json=body))
        pitched = {"item_id": one}
        ok(await stage.host.client.post(f"{stage.broadcast}/pitches", json=pitched, headers=key()))
        at.advance(seconds=30)
        first = _order(stage, ann, [0, 1], at.now())
        second, third = _order(stage, ann, [0], at.now()), _order(stage, ben, [1], at.now(), item=1)
        # the payment may be heard before the order
        await _tell(here, OrderPaid(**first), OrderPlaced(**first), OrderPlaced(**second), OrderPlaced(**third))
        at.advance(seconds=15)
        ok(await stage.host.client.post(f"{stage.broadcast}/pitches/end"))
        at.advance(seconds=15)
        third |= {"at": at.now()}
        await _tell(here, OrderPaid(**third), OrderRefunded(**third, refund_fen=2990, reason="不想要了"))
        figures = ok(await stage.host.client.get(f"{stage.broadcast}/board"))
    assert {k: figures[k] for k in EXPECTED} == EXPECTED
    items = {i["number"]: i for i in figures["items"]}
    assert {k: items[1][k] for k in ITEM_ONE} == ITEM_ONE
    assert {k: items[2][k] for k in ITEM_TWO} == ITEM_TWO
    sources = {s["source"]: (s["viewers_uv"], s["gmv_paid_fen"], s["gpm_fen"]) for s in figures["sources"]}
    assert sources == {"home": (2, 5980, 2_990_000), "shelf": (1, 2990, 2_990_000), "search": (1, 0, 0)}
    assert sum(m["orders_paid"] for m in figures["minutes"]) == 2
    assert sum(m["likes"] for m in figures["minutes"]) == 5
    assert sum(m["comments"] for m in figures["minutes"]) == 2
    assert sum(m["entered"] for m in figures["minutes"]) == 4
    assert sum(m["gmv_paid_fen"] for m in figures["minutes"]) == 8970


# three orders: 5980 paid, 2990 unpaid, 2990 paid and refunded; 3 viewers in 4 views
EXPECTED = {
    "gmv_created_fen": 11_960,
    "gmv_paid_fen": 8_970,
    "gmv_net_fen": 5_980,
    "orders_created": 3,
    "orders_paid": 2,
    "buyers_paid": 2,
    "viewers_uv": 3,
    "views_pv": 4,
    "gpm_fen": 2_242_500,  # 8970 * 1000 / 4
    "uv_value_fen": 2_990,  # 8970 / 3
    "average_order_fen": 4_485,  # 8970 / 2
    "stay_seconds_avg": 18.3,  # (20 + 10 + 25) / 3; the gap of 75 s is no watching
    "interact_rate": 0.6667,  # Ann and Ben of three; the host is no viewer
    "comment_uv": 1,
    "like_uv": 1,
    "follow_uv": 1,
    "follow_rate": 0.3333,
    "funnel": {"shown_uv": 2, "clicked_uv": 1, "placed_uv": 2, "paid_uv": 2},
    "refund_orders": 1,
    "refund_fen": 2_990,
}
ITEM_ONE = {
    "shown_uv": 2,
    "clicked_uv": 1,
    "placed": 2,
    "paid": 1,
    "paid_fen": 2_990,
    "pitches": 1,
    "pitch_seconds": 45,
    "paid_in_pitch": 1,
}
ITEM_TWO = {"shown_uv": 2, "clicked_uv": 0, "placed": 2, "paid": 2, "paid_fen": 5_980, "pitches": 0, "paid_in_pitch": 0}


async def test_an_old_follower_is_no_new_one(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="rehearsal")
    fan, stranger = await sign_in(), await sign_in()
    ok(await fan.client.post(f"{stage.room}/follow"))
    ok(await hook(stage.host.client, "on_publish", stream=stage.stream_key))
    ok(await stage.host.client.post(f"{stage.broadcast}/go-live"))
    for person in (fan, stranger):
        await _enter(person.client, stage, "follow")
        ok(await person.client.delete(f"{stage.room}/follow"))
        ok(await person.client.post(f"{stage.room}/follow"))
    figures = ok(await stage.host.client.get(f"{stage.broadcast}/board"))
    assert (figures["follow_uv"], figures["follow_rate"]) == (1, 1.0)
    page = ok(await fan.client.get(stage.room))
    assert (page["following"], page["host"]["followers"]) == (True, 2)


async def test_a_browser_that_signs_in_is_not_counted_twice(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    browser, person = new_viewer(), await sign_in()
    watch_id = await _enter(browser, stage, "share")
    ok(await browser.post(f"{stage.room}/likes", json={"watch_id": watch_id, "count": 2}))
    person.client.cookies.set("kaibo_viewer", browser.cookies["kaibo_viewer"])
    await _enter(person.client, stage, "share")
    figures = ok(await stage.host.client.get(f"{stage.broadcast}/board"))
    assert (figures["viewers_uv"], figures["views_pv"], figures["like_uv"]) == (1, 2, 1)
    async with here.database.transaction() as db:
        assert (await watch(db, stage.room_id, UUID(watch_id))).viewer_id == person.id


async def test_the_peak_is_the_most_that_were_online(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    async with here.database.transaction() as db:
        for minute, peak in enumerate((3, 8, 5)):
            at = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=minute)
            row = {"broadcast_id": stage.broadcast_id, "at": at, "online": peak - 1, "online_peak": peak}
            await db.execute(minutes.insert().values(**row))
        row = {"room_id": stage.room_id, "broadcast_id": stage.broadcast_id, "online": 4, "updated_at": clock.now()}
        await db.execute(live_figures.insert().values(**row))
    figures = ok(await stage.host.client.get(f"{stage.broadcast}/board"))
    assert (figures["online"], figures["online_peak"]) == (4, 8)
    assert [m["online"] for m in figures["minutes"]] == [4, 7, 2]


async def test_a_sale_is_in_the_console_within_the_second(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    buyer = await sign_in(nickname="王小明")
    async with here.database.transaction() as db:
        await mark_demo(db, [buyer.id])
    async with worker(here) as share:
        await owned(share, stage.room_id)
        entered = ok(await stage.host.client.post(f"{stage.room}/console/enter"))
        public = ok(await new_viewer().post(f"{stage.room}/enter", json={}))
        async with Viewer(entered["events"]) as crew, Viewer(public["events"]) as viewer:
            order = _order(stage, buyer, [0], clock.now())
            await _tell(here, OrderPlaced(**order), OrderPaid(**order))
            await eventually(lambda: [f for f in crew.frames if f["t"] == "sale"])
            boards = await eventually(lambda: [f for f in crew.frames if f["t"] == "board" and f["orders_paid"]])
            assert boards[0]["gmv_paid_fen"] == 2990
            bought = (await eventually(lambda: viewer.lines("bought")))[0]
            assert (bought["name"], bought["text"], bought["demo"]) == ("王**", "门 0", True)
            assert not [f for f in viewer.frames if f["t"] not in ("tick", "ctl")]


async def test_selling_out_is_told_at_once(sign_in: SignIn, here: Context, new_viewer: NewViewer) -> None:
    stage = await open_stage(sign_in, here)
    sku_id, product_id = stage.goods.sku_ids[0], stage.goods.product_ids[0]
    async with worker(here) as share:
        await owned(share, stage.room_id)
        async with Viewer(ok(await new_viewer().post(f"{stage.room}/enter", json={}))["events"]) as viewer:
            async with here.database.transaction() as db:
                await db.execute(update(stock).where(stock.c.sku_id == sku_id).values(held=100))
                await reactions.show_stock(db, StockChanged(sku_id=sku_id, product_id=product_id, available=0))
            changed = await eventually(lambda: viewer.ctl("item.changed"))
            assert (changed[0]["item"]["number"], changed[0]["item"]["stock_left"]) == (1, 0)
            items = await eventually(lambda: [t["items"] for t in viewer.ticks() if "items" in t])
            assert items[0] == {str(stage.item_ids[0]): {"stock_left": 0, "price_fen": 2990}}


async def test_the_source_earns_only_while_live_and_in_the_bag(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    good = Source("broadcast", stage.broadcast_id, stage.item_ids[0])
    async with here.database.transaction() as db:
        facts = await resolve_source(db, good)
        assert (facts.allowed, facts.creator_id, facts.product_id) == (True, stage.host.id, stage.goods.product_ids[0])
        for wrong in (
            Source("broadcast"),
            Source("broadcast", new_id(), stage.item_ids[0]),
            Source("broadcast", stage.broadcast_id),
            Source("broadcast", stage.broadcast_id, new_id()),
        ):
            assert not (await resolve_source(db, wrong)).allowed
    ok(await stage.host.client.post(f"{stage.broadcast}/end"))
    async with here.database.transaction() as db:
        assert not (await resolve_source(db, good)).allowed


async def test_the_bag_is_numbered_sorted_and_guarded(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    web, (a, b, c) = stage.host.client, (str(i) for i in stage.item_ids)
    sorted_ = ok(await web.put(f"{stage.broadcast}/bag/order", json={"item_ids": [c, a, b]}))["items"]
    assert [(i["number"], i["id"]) for i in sorted_] == [(1, c), (2, a), (3, b)]
    stale = await web.put(f"{stage.broadcast}/bag/order", json={"item_ids": [c, a]})
    assert (stale.status_code, stale.json()["missing"]) == (409, [b])
    ok(await web.post(f"{stage.broadcast}/pitches", json={"item_id": a}, headers=key()))
    busy = await web.delete(f"{stage.broadcast}/bag/{a}")
    assert (busy.status_code, busy.json()["code"]) == (409, "stage.bag_item_in_pitch")
    ok(await web.delete(f"{stage.broadcast}/bag/{c}"))
    left = ok(await web.get(f"{stage.broadcast}/bag"))["items"]
    assert [(i["number"], i["id"], i["pitching"]) for i in left] == [(1, a, True), (2, b, False)]
    twice = {"product_ids": [str(stage.goods.product_ids[0])]}
    there = await web.post(f"{stage.broadcast}/bag", json=twice, headers=key())
    assert (there.status_code, there.json()["code"]) == (409, "stage.already_in_bag")
    stranger = (await sign_in()).client
    assert (await stranger.put(f"{stage.broadcast}/bag/order", json={"item_ids": [a, b]})).status_code == 403


async def test_an_unreviewed_product_does_not_enter_a_bag(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, items=1, state="draft")
    other = await stock_shop(here, stage.host.id, 2)
    async with here.database.transaction() as db:
        await db.execute(update(products).where(products.c.id == other.product_ids[1]).values(state="pending"))
    both = {"product_ids": [str(p) for p in other.product_ids]}
    refused = await stage.host.client.post(f"{stage.broadcast}/bag", json=both, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "goods.not_on_sale")
    assert len(ok(await stage.host.client.get(f"{stage.broadcast}/bag"))["items"]) == 1
    found = ok(await stage.host.client.get(f"{stage.room}/pickable?limit=100"))["items"]
    assert str(other.product_ids[1]) not in [p["id"] for p in found]


async def test_pitch_requests_are_counted_once_a_viewer_and_answered(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    wish = f"{stage.room}/bag/{stage.item_ids[1]}/pitch-requests"
    stranger = await new_viewer().post(wish)
    assert (stranger.status_code, stranger.json()["code"]) == (409, "stage.enter_first")
    phone = new_viewer()
    await _enter(phone, stage, "direct")
    for _ in range(3):
        ok(await phone.post(wish))
    ok(await (await sign_in()).client.post(wish))
    bag = ok(await stage.host.client.get(f"{stage.broadcast}/bag"))["items"]
    assert [i["pitch_requests"] for i in bag] == [0, 2, 0]
    body = {"item_id": str(stage.item_ids[1])}
    ok(await stage.host.client.post(f"{stage.broadcast}/pitches", json=body, headers=key()))
    bag = ok(await stage.host.client.get(f"{stage.broadcast}/bag"))["items"]
    assert [i["pitch_requests"] for i in bag] == [0, 0, 0]


async def test_a_deleted_person_leaves_no_name_behind(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    person = await sign_in(nickname="要走的人")
    ok(await person.client.post(f"{stage.room}/chat", json={"text": "再见"}, headers=key()))
    ok(await person.client.post(f"{stage.room}/follow"))
    async with here.database.transaction() as db:
        await reactions.forget_person(db, PersonDeleted(person_id=person.id))
    page = ok(await stage.host.client.get(stage.room))
    assert page["host"]["followers"] == 0
    assert [(e["name"], e["text"]) for e in page["snapshot"]["chat"]] == [("已注销用户", "再见")]


@pytest.mark.parametrize("body", [{}, {"watch_id": "x", "count": 1}, {"watch_id": str(new_id()), "count": 1, "x": 1}])
async def test_malformed_bodies_are_named(client: Any, body: dict[str, Any]) -> None:
    refused = await client.post(f"/api/rooms/{new_id()}/likes", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "web.invalid")
