"""What a shop promises for after-sales, and where its goods go back to."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import ShopId
from kaibo.trade.aftersales.model import ReturnAddress, ShopTerms
from kaibo.trade.aftersales.refusals import CoverUnfit
from kaibo.trade.aftersales.tables import shop_terms


async def terms_of(db: Db, shop_id: UUID) -> ShopTerms:
    """A shop that has said nothing promises what the law asks and no more."""
    row = (await db.execute(select(shop_terms).where(shop_terms.c.shop_id == shop_id))).one_or_none()
    if row is None:
        return ShopTerms(ShopId(shop_id))
    return ShopTerms(
        shop_id=ShopId(shop_id),
        return_to=None if row.return_to is None else ReturnAddress(**row.return_to),
        cover_premium_fen=row.cover_premium_fen,
        cover_limit_fen=row.cover_limit_fen,
        price_protection_days=row.price_protection_days,
    )


async def return_address(db: Db, shop_id: UUID) -> ReturnAddress:
    """Where goods go back to: what the shop has said, or else the address of its licence, which every buyer may see."""
    promised = (await terms_of(db, shop_id)).return_to
    if promised is not None:
        return promised
    shop = (await people.shop_view(db, [shop_id]))[ShopId(shop_id)]
    return ReturnAddress(name=shop.name, phone="", province="", city="", district="", detail=shop.address)


async def promise_terms(db: Db, wanted: ShopTerms, *, by: UUID) -> ShopTerms:
    """For orders shipped and prices paid from now on; covers that exist keep their limit. Raises CoverUnfit."""
    if bool(wanted.cover_premium_fen) != bool(wanted.cover_limit_fen):
        raise CoverUnfit()
    values = {
        "shop_id": wanted.shop_id,
        "return_to": None if wanted.return_to is None else asdict(wanted.return_to),
        "cover_premium_fen": wanted.cover_premium_fen,
        "cover_limit_fen": wanted.cover_limit_fen,
        "price_protection_days": wanted.price_protection_days,
        "updated_at": clock.now(),
        "updated_by": by,
    }
    new = insert(shop_terms).values(values)
    await db.execute(new.on_conflict_do_update(index_elements=["shop_id"], set_=values))
    return await terms_of(db, wanted.shop_id)
