"""An operator decides, with both sides' evidence before them and under a rule they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.money import yuan
from kaibo.trade.aftersales import amounts, rulebook, rules
from kaibo.trade.aftersales.amounts import Amount
from kaibo.trade.aftersales.lookup import balances_of, lock_case
from kaibo.trade.aftersales.model import Case, CaseKind, CaseState, Fault, Outcome
from kaibo.trade.aftersales.perform import carry_out, has_enough
from kaibo.trade.aftersales.record import move_case, write_lines
from kaibo.trade.aftersales.refusals import AmountTooHigh
from kaibo.trade.aftersales.shop_terms import return_address
from kaibo.trade.orders.model import Order


@dataclass(frozen=True)
class Decision:
    """`fen` lowers the refund (None: all of it); `extra_fen` is compensation on top; `goods_back`: the goods return first."""

    outcome: Outcome
    rule: str
    said: str
    fault: Fault
    fen: int | None = None
    extra_fen: int = 0
    goods_back: bool = False


async def decide_case(db: Db, case_id: UUID, decision: Decision, *, by: UUID) -> Case:
    """Carried out at once where the merchant's money is here; else the merchant has rulebook.PERFORM to bring it, and after that
    the fund pays. Raises CaseMissing, WrongCaseState, RuleUnknown, AmountTooHigh.
    """
    rules.check_arbitration_rule(decision.rule)
    order, case = await lock_case(db, case_id)
    rules.require_state(case, "decide", CaseState.ARBITRATION)
    case = replace(case, outcome=decision.outcome, fault=decision.fault)
    if decision.outcome == "refuse":
        return await _move(db, order, case, CaseState.DISMISSED, "trade.case_why.dismissed", decision, by)
    case = await _priced(db, order, case, decision)
    if decision.goods_back and case.sent_at is None:
        case = replace(case, kind=CaseKind.RETURN_REFUND, return_to=await return_address(db, case.shop_id))
        why = "trade.case_why.decided_return"
        return await _move(db, order, case, CaseState.APPROVED, why, decision, by, rulebook.SEND)
    if await has_enough(db, order, case):
        why = "trade.case_why.decided"
        rule, said = decision.rule, decision.said
        return await carry_out(db, order, case, actor="operator", actor_id=by, why=why, rule=rule, said=said)
    why = "trade.case_why.decided_perform"
    return await _move(db, order, case, CaseState.DECIDED, why, decision, by, rulebook.PERFORM)


async def _priced(db: Db, order: Order, case: Case, decision: Decision) -> Case:
    """The case with the lines and amounts that were decided: never more than is left of what was paid."""
    amount = Amount(case.lines, case.explanation)
    if case.full and case.kind is not CaseKind.PRICE_PROTECTION:
        balances = await balances_of(db, order, without=case.id)
        wanted = [(line.line_id, line.quantity) for line in case.lines if line.quantity]
        priced = amounts.money_back(balances, wanted, fault=decision.fault, before_shipping=False)
        skus = {line.line_id: line.exchange_sku_id for line in case.lines}
        lines = tuple(replace(line, exchange_sku_id=skus.get(line.line_id)) for line in priced.lines)
        amount = Amount(lines, priced.steps)
    amount, whole = amounts.lowered(amount, decision.fen)
    fen_max = rules.fraud_compensation(sum(line.total_fen for line in case.lines))
    if decision.extra_fen > fen_max:
        raise AmountTooHigh(fen=decision.extra_fen, fen_max=fen_max, yuan_max=yuan(fen_max))
    await write_lines(db, case, amount.lines)
    return replace(
        case,
        lines=amount.lines,
        explanation=amount.steps,
        refund_fen=amount.total_fen,
        full=case.full and whole,
        extra_fen=decision.extra_fen,
    )


async def _move(
    db: Db,
    order: Order,
    case: Case,
    to: CaseState,
    why: str,
    decision: Decision,
    by: UUID,
    period: rulebook.Period | None = None,
) -> Case:
    rules.require(case, to, "decide")
    return await move_case(
        db,
        order,
        case,
        to,
        actor="operator",
        actor_id=by,
        why=why,
        rule=decision.rule,
        said=decision.said,
        period=period,
        facts={"outcome": decision.outcome, "fen": case.refund_fen, "extra_fen": case.extra_fen},
        answered_at=case.answered_at or clock.now(),
    )
