"""The shop's own page: its description and picture."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Missing
from kaibo.people.contracts import ShopView
from kaibo.people.merchants.lookup import picture_urls, shop
from kaibo.people.merchants.tables import shops


async def furnish_shop(db: Db, shop_id: UUID, *, description: str | None, avatar_picture_id: UUID | None) -> ShopView:
    """Write what is given, leave what is None. Raises ShopMissing, Missing (no such picture)."""
    values: dict[str, str] = {}
    if description is not None:
        values["description"] = description
    if avatar_picture_id is not None:
        url = (await picture_urls(db, [avatar_picture_id])).get(avatar_picture_id)
        if url is None:
            raise Missing(what="picture", id=str(avatar_picture_id))
        values["avatar_url"] = url
    if values:
        await db.execute(update(shops).where(shops.c.id == shop_id).values(**values))
    return await shop(db, shop_id)
