"""Owe a buyer what no refund of a payment can carry. An operator pays it and says under which reference."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.compensation.tables import payouts
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post

PayoutKind = Literal["return_freight", "compensation", "deposit_doubled"]


async def owe_buyer(
    db: Db,
    *,
    key: str,
    kind: PayoutKind,
    case_id: UUID | None,
    order_id: UUID,
    person_id: UUID,
    source: Account,
    fen: int,
) -> None:
    """Book `fen` from `source` as owed to the buyer, once for each `key`."""
    values = {
        "id": new_id(),
        "case_id": case_id,
        "order_id": order_id,
        "person_id": person_id,
        "kind": kind,
        "fen": fen,
        "key": key,
        "created_at": clock.now(),
    }
    new = insert(payouts).values(values).on_conflict_do_nothing(index_elements=["key"]).returning(payouts.c.id)
    if (await db.execute(new)).first() is None:
        return
    entries = move(source, (Account(AccountKind.BUYER_PAYABLE, person_id), fen))
    why = f"trade.why.ledger_{kind}"
    await post(db, Posting(PostingKind.OWED_TO_BUYER, key, order_id, why, "system", entries))
