"""A shop closes: it lists nothing any more, and when nobody can claim anything of it its whole deposit goes back.

What it waits for: goods on sale, orders that are not settled, undecided cases, advances that were not recovered, and CLAIM_DAYS
after the last settlement, because so long a buyer may still come for what is the merchant's fault.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.compensation.lookup import debt_of
from kaibo.trade.funds.errors import ShopNotClosed, ShopStillOwes
from kaibo.trade.funds.tables import shop_standings
from kaibo.trade.ledger.hold import available, require_covered
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.lookup import unsettled_of_shop
from kaibo.trade.settlement.tables import settlements

CLAIM_DAYS = 30


async def close_shop(db: Db, shop_id: UUID, *, by: UUID) -> datetime:
    """From now on the shop lists nothing. Closing again changes nothing. Returns since when it is closed."""
    s = shop_standings
    row = insert(s).values(shop_id=shop_id, closed_at=clock.now(), closed_by=by)
    first = {
        "closed_at": func.coalesce(s.c.closed_at, row.excluded.closed_at),
        "closed_by": func.coalesce(s.c.closed_by, by),
    }
    kept = row.on_conflict_do_update(index_elements=["shop_id"], set_=first).returning(s.c.closed_at)
    closed_at: datetime = (await db.execute(kept)).scalar_one()
    return closed_at


async def reopen_shop(db: Db, shop_id: UUID) -> None:
    """It may list again as soon as its deposit is enough. Raises ShopNotClosed."""
    s = shop_standings
    done = s.update().where(s.c.shop_id == shop_id, s.c.closed_at.is_not(None)).values(closed_at=None, closed_by=None)
    if (await db.execute(done.returning(s.c.shop_id))).first() is None:
        raise ShopNotClosed()


async def closed_since(db: Db, shop_id: UUID) -> datetime | None:
    found: datetime | None = await db.scalar(
        select(shop_standings.c.closed_at).where(shop_standings.c.shop_id == shop_id)
    )
    return found


async def release_deposit(db: Db, shop_id: UUID, *, by: UUID) -> int:
    """All of a closed shop's deposit becomes withdrawable; the fen that moved. Raises ShopNotClosed, ShopStillOwes, NotCovered."""
    if await closed_since(db, shop_id) is None:
        raise ShopNotClosed()
    if (waits := await waits_for(db, shop_id)) != ([], None):
        raise ShopStillOwes(why=waits[0], until=waits[1])
    deposit = Account(AccountKind.DEPOSIT, shop_id)
    fen = await available(db, deposit)
    if fen < 1:
        return 0
    legs = move(deposit, (Account(AccountKind.MERCHANT_PAYABLE, shop_id), fen))
    await require_covered(db, legs)
    key, why = f"deposit_released:{new_id()}", "trade.why.ledger_deposit_released"
    await post(db, Posting(PostingKind.DEPOSIT_RETURNED, key, None, why, str(by), legs))
    return fen


async def waits_for(db: Db, shop_id: UUID) -> tuple[list[str], datetime | None]:
    """Keys of trade.shop_still_owes, and until when a buyer may still claim (None: nobody may)."""
    unsettled, cases = await unsettled_of_shop(db, shop_id)
    reasons = {
        "on_sale": await goods.on_sale_count(db, shop_id) > 0,
        "unsettled": unsettled > 0,
        "cases": cases > 0,
        "advances": await debt_of(db, shop_id) > 0,
    }
    last = await db.scalar(select(func.max(settlements.c.at)).where(settlements.c.shop_id == shop_id))
    until = None if last is None else last + timedelta(days=CLAIM_DAYS)
    if until is not None and until <= clock.now():
        until = None
    why = [key for key, waits in reasons.items() if waits]
    return ([*why, "claims"] if until is not None else why), until
