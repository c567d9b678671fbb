"""Presales over HTTP: merchants offer them, buyers pay a deposit and choose coupons for the balance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import (
    Caller,
    CallerDep,
    DbDep,
    Id,
    Idempotent,
    Page,
    PageQuery,
    State,
    StateDep,
    auth,
    encode_cursor,
    limited,
)
from kaibo.people import facade as people
from kaibo.trade.contracts import PaymentClosing
from kaibo.trade.http.after_commit import AfterCommit, json_of
from kaibo.trade.http.placing import source_of
from kaibo.trade.http.present import present_order
from kaibo.trade.http.present_checkout import checkout_of
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.orders.place_one import Where
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.resolve import change_method
from kaibo.trade.presales import lookup, rules
from kaibo.trade.presales.choose_coupons import choose_coupons, quote_balance
from kaibo.trade.presales.fail import fail_presale
from kaibo.trade.presales.model import Figures, Presale
from kaibo.trade.presales.offer import offer_presale, stop_presale
from kaibo.trade.presales.place import place_presale
from kaibo.trade.presales.wire import (
    BalanceIn,
    BalanceQuote,
    BalanceQuoteIn,
    FailIn,
    OfferedPresale,
    PresaleFigures,
    PresaleIn,
    PresaleOrderIn,
    Presales,
    PresaleWire,
)
from kaibo.trade.pricing.wire import stored_steps, unused_wire, used_of
from kaibo.trade.wire import CheckoutWire, OrderWire

router = APIRouter(tags=["presales"])

SHOWN_MAX = 50
ProductIds = Annotated[Sequence[Id], Query(max_length=50)]


@router.get("/api/presales", dependencies=[auth.public])
async def open_presales(db: DbDep, product_id: ProductIds = ()) -> Presales:
    """Presales of the products named that take deposits now or will; without a product those of all shops that do now."""
    found = await lookup.presales_of_products(db, product_id) if product_id else None
    return Presales(
        items=await _shown(db, found if found is not None else await lookup.presales_now(db, limit=SHOWN_MAX))
    )


@router.get("/api/presales/{presale_id}", dependencies=[auth.public])
async def one_presale(presale_id: Id, db: DbDep) -> PresaleWire:
    return (await _shown(db, [await lookup.presale(db, presale_id)]))[0]


@router.post("/api/presales/{presale_id}/orders", status_code=201, dependencies=[auth.signed_in, limited("60/minute")])
async def order_presale(
    presale_id: Id, body: PresaleOrderIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> CheckoutWire:
    """An order whose deposit is to be paid first (POST /api/checkouts/{id}/payments); the pieces are held meanwhile."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CheckoutWire.model_validate(seen.response)
        where = Where(body.address_id, source_of(body.source), body.note)
        order = await place_presale(db, caller, presale_id, quantity=body.quantity, where=where)
        return seen.keep(await checkout_of(db, [order], caller.locale))


@router.post("/api/orders/{order_id}/balance/quote", dependencies=[auth.signed_in, limited("240/minute")])
async def quote_of_balance(order_id: Id, body: BalanceQuoteIn, db: DbDep, caller: CallerDep) -> BalanceQuote:
    """What the balance would come to with these coupons. Nothing is held."""
    order, priced = await quote_balance(db, order_id, buyer_id=caller.id, coupon_ids=body.coupon_ids)
    return BalanceQuote(
        deposit_fen=order.deposit_fen,
        balance_fen=order_rules.due_fen(order),
        total_fen=order.total_fen,
        steps=stored_steps(order.explanation, caller.locale),
        coupons_used=used_of(priced),
        coupons_unused=[unused_wire(one, caller.locale) for one in priced.not_used],
    )


@router.put(
    "/api/orders/{order_id}/balance", response_model=OrderWire, dependencies=[auth.signed_in, limited("60/minute")]
)
async def choose_for_balance(order_id: Id, body: BalanceIn, db: DbDep, caller: CallerDep, state: StateDep) -> Response:
    """Use these coupons on the balance and no others. A payment that was begun with other coupons is closed first."""
    order, in_the_way = await choose_coupons(db, order_id, buyer_id=caller.id, coupon_ids=body.coupon_ids)
    if in_the_way is not None:
        return AfterCommit(partial(_choose_anew, state, caller, in_the_way, order_id, body))
    return json_of(await present_order(db, order, "buyer", caller))


async def _choose_anew(state: State, caller: Caller, charge_id: ChargeId, order_id: UUID, body: BalanceIn) -> Response:
    await change_method(state.database, charge_id)
    async with state.database.transaction() as db:
        order, still = await choose_coupons(db, order_id, buyer_id=caller.id, coupon_ids=body.coupon_ids)
        if still is not None:
            raise PaymentClosing(number=order.number)
        return json_of(await present_order(db, order, "buyer", caller))


@router.get("/api/shops/{shop_id}/presales", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def shop_presales(shop_id: Id, db: DbDep, page: PageQuery) -> Page[OfferedPresale]:
    found = await lookup.presales_of_shop(db, shop_id, before=page.uuid(0), limit=page.limit + 1)
    items = await _offered(db, found[: page.limit])
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].id)) if len(found) > page.limit else None)


@router.post(
    "/api/shops/{shop_id}/presales", status_code=201, dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def offer(shop_id: Id, body: PresaleIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> OfferedPresale:
    """What is promised here never changes; deposits may be stopped."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OfferedPresale.model_validate(seen.response)
        made = await offer_presale(db, body.terms(), shop_id=shop_id, by=caller.id)
        return seen.keep((await _offered(db, [made]))[0])


@router.post(
    "/api/shops/{shop_id}/presales/{presale_id}/stop", dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def stop(shop_id: Id, presale_id: Id, db: DbDep) -> OfferedPresale:
    """No more deposits; repeating it changes nothing."""
    return (await _offered(db, [await stop_presale(db, presale_id, shop_id=shop_id)]))[0]


@router.post("/api/shops/{shop_id}/presales/{presale_id}/fail", dependencies=[auth.shop_staff])
async def fail(shop_id: Id, presale_id: Id, body: FailIn, db: DbDep) -> OfferedPresale:
    """The promise cannot be kept: every buyer whose goods are not shipped gets everything back, and the deposit once more."""
    return (await _offered(db, [await fail_presale(db, presale_id, shop_id=shop_id, reason=body.reason)]))[0]


async def _shown(db: Db, found: Sequence[Presale]) -> list[PresaleWire]:
    return [PresaleWire(**facts) for facts in await _facts(db, found)]


async def _offered(db: Db, found: Sequence[Presale]) -> list[OfferedPresale]:
    figures = await lookup.figures(db, [one.id for one in found])
    own = ("created_at", "stopped_at", "failed_at", "failed_why")
    return [
        OfferedPresale(
            **facts,
            **{name: getattr(one, name) for name in own},
            figures=PresaleFigures(**vars(figures.get(one.id, Figures()))),
        )
        for one, facts in zip(found, await _facts(db, found), strict=True)
    ]


async def _facts(db: Db, found: Sequence[Presale]) -> list[dict[str, Any]]:
    quotes = await goods.quotes_of(db, {one.terms.sku_id for one in found})
    shops = await people.shop_view(db, {one.shop_id for one in found})
    shown, now = [], clock.now()
    for one in found:
        quote, terms = quotes[one.terms.sku_id], one.terms
        shown.append(
            {
                **vars(terms),
                "id": one.id,
                "shop_id": one.shop_id,
                "shop_name": shops[one.shop_id].name,
                "product_id": one.product_id,
                "title": quote.title,
                "sku_name": quote.sku_name,
                "picture_url": quote.picture_url,
                "list_price_fen": quote.unit_price_fen,
                "balance_fen": terms.balance_fen,
                "paid_fen": terms.paid_fen,
                "freight_fen": quote.freight_fen,
                "stock_left": max(0, quote.stock_left) if quote.approved else 0,
                "stage": rules.stage_of(one, now),
            }
        )
    return shown
