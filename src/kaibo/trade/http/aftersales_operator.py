"""What operators do: decide disputes, watch the compensation fund, pay what buyers are owed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.people import facade as people
from kaibo.trade.aftersales import rulebook
from kaibo.trade.aftersales.arbitrate import Decision, decide_case
from kaibo.trade.aftersales.lookup import Which, case_numbers, find_case, list_cases, queue_cases
from kaibo.trade.aftersales.model import CaseState
from kaibo.trade.aftersales.wire import (
    ArbitrationRules,
    CasePage,
    CaseWire,
    ClaimWire,
    DecideIn,
    FundWire,
    PaidIn,
    PayoutWire,
    Recovered,
)
from kaibo.trade.compensation.lookup import Claim, Payout, debt_of, fund, list_claims, list_payouts
from kaibo.trade.compensation.pay_out import pay_out
from kaibo.trade.compensation.recover import recover
from kaibo.trade.http.aftersales_present import present_case, present_cases, present_rule
from kaibo.trade.http.aftersales_shop import deadline_and_id
from kaibo.trade.orders.lookup import find_orders

router = APIRouter(tags=["operators"])


@router.get("/api/operator/arbitrations", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def arbitrations(
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    decided: Annotated[bool, Query()] = False,
) -> Page[CaseWire]:
    """Disputes that wait for a decision, the longest promised first; `decided`: those that had one, newest first."""
    if decided:
        found = await list_cases(db, Which(arbitrated=True), before=page.uuid(0), limit=page.limit + 1)
        following = page.next(found)
    else:
        which = Which(states=(CaseState.ARBITRATION,))
        found = await queue_cases(db, which, after=page.moment(), limit=page.limit + 1)
        following = page.next(found, deadline_and_id)
    shown = found[: page.limit]
    return Page[CaseWire](items=await present_cases(db, shown, "operator", caller.locale), next_cursor=following)


@router.get("/api/operator/arbitrations/rules", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def arbitration_rules(caller: CallerDep) -> ArbitrationRules:
    """Under what a decision may be taken."""
    found = [present_rule(rule, caller.locale) for rule in rulebook.ARBITRATION_RULES]
    return ArbitrationRules(items=[rule for rule in found if rule is not None])


@router.get(
    "/api/operator/arbitrations/{case_id}", dependencies=[auth.platform("operator"), auth.scope("platform:read")]
)
async def one_arbitration(case_id: Id, db: DbDep, caller: CallerDep) -> CasePage:
    """Any case, with what both sides have shown."""
    return await present_case(db, await find_case(db, case_id), "operator", caller.locale)


@router.post(
    "/api/operator/arbitrations/{case_id}/decide",
    dependencies=[auth.platform("operator")],
)
async def decide_arbitration(case_id: Id, body: DecideIn, db: DbDep, caller: CallerDep) -> CasePage:
    decision = Decision(**body.model_dump())
    case = await decide_case(db, case_id, decision, by=caller.id)
    return await present_case(db, case, "operator", caller.locale)


@router.get("/api/operator/compensation", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def compensation_fund(db: DbDep) -> FundWire:
    return FundWire(**vars(await fund(db)))


@router.get("/api/operator/compensation/claims", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def compensation_claims(
    db: DbDep, caller: CallerDep, page: PageQuery, open: Annotated[bool, Query()] = False
) -> Page[ClaimWire]:
    """What merchants owe the fund, newest first. `open`: not paid back yet."""
    found = await list_claims(db, open_only=open, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[ClaimWire](items=await _claims(db, shown, caller.locale), next_cursor=page.next(found))


@router.post(
    "/api/operator/compensation/shops/{shop_id}/recover",
    dependencies=[auth.platform("operator")],
)
async def recover_from_shop(shop_id: Id, db: DbDep) -> Recovered:
    """Take now what the shop's deposit and balance can give; the rest comes with its next settlement."""
    return Recovered(recovered_fen=await recover(db, shop_id), owed_fen=await debt_of(db, shop_id))


@router.get("/api/operator/compensation/payouts", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def buyer_payouts(db: DbDep, page: PageQuery, waiting: Annotated[bool, Query()] = True) -> Page[PayoutWire]:
    """What buyers are owed beyond their payments, newest first. `waiting`: not paid yet."""
    found = await list_payouts(db, waiting_only=waiting, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[PayoutWire](items=await _payouts(db, shown), next_cursor=page.next(found))


@router.post(
    "/api/operator/compensation/payouts/{payout_id}/paid",
    dependencies=[auth.platform("operator")],
)
async def payout_is_paid(payout_id: Id, body: PaidIn, db: DbDep, caller: CallerDep) -> PayoutWire:
    """The transfer was made; repeating it changes nothing."""
    paid = await pay_out(db, payout_id, reference=body.reference, by=caller.id)
    return (await _payouts(db, [paid]))[0]


async def _claims(db: Db, found: Iterable[Claim], locale: Locale) -> list[ClaimWire]:
    claims = list(found)
    numbers = await case_numbers(db, [claim.case_id for claim in claims])
    shops = {
        UUID(str(key)): shop.name for key, shop in (await people.shop_view(db, [c.shop_id for c in claims])).items()
    }
    return [
        ClaimWire(
            id=claim.id,
            case_id=claim.case_id,
            case_number=numbers.get(claim.case_id, ""),
            shop_id=claim.shop_id,
            shop_name=shops.get(claim.shop_id, ""),
            fen=claim.fen,
            recovered_fen=claim.recovered_fen,
            owed_fen=claim.fen - claim.recovered_fen,
            rule=present_rule(claim.rule, locale),
            created_at=claim.created_at,
            closed_at=claim.closed_at,
        )
        for claim in claims
    ]


async def _payouts(db: Db, found: Iterable[Payout]) -> list[PayoutWire]:
    payouts = list(found)
    numbers = await case_numbers(db, [one.case_id for one in payouts if one.case_id is not None])
    orders = await find_orders(db, {one.order_id for one in payouts})
    persons = await people.person_view(db, [one.person_id for one in payouts])
    names = {UUID(str(key)): person.nickname for key, person in persons.items()}
    return [
        PayoutWire(
            id=one.id,
            case_id=one.case_id,
            case_number=numbers.get(one.case_id, "") if one.case_id else "",
            order_number=orders[one.order_id].number,
            person_id=one.person_id,
            nickname=names.get(one.person_id, ""),
            kind=one.kind,
            fen=one.fen,
            created_at=one.created_at,
            paid_at=one.paid_at,
            reference=one.reference,
        )
        for one in payouts
    ]
