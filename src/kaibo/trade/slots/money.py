"""Hold the fee of a slot contract, release it, or divide it by what was measured. Driven by the contract's events."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select

from kaibo.goods import facade as goods
from kaibo.goods.contracts.slots import SlotMeasured, SlotReleased, SlotSigned
from kaibo.kernel.db import Db
from kaibo.trade.ledger.accounts import Account, AccountKind
from kaibo.trade.ledger.errors import HoldMissing, NotCovered
from kaibo.trade.ledger.hold import hold, post_hold, void_hold
from kaibo.trade.ledger.post import Posting, PostingKind, move, post
from kaibo.trade.orders.tables import order_lines, orders

WHY = "trade.why.ledger_slot_fee"


def _posting(key: str, shop_id: UUID, creator_id: UUID, fen: int) -> Posting:
    entries = move(
        Account(AccountKind.MERCHANT_PAYABLE, shop_id), (Account(AccountKind.CREATOR_COMMISSION, creator_id), fen)
    )
    return Posting(PostingKind.SLOT_FEE, key, None, WHY, "system", entries)


async def hold_fee(db: Db, event: SlotSigned) -> None:
    """Both have signed: the fee leaves what the merchant may withdraw. Where there is too little the contract says so."""
    key = f"slot:{event.contract_id}"
    try:
        async with db.begin_nested():
            await hold(db, key, _posting(key, event.shop_id, event.creator_id, event.fee_fen))
    except NotCovered:
        await goods.note_slot_funding(db, event.contract_id, covered=False)
        return
    if not await goods.note_slot_funding(db, event.contract_id, covered=True):
        # Cancelled meanwhile; its event has come before there was anything to release.
        await void_hold(db, key)


async def release_fee(db: Db, event: SlotReleased) -> None:
    """The contract ended before its time. Nothing happens where nothing was held."""
    try:
        await void_hold(db, f"slot:{event.contract_id}")
    except HoldMissing:
        return


async def settle_fee(db: Db, event: SlotMeasured) -> None:
    """The whole fee where everything promised was kept, else the earned part; the rest stays the merchant's."""
    earned = await goods.close_slot(db, event.contract_id, gmv_fen=await sold_fen(db, event))
    if earned is None:
        return
    key = f"slot:{event.contract_id}"
    if earned == event.fee_fen:
        await post_hold(db, key)
        return
    await void_hold(db, key)
    if earned:
        await post(db, _posting(f"slot_part:{event.contract_id}", event.shop_id, event.creator_id, earned))


async def sold_fen(db: Db, event: SlotMeasured) -> int:
    """What buyers paid for these products in orders credited to the creator and placed in the contract's time, less refunds."""
    o, line = orders, order_lines
    paid = line.c.paid_fen - func.least(line.c.refunded_fen, line.c.paid_fen)
    query = (
        select(cast(func.coalesce(func.sum(paid), 0), BigInteger))
        .join(o, o.c.id == line.c.order_id)
        .where(
            o.c.creator_id == event.creator_id,
            o.c.created_at >= event.starts_at,
            o.c.created_at <= event.ends_at,
            o.c.paid_at.isnot(None),
            line.c.product_id.in_(event.product_ids),
        )
    )
    return int(await db.scalar(query) or 0)
