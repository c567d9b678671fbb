"""The demo world fills the house through the public API, once, and its crowd does what viewers do."""

from __future__ import annotations

import asyncio
import json
import os
import random
import stat
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from operator import attrgetter
from typing import Any

import pytest

from kaibo.demo import catalogue, invented
from kaibo.demo.crowd import host_room, pace, rota
from kaibo.demo.crowd.errands import Errands
from kaibo.demo.crowd.host_room import Hosting
from kaibo.demo.crowd.keep_shop import Merchant
from kaibo.demo.door import Door, Refusal, Unreached
from kaibo.demo.listing import CATEGORIES, film_of, script_of
from kaibo.demo.memory import Memory
from kaibo.demo.person import Person
from kaibo.demo.stall import Film, Question, Scene, Stall
from kaibo.goods.catalog.categories import categories
from kaibo.kernel.engines.ports import free_port
from kaibo.people.accounts.rules import phone_number
from kaibo.people.merchants.rules import licence_number
from kaibo.people.realname.rules import id_number
from kaibo.trade.shipping.carriers import check
from tests.demo.small_world import PRODUCTS, SmallWorld


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """People of the demo think for seconds; tests need not."""

    async def at_once(*_: object) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(pace, "pause", at_once)


@pytest.fixture
async def live(world: SmallWorld) -> AsyncIterator[tuple[Stall, Hosting]]:
    """The first room, live."""
    stall = world.stall()
    hosting = Hosting(stall, random.Random(1))
    await hosting.open()
    yield stall, hosting
    await stall.pusher.stop()


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < limit, "did not come true in time"
        await asyncio.sleep(0.05)


# --- seeding


async def test_a_second_start_creates_nothing(world: SmallWorld) -> None:
    before = [(shop.shop_id, shop.room_id, shop.product_ids) for shop in world.shops]
    assert all(len(products) == PRODUCTS for _, _, products in before)
    await world.fill()
    assert world.seeding is not None
    assert world.seeding.created == 0
    assert [(shop.shop_id, shop.room_id, shop.product_ids) for shop in world.shops] == before


async def test_a_start_that_has_forgotten_everything_finds_what_is_there(world: SmallWorld, tmp_path: Any) -> None:
    """The file with the logins is gone: the demo signs in again and finds its shops, rooms and products."""
    before = [(shop.shop_id, shop.room_id, shop.product_ids) for shop in world.shops]
    forgetful = SmallWorld(
        world.door, Memory(tmp_path / "world.json"), world.here, world.settings, world.pictures, world.cashier
    )
    await forgetful.fill()
    assert forgetful.seeding is not None
    assert forgetful.seeding.created == 0
    assert [(shop.shop_id, shop.room_id, shop.product_ids) for shop in forgetful.shops] == before
    assert forgetful.staff["operator"].username == "operator2", "the old password is lost, so a new account was made"


async def test_what_people_took_off_sale_stays_so(world: SmallWorld) -> None:
    shop = world.shops[1]
    key, product_id = next(iter(shop.product_ids.items()))
    path = f"/api/shops/{shop.shop_id}/products/{product_id}"
    await shop.merchant.post(f"{path}/withdraw")
    try:
        await world.fill()
        assert key not in world.shops[1].product_ids
        assert (await shop.merchant.get(path))["state"] == "withdrawn"
    finally:
        await shop.merchant.post(f"{path}/submit")
        await world.fill()
    assert key in world.shops[1].product_ids, "handed in again by the merchant, approved by the demo's reviewer"


async def test_passwords_and_logins_are_for_their_owner_only(world: SmallWorld) -> None:
    path = world.settings.data_dir / "demo" / "world.json"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert json.loads(path.read_text())["staff"]["operator"]["password"] == world.staff["operator"].password


# --- rooms


async def test_a_room_goes_live_with_what_the_law_wants(world: SmallWorld, live: tuple[Stall, Hosting]) -> None:
    stall, _ = live
    page = await Person(world.door).get(stall.path())
    assert page["broadcast"]["state"] == "live"
    assert set(page["marks"]) == {"animation", "demo"}
    assert page["seller"]["operator_name"] == world.shops[0].plan.application["legal_name"]
    assert len(page["snapshot"]["bag"]) == PRODUCTS
    card = next(
        card for card in (await Person(world.door).get("/api/live"))["items"] if card["room_id"] == stall.room_id
    )
    assert card["is_demo"] is True


async def test_a_restart_goes_on_with_the_broadcast_that_is_on(world: SmallWorld, live: tuple[Stall, Hosting]) -> None:
    stall, _ = live
    again = world.stall()
    await Hosting(again, random.Random(2)).open()
    try:
        assert again.broadcast_id == stall.broadcast_id
        assert again.items == stall.items
    finally:
        await again.pusher.stop()


async def test_an_ended_broadcast_is_followed_by_a_new_one_at_the_next_start(world: SmallWorld) -> None:
    stall = world.stall()
    hosting = Hosting(stall, random.Random(3))
    await hosting.open()
    before = stall.broadcast_id
    await stall.host.post(f"/api/broadcasts/{before}/end")
    await hosting.open()
    try:
        assert stall.broadcast_id != before
        assert (await stall.host.get(f"/api/broadcasts/{stall.broadcast_id}"))["state"] == "live"
    finally:
        await stall.pusher.stop()


@pytest.mark.parametrize("sends", [True, False], ids=["while it sends", "after the stream was cut"])
async def test_a_broadcast_that_a_person_ended_comes_back_after_a_while(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch, *, sends: bool
) -> None:
    monkeypatch.setattr(host_room, "REOPEN_SECONDS", 0.1)
    stall = world.stall()
    hosting = Hosting(stall, random.Random(6))
    await hosting.open()
    before = stall.broadcast_id
    await stall.host.post(f"/api/broadcasts/{before}/end")
    if not sends:
        await stall.pusher.stop()
    try:
        await hosting.pitch_next()
        assert stall.broadcast_id not in ("", before)
        assert (await stall.host.get(f"/api/broadcasts/{stall.broadcast_id}"))["state"] == "live"
        await hosting.pitch_next()
        assert stall.pitch_key in stall.items, "and the host pitches again"
    finally:
        await stall.pusher.stop()


async def test_the_pitch_follows_the_film(live: tuple[Stall, Hosting], monkeypatch: pytest.MonkeyPatch) -> None:
    stall, hosting = live
    monkeypatch.setattr(rota, "PITCH_SECONDS_MIN", 0.0)
    first, second = stall.items
    stall.film = Film(10.0, (Scene(0.0, 5.0, first), Scene(5.0, 10.0, second)))
    shown: list[str] = []

    for position in (1.0, 6.0, 11.0):
        monkeypatch.setattr(type(stall.pusher), "seconds", property(attrgetter("at")))
        stall.pusher.at = position  # type: ignore[attr-defined]
        assert await hosting.pitch_next() == pytest.approx(4.0), "the scene has four more seconds"
        running = (await stall.host.get(stall.path("/snapshot")))["pitch"]
        shown.append(running["item_id"])
    assert shown == [stall.items[first], stall.items[second], stall.items[first]]


# --- the crowd


@pytest.mark.usefixtures("no_waiting")
async def test_a_visitor_buys_and_pays_and_the_merchant_ships(world: SmallWorld, live: tuple[Stall, Hosting]) -> None:
    stall, _ = live
    crowd = world.crowd("pay")
    buyer = await crowd.joining.join(0)
    visit = await crowd.visit(stall, buyer)
    placed = await crowd.shopping.go(stall, buyer, visit.watch_id)
    assert placed is not None
    assert placed["source"]["kind"] == "broadcast"

    async def paid() -> bool:
        return bool((await buyer.get(f"/api/orders/{placed['id']}"))["state"] == "paid")

    await until(paid)
    assert crowd.shopping.paid == 1
    merchant = Merchant(stall.merchant, stall.shop_id, random.Random(4))
    await merchant.ship_due(crowd_seconds=-1, left=0)
    order = await buyer.get(f"/api/orders/{placed['id']}")
    assert order["state"] == "shipped"
    await merchant.ship_due(crowd_seconds=-1, left=0)
    assert merchant.shipped == 1, "what is shipped is not shipped again"


@pytest.mark.usefixtures("no_waiting")
async def test_what_the_crowd_says_is_marked_and_questions_are_answered(
    world: SmallWorld, live: tuple[Stall, Hosting]
) -> None:
    stall, hosting = live
    crowd = world.crowd()
    visit = await crowd.visit(stall, await crowd.joining.join(1))
    stall.script = script_of(catalogue.shop(stall.key))
    question = stall.script.questions[0]
    stall.said.extend([*stall.script.lines])
    for act in ("like", "browse", "want_pitch", "follow"):
        await visit.do(act)
    stall.said.clear()
    while not stall.asked:
        await visit.say()
        await asyncio.sleep(0.05)
    asked = stall.asked[0]
    await hosting.answer_next()
    chat = (await visit.person.get(stall.path("/snapshot")))["chat"]
    lines = {line["text"]: line for line in chat if line["kind"] == "line"}
    assert isinstance(question, Question)
    assert lines[asked.text]["demo"] is True
    assert lines[asked.answer]["demo"] is True
    assert lines[asked.answer]["role"] == "host"


@pytest.mark.usefixtures("no_waiting")
async def test_a_buyer_who_thinks_better_of_it_cancels(world: SmallWorld, live: tuple[Stall, Hosting]) -> None:
    stall, _ = live
    crowd = world.crowd("cancel")
    buyer = await crowd.joining.join(2)
    visit = await crowd.visit(stall, buyer)
    placed = await crowd.shopping.go(stall, buyer, visit.watch_id)
    assert placed is not None
    assert len(crowd.errands) == 1
    _, _, cancel = crowd.errands._due[0]
    await cancel()
    assert (await buyer.get(f"/api/orders/{placed['id']}"))["state"] == "cancelled"


async def test_shelves_are_filled_before_they_are_empty(world: SmallWorld) -> None:
    shop = world.shops[1]
    path = f"/api/shops/{shop.shop_id}"
    sku = (await shop.merchant.get(f"{path}/products?state=approved"))["items"][0]["skus"][0]
    await shop.merchant.patch(f"{path}/skus/{sku['id']}/stock", {"delta": 2 - sku["stock"], "reason": "盘点"})
    merchant = Merchant(shop.merchant, shop.shop_id, random.Random(5))
    await merchant.fill_up()
    assert merchant.filled == 1
    products = (await shop.merchant.get(f"{path}/products?state=approved"))["items"]
    assert min(s["stock_left"] for product in products for s in product["skus"]) > 6


# --- robustness


async def test_a_web_that_is_away_for_a_moment_is_waited_for() -> None:
    """A write with a key is repeated until the house answers; one without is given up at once where it may have arrived."""
    port = free_port()
    async with Door(port, patience_seconds=5) as door:
        asking = asyncio.create_task(Person(door).post("/api/anything", {}, key="once"))
        await asyncio.sleep(0.3)
        answers = [
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"ok": 1}',
        ]
        heard: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answers[min(len(heard), 2) - 1])
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", port)
        assert await asking == {"ok": 1}
        assert [b"idempotency-key: once" in request.lower() for request in heard] == [True, True]
        heard.clear()
        with pytest.raises(Refusal) as refused:
            await Person(door).post("/api/anything", {})
        assert refused.value.status == 503
        server.close()
        await server.wait_closed()


async def test_a_web_that_stays_away_is_given_up() -> None:
    async with Door(free_port(), patience_seconds=0.2) as door:
        with pytest.raises(Unreached):
            await Person(door).get("/api/meta")


async def test_errands_are_bounded_and_a_refused_one_stops_nothing() -> None:
    errands = Errands(most=2)
    done: list[str] = []

    def errand(name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            done.append(name)
            if name == "refused":
                raise Refusal(409, "trade.wrong_state", "", 0, {})

        return run

    for seconds, name in ((0.0, "refused"), (50.0, "far"), (0.0, "second")):
        errands.later(seconds, errand(name))
    assert len(errands) == 2
    running = asyncio.create_task(errands.run())
    await asyncio.sleep(0.1)
    running.cancel()
    assert done == ["refused", "second"]


# --- numbers and words


@pytest.mark.parametrize("number", range(12))
def test_invented_numbers_pass_the_checks_of_real_ones(number: int) -> None:
    assert id_number(invented.identity_number(number))
    assert licence_number(invented.licence_number(number))
    assert phone_number(invented.crowd_phone(number))
    assert invented.crowd_phone(number).startswith(invented.CROWD_PHONES)
    check(*invented.tracking_number(random.Random(number)))


def test_every_question_has_an_answer_and_every_category_exists() -> None:
    for shop in catalogue.shops():
        script = script_of(shop)
        assert all(len(question.answer) <= 100 for question in script.questions)
        assert all(p.category.rpartition("/")[2] in CATEGORIES for p in shop.products)
    assert set(CATEGORIES.values()) <= set(categories())


def test_every_product_has_its_turn_and_what_is_on_screen_is_what_is_pitched() -> None:
    """An hour of each film: a pitch lasts 40 s or more, and while the film shows a product no other one starts."""
    for shop in catalogue.shops():
        film, dice = film_of(shop.key), random.Random(3)
        items = [product.key for product in shop.products]
        shown = {scene.product_key for scene in film.scenes}
        pitched, current, since, now, lengths = Counter[str](), "", 0.0, 0.0, list[float]()
        while now < 3600:
            key, rest = rota.next_pitch(film, now, items, current, now - since, pitched, dice)
            if key is not None:
                scene, _ = film.scene_at(now)
                assert scene is not None
                assert key == scene.product_key or (scene.product_key is None and key not in shown)
                lengths += [now - since] if current else []
                pitched[key] += 1
                current, since = key, now
            assert rest > 0
            now += rest
        assert set(pitched) == set(items), set(items) - set(pitched)
        assert min(lengths) >= 39.9
        assert sum(lengths) / len(lengths) < 75


def test_orders_come_at_their_mean_pace() -> None:
    clock, strikes = pace.OrderClock(random.Random(1), seconds_mean=26.0), 0
    for tick in range(200_000):
        strikes += clock.strikes(tick * 0.1)
    assert strikes == pytest.approx(200_000 * 0.1 / 26.0, rel=0.1)
