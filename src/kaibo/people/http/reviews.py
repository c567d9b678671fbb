"""Reviewers decide about merchants and real names."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.people.contracts import MerchantState
from kaibo.people.merchants.decide import decide_merchant
from kaibo.people.merchants.lookup import merchants_in
from kaibo.people.realname.decide import decide_realname
from kaibo.people.realname.lookup import submissions_in
from kaibo.people.wire import Decision, MerchantWire, RealnameReview

router = APIRouter()


@router.get("/api/reviews/merchants", dependencies=[auth.platform("reviewer"), auth.scope("platform:read")])
async def list_merchant_reviews(db: DbDep, page: PageQuery, state: MerchantState = "pending") -> Page[MerchantWire]:
    """Applications, oldest first."""
    found = await merchants_in(db, state, page.uuid(0), page.limit + 1)
    items = [MerchantWire.of(m) for m in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/reviews/merchants/{merchant_id}", dependencies=[auth.platform("reviewer"), auth.scope("platform:write")]
)
async def review_merchant(merchant_id: Id, body: Decision, db: DbDep, caller: CallerDep) -> MerchantWire:
    """Approve, which opens the shop, or refuse with a reason."""
    decided = await decide_merchant(db, caller.id, merchant_id, approve=body.approve, reason=body.reason)
    return MerchantWire.of(decided)


@router.get("/api/reviews/realnames", dependencies=[auth.platform("reviewer"), auth.scope("platform:read")])
async def list_realname_reviews(
    db: DbDep, page: PageQuery, state: Literal["pending", "verified", "refused"] = "pending"
) -> Page[RealnameReview]:
    """Submissions with name and number masked, oldest first."""
    found = await submissions_in(db, state, page.uuid(0), page.limit + 1)
    items = [RealnameReview.of(s) for s in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/reviews/realnames/{realname_id}",
    status_code=204,
    dependencies=[auth.platform("reviewer"), auth.scope("platform:write")],
)
async def review_realname(realname_id: Id, body: Decision, db: DbDep, caller: CallerDep) -> None:
    """Verify a real name or refuse it with a reason."""
    await decide_realname(db, caller.id, realname_id, approve=body.approve, reason=body.reason)
