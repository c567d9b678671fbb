"""A hundred pieces for five thousand buyers; its twin is docs/journeys/flash-sale.md."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from bench.floor import asks_of, sign_in_many
from bench.load import Ask
from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.clock import SystemClock
from kaibo.kernel.context import Context
from kaibo.trade.payment import wiring
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.resolve import resolve_charge
from kaibo.trade.payment.sweep_unpaid import sweep_unpaid
from kaibo.trade.payment.wiring import ConfiguredGateway
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_late_money import Deaf, finish_refunds
from tests.trade.test_paying import eventually
from tests.trade.world import assert_ledger_sound, column, ok, open_shop

BUYERS = 5_000
PIECES = 100
PAY_AT_ONCE = 60
PRICE_FEN = 9_900
TAPS_AGAIN = 1_000
AT_THE_CASHIER = 10
"""Of those who let their piece go, so many had opened the provider's page."""


@dataclass
class Visitor:
    """One of the five thousand: what their phone sends, and the order they hold."""

    at: int
    ask: Ask
    key: str
    checkout: dict[str, Any] | None = None

    @property
    def order_id(self) -> str:
        assert self.checkout is not None
        (order,) = self.checkout["orders"]
        return str(order["id"])


@dataclass
class Street:
    """Everybody's way to the house: the real application, without a network between."""

    transport: httpx.ASGITransport

    async def send(
        self, visitor: Visitor, method: str, path: str, content: bytes = b"", key: str = ""
    ) -> httpx.Response:
        headers = visitor.ask.headers | {"Content-Type": "application/json", "Idempotency-Key": key or uuid.uuid4().hex}
        request = httpx.Request(method, f"http://kaibo.test{path}", headers=headers, content=content)
        answer = await self.transport.handle_async_request(request)
        await answer.aread()
        answer.request = request
        return answer

    async def tap(self, visitor: Visitor, key: str = "") -> httpx.Response:
        """抢. A full house says when to come back, and the phone does."""
        while True:
            answer = await self.send(visitor, "POST", visitor.ask.path, visitor.ask.body, key or visitor.key)
            if answer.status_code != 429:
                return answer
            await asyncio.sleep(int(answer.headers["Retry-After"]))

    async def rush(self, visitors: list[Visitor]) -> list[Visitor]:
        """All at once. Those who got a piece, in the order of their arrival; the others were told that it is sold out."""
        answers = await asyncio.gather(*(self.tap(visitor) for visitor in visitors))
        lucky = []
        for visitor, answer in zip(visitors, answers, strict=True):
            if answer.status_code == 201:
                visitor.checkout = answer.json()
                lucky.append(visitor)
            else:
                problem = answer.json()
                assert (answer.status_code, problem["code"], problem["left"]) == (409, "goods.out_of_stock", 0), problem
        return lucky

    async def cashier(self, visitor: Visitor) -> str:
        body = b'{"method": "wechat_h5", "return_path": "/orders"}'
        return str(ok(await self.send(visitor, "POST", f"/api/orders/{visitor.order_id}/payments", body))["pay_url"])

    async def state(self, visitor: Visitor) -> str:
        return str(ok(await self.send(visitor, "GET", f"/api/orders/{visitor.order_id}"))["state"])


@pytest.fixture
def street(app: object) -> Street:
    return Street(httpx.ASGITransport(app=app))  # type: ignore[arg-type]


@pytest.fixture
async def rows(here: Context) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(here.settings.database_url)
    yield connection
    await connection.close()


async def test_a_hundred_pieces_for_five_thousand_buyers(
    here: Context, provider: Sandbox, sign_in: SignIn, street: Street, rows: asyncpg.Connection
) -> None:
    # the shop puts a hundred pieces up, one a buyer
    shop = await open_shop(sign_in)
    sku = await shop.sku(price_fen=PRICE_FEN, stock=PIECES, limit_per_buyer=1)
    asks = asks_of(await sign_in_many(rows, BUYERS), [uuid.UUID(sku["id"])], PRICE_FEN)
    crowd = [Visitor(at, ask, uuid.uuid4().hex) for at, ask in enumerate(asks)]

    # five thousand tap at once
    lucky = await street.rush(crowd)
    assert [visitor.at for visitor in lucky] == list(range(PIECES)), "first come, first served"
    assert await stock_of(here, sku) == (PIECES, PIECES, 0)
    assert await shop.stock_left(sku["product_id"]) == 0

    # the impatient tap twice
    again = await asyncio.gather(*(street.tap(visitor) for visitor in lucky))
    assert [ok(answer) for answer in again] == [visitor.checkout for visitor in lucky], "the same order, once"
    greedy = await asyncio.gather(*(street.tap(visitor, uuid.uuid4().hex) for visitor in lucky))
    assert {answer.status_code for answer in greedy} == {409}
    assert await stock_of(here, sku) == (PIECES, PIECES, 0)

    # sixty pay
    paying, hesitating = lucky[:PAY_AT_ONCE], lucky[PAY_AT_ONCE:]
    await pay_all(here, provider, street, paying)
    assert await stock_of(here, sku) == (PIECES - PAY_AT_ONCE, PIECES - PAY_AT_ONCE, PAY_AT_ONCE)

    # forty let their time pass
    urls = [await street.cashier(visitor) for visitor in hesitating[:AT_THE_CASHIER]]
    await time_is_over(here, hesitating)
    assert await states(here, hesitating) == {"expired": PIECES - PAY_AT_ONCE}
    assert await states(here, paying) == {"paid": PAY_AT_ONCE}, "nobody who paid loses their piece"
    assert await stock_of(here, sku) == (PIECES - PAY_AT_ONCE, 0, PAY_AT_ONCE), "every piece came back, once"

    # who was sent away taps again
    back = crowd[PIECES : PIECES + TAPS_AGAIN]
    for visitor in back:
        visitor.key = uuid.uuid4().hex
    second = await street.rush(back)
    assert [visitor.at for visitor in second] == list(range(PIECES, 2 * PIECES - PAY_AT_ONCE))
    await pay_all(here, provider, street, second)

    # one of the forty pays too late
    late = hesitating[0]
    assert (await provider.pay(urls[0])).status_code == 200
    await eventually(lambda: payment_of(street, late), "refunded_late")
    await finish_refunds(here, {"id": late.order_id})
    assert await street.state(late) == "expired"

    # a hundred sold, each once
    buyers = await column(
        here,
        "SELECT o.buyer_id FROM trade.orders o JOIN trade.order_lines l ON l.order_id = o.id"
        " WHERE l.sku_id = :sku AND o.state = 'paid' AND l.quantity = 1",
        sku=uuid.UUID(sku["id"]),
    )
    assert len(buyers) == len(set(buyers)) == PIECES
    assert await stock_of(here, sku) == (0, 0, PIECES)
    money = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    assert money["in_transit_fen"] == PIECES * PRICE_FEN, "a hundred were paid, and the late payment went back"
    assert (await street.tap(crowd[-1])).json()["code"] == "goods.out_of_stock"
    await assert_ledger_sound(here)


async def stock_of(here: Context, sku: dict[str, Any]) -> tuple[int, int, int]:
    """Pieces that are not sold yet, those of them that are held for an order, and pieces sold."""
    async with here.database.transaction() as db:
        query = text("SELECT stock, held, sold FROM goods.stock WHERE sku_id = :id")
        row = (await db.execute(query, {"id": uuid.UUID(sku["id"])})).one()
        return row[0], row[1], row[2]


async def pay_all(here: Context, provider: Sandbox, street: Street, visitors: Sequence[Visitor]) -> None:
    """Each opens the provider's page and pays there; the house hears of it by the provider's signed call."""
    gate = asyncio.Semaphore(8)

    async def pay(visitor: Visitor) -> None:
        async with gate:
            assert (await provider.pay(await street.cashier(visitor))).status_code == 200

    await asyncio.gather(*(pay(visitor) for visitor in visitors))

    async def paid() -> dict[str, int]:
        return await states(here, visitors)

    await eventually(paid, {"paid": len(visitors)})


async def time_is_over(here: Context, hesitating: Sequence[Visitor]) -> None:
    """The sweeper comes by after the time to pay; where a provider's page was open, the provider is asked first.

    To the first of them the provider's answer is a lie: it goes on taking money for a charge that it called closed.
    """
    with clock.use(SystemClock(here.settings.pay_seconds + 1)):
        await asyncio.gather(*(sweep_unpaid(here.database) for _ in range(3)))
    charged = await column(
        here,
        "SELECT id FROM trade.charges WHERE checkout_id = ANY(:orders) ORDER BY checkout_id",
        orders=[uuid.UUID(visitor.order_id) for visitor in hesitating],
    )
    assert len(charged) == AT_THE_CASHIER
    with deaf():
        await resolve_charge(here.database, ChargeId(charged[0]))
    for charge in charged[1:]:
        await resolve_charge(here.database, ChargeId(charge))


@contextmanager
def deaf() -> Iterator[None]:
    before = wiring.installed()
    honest = before["wechatpay"]
    assert isinstance(honest, ConfiguredGateway)
    wiring.install({**before, "wechatpay": Deaf("wechatpay", honest.path)})
    yield
    wiring.install(before)


async def states(here: Context, visitors: Sequence[Visitor]) -> dict[str, int]:
    orders = [uuid.UUID(visitor.order_id) for visitor in visitors]
    return dict(Counter(await column(here, "SELECT state FROM trade.orders WHERE id = ANY(:orders)", orders=orders)))


async def payment_of(street: Street, visitor: Visitor) -> str:
    return str(ok(await street.send(visitor, "GET", f"/api/orders/{visitor.order_id}/payment"))["state"])
