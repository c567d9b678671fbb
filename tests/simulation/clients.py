"""Buyers: they place, pay, pay twice, change their minds, cancel, receive, complain; and ask again when nobody answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kaibo.goods.contracts import SkuId
from kaibo.kernel.errors import Refused
from kaibo.trade.aftersales.escalate import escalate_case
from kaibo.trade.aftersales.model import CaseKind
from kaibo.trade.aftersales.open_case import Wish, open_case
from kaibo.trade.aftersales.resend import confirm_resent
from kaibo.trade.aftersales.send_back import send_back
from kaibo.trade.aftersales.withdraw import withdraw_case
from kaibo.trade.contracts import LineId, Source
from kaibo.trade.orders.lookup import lock_checkout
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.orders.till import Arrival, Till
from kaibo.trade.payment.methods import Method
from kaibo.trade.payment.model import Charge
from kaibo.trade.payment.refund import refund_before_shipping
from kaibo.trade.payment.resolve import change_method, resolve_charge
from kaibo.trade.payment.start import ask_for_pay_url, start_charge
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.pricing.coupons.claim import claim_coupon
from tests.simulation.house import House, Wrong
from tests.simulation.provider import FakeGateway
from tests.simulation.scheduler import Gone, Process
from tests.simulation.world import Buyer, World

METHODS: tuple[Method, ...] = ("wechat_h5", "alipay_wap", "wechat_h5", "alipay_wap")
CASES: tuple[tuple[CaseKind, str], ...] = (
    (CaseKind.REFUND_ONLY, "agreed"),
    (CaseKind.REFUND_ONLY, "not_wanted"),
    (CaseKind.REFUND_ONLY, "not_received"),
    (CaseKind.RETURN_REFUND, "no_reason"),
    (CaseKind.EXCHANGE, "other_size"),
    (CaseKind.REFUND_ONLY, "missing"),
    (CaseKind.RETURN_REFUND, "damaged"),
)
SHOWN = {"missing", "damaged"}
"""Nobody is believed without a picture; some forget it."""


class Unknown(Exception):
    """Nobody answered, or the database was away: it may or may not have been done."""


@dataclass
class Scene:
    """What everybody acts on, and what they were told."""

    house: House
    world: World
    gateways: dict[str, FakeGateway]
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    placed: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    numbers: int = 0

    @property
    def dice(self) -> Any:
        return self.house.scheduler.dice

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    async def think(self) -> None:
        await self.house.scheduler.gate("think")

    async def ask(self, what: str, work: Callable[[Process], Awaitable[Any]]) -> Any:
        """One request to some web process. Raises Refused, or Unknown."""
        process = self.house.some_web()
        try:
            answer = await self.house.scheduler.call(process, work(process))  # type: ignore[arg-type]
        except Refused as refused:
            self.refused[f"{what}: {refused.code}"] += 1
            await self.think()
            raise
        except Gone:
            self.refused[f"{what}: no answer"] += 1
            await self.think()
            raise Unknown from None
        except Exception as wrong:
            self.house.forgive(wrong)
            self.refused[f"{what}: no answer"] += 1
            await self.think()
            raise Unknown from wrong
        self.done[what] += 1
        await self.think()
        return answer

    async def do(self, what: str, action: Callable[..., Awaitable[Any]], *values: Any, **more: Any) -> Any:
        """One request that is one transaction."""

        async def work(_: Process) -> Any:
            async with self.house.database.transaction() as db:
                return await action(db, *values, **more)

        return await self.ask(what, work)

    async def some(self, query: str, *values: Any) -> Any:
        """One of the rows of a query, or None."""
        rows = await self.house.look(query, *values)
        return self.dice.choice(rows) if rows else None

    async def some_order(self, *states: str) -> Any:
        return await self.some(
            "SELECT id, checkout_id, buyer_id, shop_id FROM trade.orders WHERE state = ANY($1) ORDER BY id DESC LIMIT 15",
            list(states),
        )

    async def some_case(self, *states: str) -> Any:
        return await self.some(
            "SELECT id, order_id, shop_id, buyer_id, kind, sent_at FROM trade.aftersales_cases WHERE state = ANY($1)"
            " ORDER BY id DESC LIMIT 15",
            list(states),
        )


async def place(scene: Scene) -> None:
    buyer: Buyer = scene.dice.choice(scene.world.buyers)
    wanted = await _wish(scene, buyer)
    key = f"key{scene.number()}"
    arrival = Arrival(wanted, key, buyer=buyer.view)

    async def work(process: Process) -> Any:
        till: Till = process.memory["till"]
        return await till.place(arrival)

    asked = 0
    while asked < 1 or (asked < 2 and scene.dice.random() < 0.1):
        try:
            outcome = (await scene.ask("place", work)).outcome
        except Unknown:
            await scene.think()
            continue
        asked += 1
        if isinstance(outcome, Refused):
            scene.refused[outcome.code] += 1
            if (buyer.id, key) in scene.placed:
                raise Wrong(f"{key} was placed, and is refused when it is asked for again: {outcome!r}")
            return
        first = scene.placed.setdefault((buyer.id, key), outcome.checkout_id)
        if first != outcome.checkout_id:
            raise Wrong(f"{key} was placed twice: {first} and {outcome.checkout_id}")


async def _wish(scene: Scene, buyer: Buyer) -> Wanted:
    dice = scene.dice
    chosen = dice.sample(scene.world.shelf, dice.choice([1, 1, 1, 2, 3]))
    lines = tuple(WantedLine(SkuId(one.sku_id), dice.choice([1, 1, 2, 3]), one.price_fen) for one in chosen)
    claims = await scene.house.look(
        "SELECT id FROM trade.coupon_claims WHERE buyer_id = $1 AND state = 'usable' ORDER BY id DESC LIMIT 4", buyer.id
    )
    wished = dice.choice([0, 1, 1, 2])
    coupon_ids = tuple(row["id"] for row in dice.sample(claims, min(wished, len(claims))))
    source = scene.world.source if dice.random() < 0.5 else Source()
    return Wanted(lines, buyer.address_id, source, None, coupon_ids, await _points(scene, buyer, lines))


async def _points(scene: Scene, buyer: Buyer, lines: tuple[WantedLine, ...]) -> int:
    """Some of what the buyer has, now and then more than may be spent or than will be there."""
    has = await scene.house.look(
        "SELECT sum(left_points)::int AS n FROM trade.point_lots WHERE buyer_id = $1", buyer.id
    )
    most = min(has[0]["n"] or 0, sum(line.unit_price_fen * line.quantity for line in lines))
    return 0 if most < 2 or scene.dice.random() < 0.5 else 2 * scene.dice.randint(1, most // 2)


async def claim(scene: Scene) -> None:
    buyer = scene.dice.choice(scene.world.buyers)
    await scene.do("claim", claim_coupon, scene.dice.choice(scene.world.coupons), buyer.id)


async def pay(scene: Scene) -> None:
    """As POST …/payments does it: the charge, the other method out of the way, the address; then the provider's page."""
    order = await scene.some_order("placed")
    if order is None:
        return
    method = scene.dice.choice(METHODS)
    database = scene.house.database

    async def work(_: Process) -> Charge:
        async with database.transaction() as db:
            orders = await lock_checkout(db, order["checkout_id"])
            made, other = await start_charge(db, orders, method=method, return_url="", payer_ip="127.0.0.1")
        if other is not None:
            await change_method(database, other)
            async with database.transaction() as db:
                orders = await lock_checkout(db, order["checkout_id"])
                made, _ = await start_charge(db, orders, method=method, return_url="", payer_ip="127.0.0.1")
        return await ask_for_pay_url(database, made)

    charge: Charge = await scene.ask("pay", work)
    if scene.dice.random() < 0.1:  # looks at the page and forgets about it
        return
    for _ in range(scene.dice.choice([1, 1, 1, 8])):
        await scene.think()
    if scene.gateways[charge.provider].pay(charge.out_trade_no):
        scene.done["paid at the provider"] += 1


async def look_at_payment(scene: Scene) -> None:
    row = await scene.some("SELECT id FROM trade.charges WHERE state IN ('creating', 'pending') ORDER BY id LIMIT 9")
    if row is not None:
        await scene.ask("look", lambda _: resolve_charge(scene.house.database, row["id"]))


async def cancel(scene: Scene) -> None:
    order = await scene.some_order("placed")
    if order is None:
        return
    _, charge_id = await scene.do("cancel", withdraw_order, order["id"], buyer_id=order["buyer_id"], reason="不想要了")
    if charge_id is not None:
        await scene.ask("close", lambda _: resolve_charge(scene.house.database, charge_id))


async def refund(scene: Scene) -> None:
    order = await scene.some_order("paid", "refunding")
    if order is not None:
        who = order["buyer_id"]
        await scene.do("refund", refund_before_shipping, order["id"], buyer_id=who, reason="拍错了")


async def receive(scene: Scene) -> None:
    order = await scene.some_order("shipped")
    if order is not None:
        await scene.do("receive", receive_order, order["id"], by=order["buyer_id"])


async def complain(scene: Scene) -> None:
    """A case about some lines and pieces of an order that may be anywhere."""
    order = await scene.some_order(*scene.dice.choice([("paid",), ("shipped",), ("received",), ("settled",)]))
    if order is None:
        return
    rows = await scene.house.look(
        "SELECT id, sku_id, quantity FROM trade.order_lines WHERE order_id = $1 ORDER BY position", order["id"]
    )
    chosen = scene.dice.sample(rows, scene.dice.randint(1, len(rows)))
    kind, reason = scene.dice.choice(CASES)
    lines = tuple((LineId(row["id"]), scene.dice.randint(1, row["quantity"])) for row in chosen)
    fen = scene.dice.randint(1, 1_500) if kind is CaseKind.REFUND_ONLY and scene.dice.random() < 0.3 else None
    pictures: tuple[UUID, ...] = ()
    if reason in SHOWN:
        its = scene.world.pictures[order["buyer_id"]]
        pictures = tuple(scene.dice.sample(its, scene.dice.choice([0, 1, 1, 2])))
    wish = Wish(kind, reason, lines, fen=fen, picture_ids=pictures)
    await scene.do("complain", open_case, order["id"], order["buyer_id"], wish)


async def go_on_with_case(scene: Scene) -> None:
    case = await scene.some_case("approved", "refused", "resending", "asked")
    if case is None:
        return
    (now,) = await scene.house.look("SELECT state FROM trade.aftersales_cases WHERE id = $1", case["id"])
    buyer = case["buyer_id"]
    if scene.dice.random() < 0.15:
        await scene.do("withdraw case", withdraw_case, case["id"], buyer_id=buyer)
    elif now["state"] == "approved":
        number, fen = f"75{scene.number():012d}", scene.dice.choice([0, 900])
        await scene.do(
            "send back", send_back, case["id"], carrier="zto", tracking_number=number, freight_fen=fen, buyer_id=buyer
        )
    elif now["state"] == "refused":
        await scene.do("escalate", escalate_case, case["id"], said="不公平", buyer_id=buyer)
    elif now["state"] == "resending":
        await scene.do("confirm", confirm_resent, case["id"], buyer_id=buyer)


BUYING: dict[Callable[[Scene], Awaitable[None]], int] = {
    place: 20,
    claim: 6,
    pay: 34,
    look_at_payment: 4,
    cancel: 4,
    refund: 4,
    receive: 9,
    complain: 9,
    go_on_with_case: 8,
}
