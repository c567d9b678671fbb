"""What a buyer does after the sale: ask, send back, add evidence, call the platform, let it be."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.goods.contracts import SkuId
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.trade.aftersales import offer as offers
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.escalate import escalate_case
from kaibo.trade.aftersales.evidence import give_evidence
from kaibo.trade.aftersales.lookup import Which, count_by_state, find_case, list_cases, require_buyer
from kaibo.trade.aftersales.model import CaseState
from kaibo.trade.aftersales.open_case import Wish, estimate, open_case
from kaibo.trade.aftersales.resend import confirm_resent
from kaibo.trade.aftersales.send_back import send_back
from kaibo.trade.aftersales.wire import (
    CaseCounts,
    CasePage,
    CaseWire,
    EscalateIn,
    EstimateWire,
    EvidenceIn,
    KindOption,
    LineOption,
    OpenIn,
    Options,
    ReasonWire,
    SaidIn,
    SendBackIn,
    WishIn,
)
from kaibo.trade.aftersales.withdraw import withdraw_case
from kaibo.trade.contracts import LineId, OrderState
from kaibo.trade.http.aftersales_present import present_case, present_cases, present_rule, present_steps
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.lookup import require_buyer as require_buyer_of_order

router = APIRouter(tags=["aftersales"])


@router.get("/api/aftersales/options", dependencies=[auth.signed_in])
async def aftersales_options(order_id: Id, db: DbDep, caller: CallerDep) -> Options:
    """What can be asked for about an order of the caller's, and what each line still gives back."""
    order = require_buyer_of_order(await find_order(db, order_id), caller.id)
    found = await offers.offer(db, order)
    left = {balance.line_id: balance for balance in found.balances}
    return Options(
        order_id=order.id,
        order_number=order.number,
        shipped=order.state is not OrderState.PAID,
        lines=[
            LineOption(
                line_id=line.id,
                title=line.title,
                sku_name=line.sku_name,
                picture_url=line.picture_url,
                product_id=line.product_id,
                sku_id=line.sku_id,
                quantity=line.quantity,
                left=left[line.id].left_quantity,
                paid_fen=line.paid_fen,
                left_fen=left[line.id].left_goods_fen,
            )
            for line in order.lines
        ],
        kinds=[
            KindOption(
                kind=one.kind,
                offered=one.refused is None,
                refused=None if one.refused is None else say(f"trade.not_offered.{one.refused}", caller.locale, {}),
                reasons=[
                    ReasonWire(
                        key=key,
                        words=say(f"trade.reason.{key}", caller.locale, {}),
                        picture=rules.REASONS[key].picture,
                        fault=rules.REASONS[key].fault,
                    )
                    for key in one.reasons
                ],
            )
            for one in found.kinds
        ],
        seven_days_until=found.seven_days_until,
        cover_limit_fen=found.cover_limit_fen,
        open_case_ids=[case.id for case in found.open_cases],
    )


@router.post("/api/aftersales/estimate", dependencies=[auth.signed_in, limited("240/minute")])
async def aftersales_estimate(body: WishIn, db: DbDep, caller: CallerDep) -> EstimateWire:
    """What a wish would give back and why. Nothing is written."""
    found = await estimate(db, body.order_id, caller.id, _wish(body))
    return EstimateWire(
        refund_fen=found.amount.total_fen,
        full=found.full,
        steps=present_steps(found.amount.steps, caller.locale),
        at_once=None if found.granted_at_once is None else present_rule(found.granted_at_once, caller.locale),
    )


@router.post("/api/aftersales", status_code=201, dependencies=[auth.signed_in, limited("30/minute")])
async def open_aftersales(body: OpenIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> CasePage:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CasePage.model_validate(seen.response)
        case = await open_case(db, body.order_id, caller.id, _wish(body))
        return seen.keep(await present_case(db, case, "buyer", caller.locale))


@router.get("/api/aftersales", dependencies=[auth.signed_in])
async def my_aftersales(
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    order_id: Id | None = None,
    open: Annotated[bool, Query()] = False,
) -> Page[CaseWire]:
    """Newest first. `open`: only what is not closed."""
    which = Which(buyer_id=caller.id, order_id=order_id, open=open)
    found = await list_cases(db, which, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[CaseWire](items=await present_cases(db, shown, "buyer", caller.locale), next_cursor=page.next(found))


@router.get("/api/aftersales/counts", dependencies=[auth.signed_in])
async def my_aftersales_counts(db: DbDep, caller: CallerDep) -> CaseCounts:
    found = await count_by_state(db, Which(buyer_id=caller.id, open=True))
    yours = {CaseState.APPROVED, CaseState.REFUSED, CaseState.RESENDING}
    return CaseCounts(open=sum(found.values()), yours=sum(found.get(state, 0) for state in yours))


@router.get("/api/aftersales/{case_id}", dependencies=[auth.signed_in])
async def my_case(case_id: Id, db: DbDep, caller: CallerDep) -> CasePage:
    case = require_buyer(await find_case(db, case_id), caller.id)
    return await present_case(db, case, "buyer", caller.locale)


@router.post("/api/aftersales/{case_id}/withdraw", dependencies=[auth.signed_in])
async def withdraw_my_case(case_id: Id, body: SaidIn, db: DbDep, caller: CallerDep) -> CasePage:
    case = await withdraw_case(db, case_id, buyer_id=caller.id, said=body.said)
    return await present_case(db, case, "buyer", caller.locale)


@router.post("/api/aftersales/{case_id}/send-back", dependencies=[auth.signed_in])
async def send_my_goods_back(case_id: Id, body: SendBackIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> CasePage:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CasePage.model_validate(seen.response)
        case = await send_back(
            db,
            case_id,
            buyer_id=caller.id,
            carrier=body.carrier,
            tracking_number=body.tracking_number,
            freight_fen=body.freight_fen,
        )
        return seen.keep(await present_case(db, case, "buyer", caller.locale))


@router.post("/api/aftersales/{case_id}/confirm", dependencies=[auth.signed_in])
async def confirm_my_replacement(case_id: Id, db: DbDep, caller: CallerDep) -> CasePage:
    """The replacement or the repaired piece has come; repeating it changes nothing."""
    case = await confirm_resent(db, case_id, buyer_id=caller.id)
    return await present_case(db, case, "buyer", caller.locale)


@router.post("/api/aftersales/{case_id}/escalate", dependencies=[auth.signed_in])
async def escalate_my_case(case_id: Id, body: EscalateIn, db: DbDep, caller: CallerDep) -> CasePage:
    """Call the platform; repeating it changes nothing."""
    case = await escalate_case(db, case_id, buyer_id=caller.id, said=body.said)
    return await present_case(db, case, "buyer", caller.locale)


@router.post("/api/aftersales/{case_id}/evidence", dependencies=[auth.signed_in, limited("60/minute")])
async def give_my_evidence(case_id: Id, body: EvidenceIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> CasePage:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CasePage.model_validate(seen.response)
        case = await give_evidence(
            db,
            case_id,
            side="buyer",
            person_id=caller.id,
            note=body.note,
            picture_ids=body.picture_ids,
            shop_id=None,
        )
        return seen.keep(await present_case(db, case, "buyer", caller.locale))


def _wish(body: WishIn) -> Wish:
    more = {}
    if isinstance(body, OpenIn):
        more = {"said": body.said, "picture_ids": tuple(body.picture_ids)}
    return Wish(
        kind=body.kind,
        reason=body.reason,
        lines=tuple((LineId(line.line_id), line.quantity) for line in body.lines),
        fen=body.fen,
        exchange_skus=tuple(
            (LineId(line.line_id), SkuId(line.exchange_sku_id)) for line in body.lines if line.exchange_sku_id
        ),
        **more,  # type: ignore[arg-type]
    )
