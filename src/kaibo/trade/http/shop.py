"""What a shop does: see its orders, see its money. Shipping stands in parcels.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.kernel import clock
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.kernel.web.wire import Text
from kaibo.trade.contracts import OrderState
from kaibo.trade.http.buyer import States
from kaibo.trade.http.present import present_order, present_page
from kaibo.trade.http.present_statement import account_page
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders.lookup import Which, count_late, counts, find_order, require_shop
from kaibo.trade.orders.model import Flag
from kaibo.trade.settlement.earnings import shop_money
from kaibo.trade.wire import (
    Money,
    MoneyBalances,
    OrderWire,
    SettlementWire,
    StatementEntry,
    Todo,
)

router = APIRouter(tags=["shop orders"])

Words = Annotated[Text, Query(max_length=60)]


@router.get("/api/shops/{shop_id}/orders", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def list_shop_orders(
    shop_id: Id,
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    state: States = [],  # noqa: B006
    q: Words = "",
    flag: Flag | None = None,
    partly: bool = False,
) -> Page[OrderWire]:
    """`q`: the beginning of an order number, a tracking number, a part of a title or of a private note. `state` may be
    repeated. `partly` keeps orders of which some parcels are on their way and some are not."""
    which = Which(shop_id=shop_id, states=tuple(state), q=q, flag=flag, partly=partly)
    return await present_page(db, which, page, "shop", caller)


@router.get("/api/shops/{shop_id}/orders/{order_id}", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def one_shop_order(shop_id: Id, order_id: Id, db: DbDep, caller: CallerDep) -> OrderWire:
    order = require_shop(await find_order(db, order_id), shop_id)
    return await present_order(db, order, "shop", caller)


@router.get("/api/shops/{shop_id}/todo", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def todo(shop_id: Id, db: DbDep) -> Todo:
    found = await counts(db, shop_id=shop_id)
    late = await count_late(db, shop_id, clock.now())
    return Todo(to_ship=found[OrderState.PAID], to_ship_late=late, refunding=found[OrderState.REFUNDING])


@router.get("/api/shops/{shop_id}/money", dependencies=[auth.shop_staff, auth.scope("money:read")])
async def money(shop_id: Id, db: DbDep) -> Money:
    found = await shop_money(db, shop_id)
    balances = MoneyBalances(**{field: getattr(found, field) for field in MoneyBalances.model_fields})
    return Money(balances=balances, settlements=[SettlementWire(**vars(line)) for line in found.settlements])


@router.get("/api/shops/{shop_id}/statements", dependencies=[auth.shop_staff, auth.scope("money:read")])
async def statements(shop_id: Id, db: DbDep, caller: CallerDep, page: PageQuery) -> Page[StatementEntry]:
    """The entries of what the house owes the merchant, newest first, each with the balance after it."""
    return await account_page(db, Account(AccountKind.MERCHANT_PAYABLE, shop_id), page, caller.locale)
