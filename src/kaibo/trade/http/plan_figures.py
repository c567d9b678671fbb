"""What an affiliate plan has sold, for its shop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.kernel.web import DbDep, Id, auth
from kaibo.trade.http.present_money import names_of
from kaibo.trade.settlement.plan_figures import plan_figures
from kaibo.trade.wire_plans import PlanCreator, PlanDay, PlanFiguresWire, SoldWire

router = APIRouter(tags=["affiliate"])

DAYS_MAX = 90
Days = Annotated[int, Query(ge=1, le=DAYS_MAX)]


@router.get(
    "/api/shops/{shop_id}/plans/{plan_id}/figures", dependencies=[auth.shop_staff, auth.scope("affiliate:read")]
)
async def shop_plan_figures(shop_id: Id, plan_id: Id, db: DbDep, days: Days = 30) -> PlanFiguresWire:
    """Orders, money paid, refunds and commission of the last `days` days (Beijing), by day and by creator."""
    found = await plan_figures(db, shop_id, plan_id, days)
    names = await names_of(db, [creator_id for creator_id, _ in found.creators])
    return PlanFiguresWire(
        total=SoldWire(**vars(found.total)),
        days=[PlanDay(day=day, **vars(sold)) for day, sold in found.days],
        creators=[
            PlanCreator(creator_id=one, nickname=names.get(one, str(one)), **vars(sold)) for one, sold in found.creators
        ],
    )
