"""Points over HTTP: a buyer looks at their own, an operator sets the terms."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter

from kaibo.kernel import clock
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Page, PageQuery, auth
from kaibo.trade.points.lookup import happenings, moved_since, outstanding
from kaibo.trade.points.model import PointTerms
from kaibo.trade.points.record import holding
from kaibo.trade.points.terms import current_terms, set_terms, terms_history
from kaibo.trade.points.wire import (
    MyPoints,
    PointDesk,
    PointFigures,
    PointHappening,
    PointLotWire,
    PointTermsIn,
    PointTermsSet,
)

router = APIRouter(tags=["points"])

FIGURES_DAYS = 30


@router.get("/api/points/mine", dependencies=[auth.signed_in])
async def my_points(db: DbDep, caller: CallerDep) -> MyPoints:
    found, terms = await holding(db, caller.id), await current_terms(db)
    return MyPoints(
        balance=found.balance,
        worth_fen=found.balance // terms.spend_points_per_fen,
        debt=found.debt,
        ending=[PointLotWire(points=lot.left, expires_at=lot.expires_at) for lot in found.lots if lot.left > 0],
        terms=PointTermsIn(**asdict(terms)) if terms.on else None,
    )


@router.get("/api/points/mine/history", dependencies=[auth.signed_in])
async def my_point_history(db: DbDep, caller: CallerDep, page: PageQuery) -> Page[PointHappening]:
    """What added to the caller's points and what took from them, newest first."""
    found = await happenings(db, caller.id, before=page.uuid(0), limit=page.limit + 1)
    items = [
        PointHappening(**vars(one), what=say(f"trade.points.{one.kind}", caller.locale, {}))
        for one in found[: page.limit]
    ]
    return Page(items=items, next_cursor=page.next(found))


@router.get("/api/operator/points", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def point_desk(db: DbDep) -> PointDesk:
    """The terms, who set which, and what buyers have."""
    terms, (has, owes) = await current_terms(db), await outstanding(db)
    moved = await moved_since(db, clock.now() - timedelta(days=FIGURES_DAYS))
    return PointDesk(
        terms=PointTermsIn(**asdict(terms)),
        history=[
            PointTermsSet(**asdict(one.terms), at=one.at, actor_id=one.actor_id) for one in await terms_history(db)
        ],
        figures=PointFigures(
            outstanding=has,
            outstanding_fen=has // terms.spend_points_per_fen,
            debt=owes,
            earned=moved.get("earned", 0),
            used=-moved.get("used", 0),
            given_back=moved.get("released", 0) + moved.get("returned", 0),
            taken_back=-moved.get("taken_back", 0),
            expired=-moved.get("expired", 0),
        ),
    )


@router.put("/api/operator/points", dependencies=[auth.platform("operator"), auth.scope("platform:write")])
async def put_point_terms(body: PointTermsIn, db: DbDep, caller: CallerDep) -> PointDesk:
    """From now on. What was earned and held before keeps its rates; switched off, points can neither be earned nor spent and still
    expire."""
    await set_terms(db, PointTerms(**dict(body)), by=caller.id)
    return await point_desk(db)
