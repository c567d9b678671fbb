"""The case is granted: goods that are to come back are sent for, everything else is refunded at once."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.grant import grant_refund
from kaibo.trade.aftersales.lookup import lock_case, require_shop
from kaibo.trade.aftersales.model import Actor, Case, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.aftersales.refusals import WrongCaseState
from kaibo.trade.aftersales.shop_terms import return_address
from kaibo.trade.orders.model import Order


async def approve_case(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, said: str = "") -> Case:
    """The merchant says yes, also after having refused. Raises CaseMissing, WrongCaseState."""
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    if not {"approve"} & set(rules.actions(case, "shop")):
        raise WrongCaseState(state=case.state.value, action="approve")
    return await take_approval(db, order, case, actor="shop", actor_id=by, rule="agreement", said=said)


async def take_approval(
    db: Db,
    order: Order,
    case: Case,
    *,
    actor: Actor,
    rule: str,
    actor_id: UUID | None = None,
    said: str | None = None,
) -> Case:
    """By whom and under which rule it was granted is the caller's business; the order is locked. Raises WrongCaseState."""
    to = rules.after_approval(case.kind)
    rules.require(case, to, "approve")
    if to is CaseState.REFUNDING:
        why = "trade.case_why.approved"
        return await grant_refund(db, order, case, actor=actor, actor_id=actor_id, why=why, rule=rule, said=said)
    return await move_case(
        db,
        order,
        case,
        to,
        actor=actor,
        actor_id=actor_id,
        why="trade.case_why.approved_return",
        rule=rule,
        said=said,
        period=rulebook.SEND,
        return_to=await return_address(db, case.shop_id),
        answered_at=case.answered_at or clock.now(),
    )
