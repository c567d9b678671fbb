"""Cases as JSON, for the one who looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.money import yuan
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.evidence import source_evidence
from kaibo.trade.aftersales.lookup import evidence_of, history_of
from kaibo.trade.aftersales.model import Case, CaseStep, Side
from kaibo.trade.aftersales.progress import progress
from kaibo.trade.aftersales.wire import (
    AmountStepWire,
    CaseLineWire,
    CasePage,
    CaseParcelWire,
    CaseStepWire,
    CaseWire,
    EvidenceWire,
    ProgressWire,
    ReplayEvidence,
    ReturnAddressWire,
    RuleWire,
)
from kaibo.trade.orders.lookup import find_order, find_orders
from kaibo.trade.orders.model import Order
from kaibo.trade.shipping import carriers


async def present_cases(db: Db, cases: Sequence[Case], side: Side, locale: Locale) -> list[CaseWire]:
    """One more statement for the orders and one for exchanged SKUs, however many cases."""
    orders = await find_orders(db, [case.order_id for case in cases])
    names = await _sku_names(db, cases)
    return [CaseWire(**_fields(case, orders[case.order_id], side, locale, names)) for case in cases]


async def present_case(db: Db, case: Case, side: Side, locale: Locale) -> CasePage:
    order = await find_order(db, case.order_id)
    history = await history_of(db, case.id)
    shown = await source_evidence(db, order)
    return CasePage(
        **_fields(case, order, side, locale, await _sku_names(db, [case])),
        buyer_nickname=order.buyer_nickname,
        steps=present_steps(case.explanation, locale),
        progress=[
            ProgressWire(key=one.state.value, words=_state_words(one.state.value, locale), state=one.mark, at=one.at)
            for one in progress(case, history)
        ],
        history=[_step(step, locale) for step in history],
        evidence=[EvidenceWire(**vars(one)) for one in await evidence_of(db, case.id)],
        replay=None if shown is None else ReplayEvidence(**vars(shown)),
        return_to=None if case.return_to is None else ReturnAddressWire(**vars(case.return_to)),
        returned=_parcel(case.return_carrier, case.return_number, case.sent_at, locale),
        delivered_at=case.delivered_at,
        return_freight_fen=case.return_freight_fen,
        return_freight_by=case.return_freight_by,
        resent=_parcel(case.resend_carrier, case.resend_number, case.resent_at, locale),
        order_total_fen=order.total_fen,
        order_refunded_fen=order.refunded_fen,
    )


def present_rule(rule: str, locale: Locale) -> RuleWire | None:
    found = rulebook.RULES.get(rule)
    if found is None:
        return None
    return RuleWire(
        id=found.id, words=say(f"trade.rule.{found.id}", locale, {}), source=found.source, status=found.status
    )


def present_steps(steps: Sequence[Mapping[str, Any]], locale: Locale) -> list[AmountStepWire]:
    """The explanation of an amount, a sentence a step."""
    return [
        AmountStepWire(fen=int(step["fen"]), words=say(f"trade.aftersales_step.{step['step']}", locale, _facts(step)))
        for step in steps
    ]


def _facts(step: Mapping[str, Any]) -> dict[str, Any]:
    return {**step, "yuan": yuan(int(step.get("fen", 0)))}


def _fields(case: Case, order: Order, side: Side, locale: Locale, names: Mapping[UUID, str]) -> dict[str, Any]:
    by_id = {line.id: line for line in order.lines}
    return {
        "id": case.id,
        "number": case.number,
        "order_id": case.order_id,
        "order_number": order.number,
        "shop_id": case.shop_id,
        "shop_name": order.shop_name,
        "kind": case.kind,
        "state": case.state,
        "reason": case.reason,
        "reason_words": say(f"trade.reason.{case.reason}", locale, {}),
        "fault": case.fault,
        "said": case.said,
        "lines": [
            CaseLineWire(
                line_id=line.line_id,
                title=by_id[line.line_id].title,
                sku_name=by_id[line.line_id].sku_name,
                picture_url=by_id[line.line_id].picture_url,
                quantity=line.quantity,
                fen=line.fen,
                freight_fen=line.freight_fen,
                exchange_sku_name=names.get(line.exchange_sku_id) if line.exchange_sku_id else None,
            )
            for line in case.lines
        ],
        "refund_fen": case.refund_fen,
        "extra_fen": case.extra_fen,
        "advanced_fen": case.advanced_fen,
        "outcome": case.outcome,
        "created_at": case.created_at,
        "deadline": case.deadline,
        "deadline_words": _deadline_words(case, locale),
        "waits_for": rules.waits_for(case.state),
        "closed_at": case.closed_at,
        "actions": rules.actions(case, side),
    }


def _deadline_words(case: Case, locale: Locale) -> str | None:
    return None if case.deadline_rule is None else say(f"trade.rule.{case.deadline_rule}", locale, {})


def _state_words(state: str, locale: Locale) -> str:
    return say(f"trade.case_state.{state}", locale, {})


def _step(step: CaseStep, locale: Locale) -> CaseStepWire:
    facts = dict(step.facts)
    words = say(step.why, locale, {"yuan": yuan(int(facts.get("fen", 0)))})
    if "refusal" in facts:
        reason = say(f"trade.refusal.{facts['refusal']}", locale, {})
        words = f"{words}{'：' if locale == 'zh' else ': '}{reason}"
    return CaseStepWire(
        at=step.at,
        state=step.state,
        actor=step.actor,
        why=words,
        said=step.said,
        rule=present_rule(step.rule, locale),
    )


def _parcel(carrier: str | None, number: str | None, at: datetime | None, locale: Locale) -> CaseParcelWire | None:
    if carrier is None or number is None or at is None:
        return None
    name = carriers.name(carrier, locale)
    return CaseParcelWire(carrier=carrier, carrier_name=name, tracking_number=number, at=at)


async def _sku_names(db: Db, cases: Sequence[Case]) -> dict[UUID, str]:
    wanted = {line.exchange_sku_id for case in cases for line in case.lines if line.exchange_sku_id is not None}
    return {sku.id: sku.name for sku in (await goods.skus(db, wanted)).values()} if wanted else {}
