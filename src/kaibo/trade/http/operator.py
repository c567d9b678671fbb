"""What the platform's operators see: the whole ledger, any order, what the payment provider said."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Page, PageQuery, auth
from kaibo.people import facade as people
from kaibo.trade.http.buyer import States
from kaibo.trade.http.present import present_page
from kaibo.trade.http.shop import Words
from kaibo.trade.ledger.balances import AccountBalance, balances
from kaibo.trade.ledger.check import check_ledger
from kaibo.trade.orders.lookup import Which
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.tables import notices
from kaibo.trade.wire import Ledger, LedgerAccount, LedgerFault, NoticeWire, OrderWire

router = APIRouter(tags=["operators"])


@router.get("/api/operator/ledger", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def ledger(db: DbDep, caller: CallerDep) -> Ledger:
    """Every account and a recomputation of every rule of the ledger. `sum_fen` must be 0, `faults` empty."""
    report, accounts = await check_ledger(db), await balances(db)
    names = await _owner_names(db, accounts)
    return Ledger(
        accounts=[
            LedgerAccount(
                kind=account.kind,
                owner=None if account.owner_id is None else names.get(account.owner_id, str(account.owner_id)),
                balance_fen=account.balance_fen,
            )
            for account in accounts
        ],
        sum_fen=report.sum_fen,
        transactions=report.transactions,
        faults=[
            LedgerFault(rule=say(f"trade.ledger_fault.{fault.rule}", caller.locale, {}), what=fault.what)
            for fault in report.faults
        ],
        checked_at=report.checked_at,
    )


async def _owner_names(db: Db, accounts: list[AccountBalance]) -> dict[UUID, str]:
    ids = [account.owner_id for account in accounts if account.owner_id is not None]
    shops = {UUID(str(key)): shop.name for key, shop in (await people.shop_view(db, ids)).items()}
    persons = {UUID(str(key)): person.nickname for key, person in (await people.person_view(db, ids)).items()}
    return persons | shops


@router.get("/api/operator/orders", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def search_orders(
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    q: Words = "",
    state: States = [],  # noqa: B006
) -> Page[OrderWire]:
    """`q`: the beginning of an order number, or a tracking number."""
    return await present_page(db, Which(q=q, states=tuple(state)), page, "operator", caller)


@router.get("/api/operator/payment-notices", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def payment_notices(db: DbDep, page: PageQuery, outcome: Outcome | None = None) -> Page[NoticeWire]:
    """What was delivered to the payment callback, newest first: genuine, repeated, late, forged."""
    n = notices
    query = select(n.c.id, n.c.received_at, n.c.outcome, n.c.answered, n.c.number, n.c.detail)
    if outcome is not None:
        query = query.where(n.c.outcome == outcome.value)
    if (before := page.uuid(0)) is not None:
        query = query.where(n.c.id < before)
    rows = (await db.execute(query.order_by(n.c.id.desc()).limit(page.limit + 1))).all()
    shown = [NoticeWire(**row._mapping) for row in rows[: page.limit]]
    return Page[NoticeWire](items=shown, next_cursor=page.next(rows))
