"""What a shop does after the sale: answer, inspect, send anew, perform; its figures and its promises."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.kernel import clock
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth
from kaibo.people.contracts import ShopId
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.approve import approve_case
from kaibo.trade.aftersales.evidence import give_evidence
from kaibo.trade.aftersales.figures import figures
from kaibo.trade.aftersales.inspect import accept_goods
from kaibo.trade.aftersales.lookup import (
    Which,
    count_by_state,
    find_case,
    list_cases,
    queue_cases,
    require_shop,
)
from kaibo.trade.aftersales.model import Case, CaseKind, CaseState, ReturnAddress, ShopTerms
from kaibo.trade.aftersales.perform import perform_case
from kaibo.trade.aftersales.refuse import refuse_case, refuse_goods
from kaibo.trade.aftersales.resend import resend_goods
from kaibo.trade.aftersales.shop_terms import promise_terms, terms_of
from kaibo.trade.aftersales.wire import (
    AcceptIn,
    CaseFiguresWire,
    CasePage,
    CaseParcelIn,
    CaseRefuseIn,
    CaseWire,
    DayWire,
    EvidenceIn,
    QueueCounts,
    RefusalTemplate,
    ReturnAddressWire,
    SaidIn,
    ShopTermsIn,
    ShopTermsWire,
    Templates,
)
from kaibo.trade.compensation.lookup import debt_of
from kaibo.trade.contracts import LineId
from kaibo.trade.http.aftersales_present import present_case, present_cases
from kaibo.trade.http.shop import Words

router = APIRouter(tags=["shop aftersales"])

CaseStates = Annotated[list[CaseState], Query(max_length=len(CaseState))]
CaseKinds = Annotated[list[CaseKind], Query(max_length=len(CaseKind))]


def deadline_and_id(case: Case) -> tuple[str, str]:
    """The sort key of a queue, in which only cases with a deadline stand."""
    assert case.deadline is not None
    return case.deadline.isoformat(), str(case.id)


@router.get("/api/shops/{shop_id}/aftersales", dependencies=[auth.shop_staff, auth.scope("aftersales:read")])
async def shop_aftersales(
    shop_id: Id,
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    state: CaseStates = [],  # noqa: B006
    kind: CaseKinds = [],  # noqa: B006
    q: Words = "",
    sort: Annotated[str, Query(pattern="^(deadline|newest)$")] = "deadline",
) -> Page[CaseWire]:
    """`sort=deadline`: only cases that have one, what is due first comes first. `q`: the beginning of a case or order
    number, or the number of a return parcel."""
    which = Which(shop_id=shop_id, states=tuple(state), kinds=tuple(kind), q=q)
    if sort == "deadline":
        found = await queue_cases(db, which, after=page.moment(), limit=page.limit + 1)
        following = page.next(found, deadline_and_id)
    else:
        found = await list_cases(db, which, before=page.uuid(0), limit=page.limit + 1)
        following = page.next(found)
    shown = found[: page.limit]
    return Page[CaseWire](items=await present_cases(db, shown, "shop", caller.locale), next_cursor=following)


@router.get("/api/shops/{shop_id}/aftersales/figures", dependencies=[auth.shop_staff, auth.scope("aftersales:read")])
async def shop_aftersales_figures(shop_id: Id, db: DbDep) -> CaseFiguresWire:
    found = await figures(db, shop_id, clock.now())
    states = await count_by_state(db, Which(shop_id=shop_id, open=True))
    plain = {
        name: getattr(found, name) for name in CaseFiguresWire.model_fields if hasattr(found, name) and name != "days"
    }
    return CaseFiguresWire(
        **plain,
        debt_fen=await debt_of(db, shop_id),
        days=[DayWire(**vars(day)) for day in found.days],
        counts=QueueCounts(**{name: states.get(CaseState(name), 0) for name in QueueCounts.model_fields}),
    )


@router.get("/api/shops/{shop_id}/aftersales/terms", dependencies=[auth.shop_staff, auth.scope("aftersales:read")])
async def shop_aftersales_terms(shop_id: Id, db: DbDep) -> ShopTermsWire:
    return _terms(await terms_of(db, shop_id))


@router.put("/api/shops/{shop_id}/aftersales/terms", dependencies=[auth.shop_staff, auth.scope("aftersales:write")])
async def promise_aftersales_terms(shop_id: Id, body: ShopTermsIn, db: DbDep, caller: CallerDep) -> ShopTermsWire:
    wanted = ShopTerms(
        shop_id=ShopId(shop_id),
        return_to=None if body.return_to is None else ReturnAddress(**body.return_to.model_dump()),
        cover_premium_fen=body.cover_premium_fen,
        cover_limit_fen=body.cover_limit_fen,
        price_protection_days=body.price_protection_days,
    )
    return _terms(await promise_terms(db, wanted, by=caller.id))


@router.get("/api/shops/{shop_id}/aftersales/refusals", dependencies=[auth.shop_staff, auth.scope("aftersales:read")])
async def refusal_templates(shop_id: Id, caller: CallerDep) -> Templates:
    return Templates(
        items=[
            RefusalTemplate(
                key=key,
                words=say(f"trade.refusal.{key}", caller.locale, {}),
                text=say(f"trade.refusal_text.{key}", caller.locale, {}),
            )
            for key in rules.REFUSALS
        ]
    )


@router.get("/api/shops/{shop_id}/aftersales/{case_id}", dependencies=[auth.shop_staff, auth.scope("aftersales:read")])
async def shop_case(shop_id: Id, case_id: Id, db: DbDep, caller: CallerDep) -> CasePage:
    case = require_shop(await find_case(db, case_id), shop_id)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/approve", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def approve_shop_case(shop_id: Id, case_id: Id, body: SaidIn, db: DbDep, caller: CallerDep) -> CasePage:
    case = await approve_case(db, case_id, shop_id=shop_id, by=caller.id, said=body.said)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/refuse", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def refuse_shop_case(shop_id: Id, case_id: Id, body: CaseRefuseIn, db: DbDep, caller: CallerDep) -> CasePage:
    case = await refuse_case(db, case_id, shop_id=shop_id, by=caller.id, reason=body.reason, said=body.said)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/accept", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def accept_returned_goods(shop_id: Id, case_id: Id, body: AcceptIn, db: DbDep, caller: CallerDep) -> CasePage:
    """The goods are back and in order."""
    restock = {LineId(line.line_id): line.quantity for line in body.restock}
    case = await accept_goods(db, case_id, shop_id=shop_id, by=caller.id, restock=restock, said=body.said)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/refuse-goods",
    dependencies=[auth.shop_staff, auth.scope("aftersales:write")],
)
async def refuse_returned_goods(shop_id: Id, case_id: Id, body: CaseRefuseIn, db: DbDep, caller: CallerDep) -> CasePage:
    case = await refuse_goods(db, case_id, shop_id=shop_id, by=caller.id, reason=body.reason, said=body.said)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/resend", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def resend_from_shop(
    shop_id: Id, case_id: Id, body: CaseParcelIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> CasePage:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CasePage.model_validate(seen.response)
        case = await resend_goods(
            db,
            case_id,
            shop_id=shop_id,
            by=caller.id,
            carrier=body.carrier,
            tracking_number=body.tracking_number,
        )
        return seen.keep(await present_case(db, case, "shop", caller.locale))


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/perform", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def perform_shop_case(shop_id: Id, case_id: Id, db: DbDep, caller: CallerDep) -> CasePage:
    """Pay what was decided, from the balance and the deposit, before the fund does it in the shop's place."""
    case = await perform_case(db, case_id, shop_id=shop_id, by=caller.id)
    return await present_case(db, case, "shop", caller.locale)


@router.post(
    "/api/shops/{shop_id}/aftersales/{case_id}/evidence", dependencies=[auth.shop_staff, auth.scope("aftersales:write")]
)
async def give_shop_evidence(
    shop_id: Id, case_id: Id, body: EvidenceIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> CasePage:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CasePage.model_validate(seen.response)
        case = await give_evidence(
            db,
            case_id,
            side="shop",
            person_id=caller.id,
            note=body.note,
            picture_ids=body.picture_ids,
            shop_id=shop_id,
        )
        return seen.keep(await present_case(db, case, "shop", caller.locale))


def _terms(terms: ShopTerms) -> ShopTermsWire:
    return ShopTermsWire(
        return_to=None if terms.return_to is None else ReturnAddressWire(**vars(terms.return_to)),
        cover_premium_fen=terms.cover_premium_fen,
        cover_limit_fen=terms.cover_limit_fen,
        price_protection_days=terms.price_protection_days,
    )
