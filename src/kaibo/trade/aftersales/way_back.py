"""Who pays the way back, and the freight cover that an order may have."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people.contracts import ShopId
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.model import Case, Cover
from kaibo.trade.aftersales.shop_terms import terms_of
from kaibo.trade.aftersales.tables import covers
from kaibo.trade.compensation.owe_buyer import owe_buyer
from kaibo.trade.contracts import OrderId, OrderShipped
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post


async def cover_of(db: Db, order_id: UUID) -> Cover | None:
    row = (await db.execute(select(covers).where(covers.c.order_id == order_id))).one_or_none()
    if row is None:
        return None
    return Cover(OrderId(row.order_id), ShopId(row.shop_id), row.premium_fen, row.limit_fen, row.paid_fen)


async def fund_cover(db: Db, event: OrderShipped) -> None:
    """A shipped order of a shop that covers the way back: the premium goes into the cover's account. Once an order."""
    terms = await terms_of(db, event.shop_id)
    if not terms.cover_premium_fen:
        return
    values = {
        "order_id": event.order_id,
        "shop_id": event.shop_id,
        "premium_fen": terms.cover_premium_fen,
        "limit_fen": terms.cover_limit_fen,
        "paid_fen": 0,
        "created_at": clock.now(),
    }
    new = insert(covers).values(values).on_conflict_do_nothing().returning(covers.c.order_id)
    if (await db.execute(new)).first() is None:
        return
    shop = Account(AccountKind.MERCHANT_PAYABLE, event.shop_id)
    entries = move(shop, (Account(AccountKind.FREIGHT_COVER), terms.cover_premium_fen))
    key, why = f"freight_cover:{event.order_id}", "trade.why.ledger_cover_premium"
    await post(db, Posting(PostingKind.COVER_PREMIUM, key, event.order_id, why, "system", entries))


async def pay_way_back(db: Db, case: Case) -> dict[str, Any]:
    """What the buyer says the way back cost is owed to them by the merchant at fault or by the cover; else it stays theirs.

    Returns what changes in the case.
    """
    if case.sent_at is None or not case.return_freight_fen:
        return {}
    cover = await cover_of(db, case.order_id)
    payer, fen = rules.return_freight(case.fault, case.return_freight_fen, cover)
    if fen and payer == "cover":
        counted = update(covers).where(covers.c.order_id == case.order_id).values(paid_fen=covers.c.paid_fen + fen)
        await db.execute(counted)
    if fen:
        source = Account(AccountKind.FREIGHT_COVER)
        if payer == "merchant":
            source = Account(AccountKind.MERCHANT_PAYABLE, case.shop_id)
        await owe_buyer(
            db,
            key=f"return_freight:{case.id}",
            kind="return_freight",
            case_id=case.id,
            order_id=case.order_id,
            person_id=case.buyer_id,
            source=source,
            fen=fen,
        )
    return {"return_freight_fen": fen, "return_freight_by": payer}
