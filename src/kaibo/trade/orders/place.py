"""Place orders: check them against what is sold now, set the stock aside, write them down.

Everybody who orders at the same moment is served in one call (see functions.py): the concurrent requests of a process become one
batch (till.py), and one lonely order is a batch of one. Somebody's refusal never touches their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from kaibo.goods import facade as goods
from kaibo.goods.contracts import LimitReached, OutOfStock, SkuId, SkuMissing
from kaibo.goods.contracts.windows import WindowWish
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.errors import IdempotencyKeyReused, Refused
from kaibo.kernel.outbox import PUBLISHED
from kaibo.kernel.web import Caller
from kaibo.people import facade as people
from kaibo.people.contracts import AddressId, AddressMissing, PersonId
from kaibo.trade.contracts import SeveralShops
from kaibo.trade.orders import rules
from kaibo.trade.orders.asked_prices import Quoted, Wish, asked_prices
from kaibo.trade.orders.columns import Columns
from kaibo.trade.orders.commission import freeze_shares
from kaibo.trade.orders.credit import Ask, credit
from kaibo.trade.orders.draft import Blueprint, blueprint
from kaibo.trade.orders.lookup import find_order, placed_before
from kaibo.trade.orders.model import Order, PlacedOrder, Wanted
from kaibo.trade.orders.sources import Attribution
from kaibo.trade.orders.terms import terms
from kaibo.trade.orders.window_takes import takes_of, wishes_of
from kaibo.trade.points import hold as points
from kaibo.trade.points.record import lock_accounts
from kaibo.trade.points.rules import fen_of as points_fen
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.price import price

Own = tuple[PersonId, tuple[UUID, ...], int] | None
"""Whose coupons and points lower it, and which; None where none do, and then it costs everybody the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One checkout somebody wants. A `key` makes it one checkout however often it is asked for; None asks for a new one."""

    buyer_id: PersonId
    nickname: str
    wanted: Wanted
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A checkout that is stored. Its id is the id of its first order. `address` is JSON, a DeliveryAddress."""

    blueprint: Blueprint
    orders: tuple[PlacedOrder, ...]
    address: bytes
    note: str | None

    @property
    def checkout_id(self) -> UUID:
        return self.orders[0].id


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same was placed under this key before."""

    checkout_id: UUID


Outcome = Placed | Duplicate | Refused


async def place_order(db: Db, buyer: Caller, wanted: Wanted) -> Order:
    """One order of one shop, its stock held until `pay_before`: a batch of one.

    Raises SkuMissing, NotOnSale, PriceChanged, OutOfStock, LimitReached (goods), AddressMissing (people), SeveralShops, SkuTwice,
    NothingToPay, TotalTooLarge, CouponMissing, CouponUnusable, PointsUnusable.
    """
    prepared = await prepare(db, [Asked(PersonId(buyer.id), buyer.nickname, wanted)])
    made = prepared.plans[0]
    if isinstance(made, Blueprint) and len(made.orders) > 1:
        raise SeveralShops(shops=len(made.orders))
    (outcome,) = await prepared.place(db)
    if isinstance(outcome, Refused):
        raise outcome
    return await find_order(db, outcome.checkout_id)


async def prepare(db: Db, asked: Sequence[Asked]) -> Prepared:
    """Everything that can be known before the stock is locked: prices, shops, sources, addresses; set by set, not one by one."""
    now = clock.now()
    wishes, quoted = await asked_prices(db, [one.wanted for one in asked])
    plans = await _plans(db, asked, wishes, quoted, now)
    found = await people.parcel_labels(db, {one.wanted.address_id for one in asked})
    addresses: list[bytes | None] = []
    for at, one in enumerate(asked):
        address = found.get((one.buyer_id, AddressId(one.wanted.address_id)))
        addresses.append(None if address is None else orjson.dumps(address))
        if address is None and not isinstance(plans[at], Refused):
            plans[at] = AddressMissing(id=str(one.wanted.address_id))
    return Prepared(asked, plans, addresses, now)


async def _plans(
    db: Db, asked: Sequence[Asked], wishes: Sequence[Wish], quoted: Quoted, now: datetime
) -> list[Blueprint | Refused]:
    """What each asked for comes to. Whoever wants the same and is credited to the same shares a blueprint."""
    products = {
        wish: frozenset(line.product_id for line in quotes)
        for wish, quotes in quoted.items()
        if not isinstance(quotes, Refused)
    }
    shops = await people.shop_view(
        db, {line.shop_id for quotes in quoted.values() if not isinstance(quotes, Refused) for line in quotes}
    )
    asks = [
        Ask(one.buyer_id, one.wanted.source, products[wish])
        for one, wish in zip(asked, wishes, strict=True)
        if wish in products
    ]
    credits = iter(await credit(db, asks, now))
    house = terms()
    made: dict[tuple[Wish, Attribution, Own], Blueprint | Refused] = {}
    plans: list[Blueprint | Refused] = []
    for one, wish in zip(asked, wishes, strict=True):
        quotes = quoted[wish]
        if isinstance(quotes, Refused):
            plans.append(quotes)
            continue
        coupon_ids, spend = one.wanted.coupon_ids, one.wanted.points
        key = (wish, next(credits), (one.buyer_id, coupon_ids, spend) if coupon_ids or spend else None)
        if key not in made:
            by_shop = {shop: [line for line in quotes if line.shop_id == shop] for shop in shops}
            shares = {shop: await freeze_shares(db, key[1], its, now) for shop, its in by_shop.items() if its}
            try:
                priced = await price(db, one.buyer_id, quotes, coupon_ids=coupon_ids, points=spend)
                made[key] = blueprint(priced, shops, key[1], shares, house, now)
            except Refused as refused:
                made[key] = refused
        plans.append(made[key])
    return plans


def uses_of(plan: Blueprint, ids: Sequence[PlacedOrder], spent: int) -> list[points.Use]:
    """What `spent` points pay of each of a checkout's orders; those they do not touch are left out."""
    rate = spent // plan.priced.points_fen
    fens = [points_fen(order.explanation) for order in plan.orders]
    return [
        points.Use(one.id, order.shop_id, fen, rate)
        for order, one, fen in zip(plan.orders, ids, fens, strict=True)
        if fen
    ]


class Prepared:
    """A batch of which everything is known but the stock. `plans` are what each asked for comes to, in the order asked."""

    def __init__(
        self,
        asked: Sequence[Asked],
        plans: list[Blueprint | Refused],
        addresses: list[bytes | None],
        now: datetime,
    ) -> None:
        self.plans = plans
        self._asked = asked
        self._addresses = addresses
        self._now = now

    async def place(self, db: Db) -> list[Outcome]:
        """Lock the stock, place whatever can be placed, in order of arrival; outcome by outcome, in the order asked.

        Refusals come back and are not raised. Everybody who wants one of these SKUs waits from here to the commit.
        """
        columns, places = Columns(self._now), list[int]()
        outcomes: list[Outcome | None] = [None] * len(self._asked)
        first_of: dict[tuple[PersonId, str], int] = {}
        refused: list[int] = []
        again: list[tuple[int, int]] = []
        # Before the stock, as everywhere: who holds coupons and wants stock never waits for one who does the reverse.
        used = [one for plan in self.plans if isinstance(plan, Blueprint) for one in plan.priced.used]
        await coupons.lock(db, used)
        await lock_accounts(db, self._spenders())
        wishes = self._window_wishes()
        late = await goods.admit_takes(db, wishes)
        for at, (one, plan, address) in enumerate(zip(self._asked, self.plans, self._addresses, strict=True)):
            if one.key is not None and (first := first_of.setdefault((one.buyer_id, one.key), at)) != at:
                again.append((at, first))
            elif at in late:
                outcomes[at] = late[at]
                refused.append(at)
            elif isinstance(plan, Refused) or address is None:
                outcomes[at] = plan if isinstance(plan, Refused) else AddressMissing(id=str(one.wanted.address_id))
                refused.append(at)
            else:
                digest = rules.digest(one.wanted)
                ids = columns.ids_for(plan)
                try:
                    await self._use(db, one, plan, ids)
                except Refused as gone:
                    outcomes[at] = gone
                    refused.append(at)
                    continue
                columns.add(one.buyer_id, one.nickname, one.key, digest, plan, ids, address, one.wanted.note)
                outcomes[at] = Placed(plan, ids, address, one.wanted.note)
                places.append(at)
        if places:
            due = rules.due(self._now, (house := terms()).pay_seconds, house)
            for row in await columns.store(db, due):
                at = places[row.place - 1]
                missed, outcomes[at] = outcomes[at], self._not_placed(self._asked[at], row)
                if isinstance(missed, Placed):
                    await self._free(db, self._asked[at], missed)
            if wishes:
                await goods.note_takes(db, self._takes(outcomes))
            db.info[PUBLISHED] = True
        await self._recall(db, outcomes, refused)
        for at, first in again:
            same = rules.digest(self._asked[at].wanted) == rules.digest(self._asked[first].wanted)
            outcomes[at] = outcomes[first] if same else IdempotencyKeyReused(key=self._asked[at].key or "")
        return [outcome for outcome in outcomes if outcome is not None]

    def _spenders(self) -> set[UUID]:
        return {
            one.buyer_id
            for one, plan in zip(self._asked, self.plans, strict=True)
            if isinstance(plan, Blueprint) and plan.priced.points_fen
        }

    @staticmethod
    async def _use(db: Db, one: Asked, plan: Blueprint, ids: tuple[PlacedOrder, ...]) -> None:
        """Hold what lowers this checkout. Raises CouponMissing, CouponUnusable, PointsUnusable, and then nothing is held."""
        await coupons.use(db, ids[0].id, plan.priced.used, one.buyer_id)
        if plan.priced.points_fen:
            try:
                await points.hold(db, ids[0].id, one.buyer_id, uses_of(plan, ids, one.wanted.points))
            except Refused:
                await coupons.release(db, ids[0].id)
                raise

    @staticmethod
    async def _free(db: Db, one: Asked, missed: Placed) -> None:
        """It was not placed after all: what lowered it is its buyer's again."""
        if missed.blueprint.priced.used:
            await coupons.release(db, missed.checkout_id)
        if missed.blueprint.priced.points_fen:
            await points.unhold(db, one.buyer_id, [order.id for order in missed.orders])

    def _window_wishes(self) -> dict[int, tuple[UUID, list[WindowWish]]]:
        """By place, of those whose prices are scarce; of one key only the first."""
        by_plan = {id(plan): wishes_of(plan) for plan in self.plans if isinstance(plan, Blueprint)}
        if not any(by_plan.values()):
            return {}
        found: dict[int, tuple[UUID, list[WindowWish]]] = {}
        seen: set[tuple[PersonId, str]] = set()
        for at, (one, plan) in enumerate(zip(self._asked, self.plans, strict=True)):
            wishes = by_plan.get(id(plan))
            if wishes and (one.key is None or (one.buyer_id, one.key) not in seen):
                found[at] = (one.buyer_id, wishes)
                seen.add((one.buyer_id, one.key or ""))
        return found

    def _takes(self, outcomes: Sequence[Outcome | None]) -> list[goods.Take]:
        return [
            take
            for one, outcome in zip(self._asked, outcomes, strict=True)
            if isinstance(outcome, Placed)
            for take in takes_of(outcome.blueprint, outcome.orders, one.buyer_id)
        ]

    async def _recall(self, db: Db, outcomes: list[Outcome | None], refused: list[int]) -> None:
        """What would be refused now may have been placed under the same key before: then that is the answer."""
        keys = [(self._asked[at].buyer_id, self._asked[at].key or "") for at in refused]
        found = await placed_before(db, keys) if keys else {}
        for at, key in zip(refused, keys, strict=True):
            if key in found:
                outcomes[at] = self._seen(self._asked[at], *found[key])

    def _not_placed(self, asked: Asked, row: Any) -> Outcome:
        sku_id = SkuId(row.sku_id)
        match row.refusal:
            case "duplicate":
                return self._seen(asked, row.checkout_id, row.digest)
            case "out_of_stock":
                return OutOfStock(sku_id=sku_id, left=row.available)
            case "limit_reached":
                return LimitReached(sku_id=sku_id, limit=row.cap, had=row.had)
            case _:
                return SkuMissing(id=str(sku_id))

    @staticmethod
    def _seen(asked: Asked, checkout_id: UUID, digest: bytes) -> Outcome:
        if digest != rules.digest(asked.wanted):
            return IdempotencyKeyReused(key=asked.key or "")
        return Duplicate(checkout_id)
