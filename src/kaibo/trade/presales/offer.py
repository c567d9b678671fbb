"""A merchant opens a presale, or takes no more deposits for it. What was promised never changes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.goods.contracts import NotOnSale, SkuMissing
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.presales import rules
from kaibo.trade.presales.errors import PresaleInvalid, PresaleOver
from kaibo.trade.presales.lookup import presale
from kaibo.trade.presales.model import Presale, Terms
from kaibo.trade.presales.tables import presales


async def offer_presale(db: Db, terms: Terms, *, shop_id: UUID, by: UUID) -> Presale:
    """Raises PresaleInvalid with every fault, SkuMissing for one that is not this shop's, NotOnSale."""
    if wrong := rules.faults(terms, clock.now()):
        raise PresaleInvalid(what=wrong)
    (quoted,) = await goods.quote(db, [(terms.sku_id, 1)])
    if quoted.shop_id != shop_id:
        raise SkuMissing(id=str(terms.sku_id))
    if not quoted.approved:
        raise NotOnSale(product_id=quoted.product_id)
    presale_id = new_id()
    about = {"id": presale_id, "shop_id": shop_id, "product_id": quoted.product_id, "actor_id": by}
    await db.execute(presales.insert().values(vars(terms) | about))
    return await presale(db, presale_id)


async def stop_presale(db: Db, presale_id: UUID, *, shop_id: UUID) -> Presale:
    """No more deposits; those that are paid go their way. Saying it twice changes nothing. Raises PresaleMissing, PresaleOver."""
    found = await presale(db, presale_id, shop_id=shop_id, lock=True)
    if found.stopped_at is not None:
        return found
    stage = rules.stage_of(found, clock.now())
    if stage not in ("coming", "deposit"):
        raise PresaleOver(stage=[stage])
    await db.execute(update(presales).where(presales.c.id == presale_id).values(stopped_at=clock.now()))
    return await presale(db, presale_id)
