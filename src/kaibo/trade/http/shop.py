"""What a shop does: see its orders, see its money. Shipping stands in parcels.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.kernel import clock
from kaibo.kernel.errors import BadCursor
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, Cursor, DbDep, Id, Page, PageQuery, auth, encode_cursor
from kaibo.kernel.web.wire import Text
from kaibo.trade.contracts import OrderState
from kaibo.trade.http.buyer import States
from kaibo.trade.http.present import present_order, present_page
from kaibo.trade.ledger.balances import statement
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

POSITION_DIGITS_MAX = 18
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
    account = Account(AccountKind.MERCHANT_PAYABLE, shop_id)
    lines = await statement(db, account, before=_position(page), limit=page.limit + 1)
    shown = lines[: page.limit]
    return Page[StatementEntry](
        items=[
            StatementEntry(
                id=str(line.position),
                at=line.at,
                kind=line.kind,
                order_number=line.order_number,
                amount_fen=line.amount_fen,
                balance_fen=line.balance_fen,
                why=say(line.why, caller.locale, {}),
            )
            for line in shown
        ],
        next_cursor=encode_cursor(str(shown[-1].position)) if len(lines) > page.limit else None,
    )


def _position(page: Cursor) -> int | None:
    """The position inside a cursor of `statements`. Raises BadCursor for any other cursor."""
    text = page.text(0)
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= POSITION_DIGITS_MAX):
        raise BadCursor(cursor=text[:40])
    return None if text is None else int(text)
