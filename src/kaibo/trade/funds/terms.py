"""The terms an operator sets, and the class of a merchant."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.funds.model import Audience, MoneyTerms, Owner
from kaibo.trade.funds.rules import DEFAULTS
from kaibo.trade.funds.tables import money_terms, shop_standings


async def all_terms(db: Db) -> list[MoneyTerms]:
    """Every audience's terms: as set, or the defaults."""
    rows = {row.audience: row for row in await db.execute(select(money_terms))}
    return [_terms(rows[one]) if one in rows else default for one, default in DEFAULTS.items()]


async def terms_of(db: Db, owner: Owner) -> MoneyTerms:
    """The terms this owner's money follows."""
    audience: Audience = "creator" if owner.kind != "shop" else await merchant_class(db, owner.id)
    row = (await db.execute(select(money_terms).where(money_terms.c.audience == audience))).first()
    return DEFAULTS[audience] if row is None else _terms(row)


async def set_terms(db: Db, new: MoneyTerms, *, by: UUID) -> None:
    """From now on these hold for this audience; what is ripe is reckoned by them at once."""
    values = asdict(new) | {"set_by": by, "set_at": clock.now()}
    row = insert(money_terms).values(values)
    await db.execute(row.on_conflict_do_update(index_elements=["audience"], set_=values))


async def merchant_class(db: Db, shop_id: UUID) -> Audience:
    found = await db.scalar(select(shop_standings.c.merchant_class).where(shop_standings.c.shop_id == shop_id))
    return cast("Audience", found or "standard")


async def set_merchant_class(db: Db, shop_id: UUID, wanted: Audience) -> None:
    row = insert(shop_standings).values(shop_id=shop_id, merchant_class=wanted)
    await db.execute(row.on_conflict_do_update(index_elements=["shop_id"], set_={"merchant_class": wanted}))


def _terms(row: object) -> MoneyTerms:
    return MoneyTerms(**{name: getattr(row, name) for name in MoneyTerms.__dataclass_fields__})
