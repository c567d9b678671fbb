"""A reviewer decides about an application."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.people.accounts.grant import grant_role, name_scope
from kaibo.people.accounts.standing import note_standing
from kaibo.people.contracts import (
    AlreadyDecided,
    MerchantApproved,
    MerchantMissing,
    MerchantRefused,
    OwnCase,
    ReasonMissing,
    ShopNameTaken,
)
from kaibo.people.merchants.lookup import Merchant, merchant
from kaibo.people.merchants.tables import merchants, shops


async def decide_merchant(db: Db, reviewer_id: UUID, merchant_id: UUID, *, approve: bool, reason: str) -> Merchant:
    """Approve (a shop opens, its owner gets the role) or refuse with a reason the applicant can act on.

    Raises MerchantMissing, AlreadyDecided, OwnCase, ReasonMissing, ShopNameTaken.
    """
    row = (await db.execute(select(merchants).where(merchants.c.id == merchant_id).with_for_update())).first()
    if row is None:
        raise MerchantMissing(id=str(merchant_id))
    if row.state != "pending":
        raise AlreadyDecided(state=row.state)
    if row.owner_id == reviewer_id:
        raise OwnCase()
    if not approve and not reason:
        raise ReasonMissing()
    await db.execute(
        update(merchants)
        .where(merchants.c.id == merchant_id)
        .values(
            state="approved" if approve else "refused",
            reason=reason or None,
            decided_by=reviewer_id,
            decided_at=clock.now(),
        )
    )
    if approve:
        shop_id = await _open_shop(db, merchant_id, row.shop_name)
        await grant_role(db, row.owner_id, "owner", "shop", shop_id, granted_by=reviewer_id)
        await publish(db, MerchantApproved(merchant_id=merchant_id, shop_id=shop_id, owner_id=row.owner_id))
    else:
        await publish(db, MerchantRefused(merchant_id=merchant_id, owner_id=row.owner_id, reason=reason))
    what = "merchant approved" if approve else "merchant refused"
    await note_standing(db, row.owner_id, what, actor_id=reviewer_id, why=reason, merchant_id=merchant_id)
    return await merchant(db, merchant_id)


async def _open_shop(db: Db, merchant_id: UUID, name: str) -> UUID:
    shop_id = new_id()
    opened = await db.execute(
        insert(shops)
        .values(id=shop_id, merchant_id=merchant_id, name=name, description="")
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(shops.c.id)
    )
    if opened.first() is None:
        raise ShopNameTaken(shop_name=name)
    await name_scope(db, "shop", shop_id, name)
    return shop_id
