"""A deadline was missed: the case decides itself, for the side that did what it had to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.approve import take_approval
from kaibo.trade.aftersales.grant import grant_refund
from kaibo.trade.aftersales.inspect import take_acceptance
from kaibo.trade.aftersales.lookup import lock_case_if_free
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.perform import perform_by_fund
from kaibo.trade.aftersales.record import DEADLINE, move_case
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.timers import AGAIN_SECONDS


async def decide_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.aftersales.deadline`. A case that is being worked on is looked at again a second later."""
    found = await lock_case_if_free(db, UUID(key))
    if found is None:
        due_at = clock.now() + timedelta(seconds=AGAIN_SECONDS)
        await timers.set_timer(db, kind=DEADLINE, key=key, due_at=due_at)
        return
    order, case = found
    if case.deadline is None or case.deadline > clock.now():
        return
    await _decide(db, order, case, case.deadline_rule or case.rule)


async def _decide(db: Db, order: Order, case: Case, rule: str) -> None:
    """Whoever let the time pass bears it. An arbitration waits: an operator's delay decides nothing."""
    match case.state:
        case CaseState.ASKED:
            await take_approval(db, order, case, actor="system", rule=rule)
        case CaseState.RETURNING:
            await take_acceptance(db, order, case, actor="system", rule=rule)
        case CaseState.INSPECTED:
            why = "trade.case_why.not_resent"
            await grant_refund(db, order, case, actor="system", why=why, rule=rule)
        case CaseState.RESENDING:
            why = "trade.case_why.resent_came"
            await move_case(db, order, case, CaseState.DONE, actor="system", why=why, rule=rule)
        case CaseState.APPROVED | CaseState.REFUSED:
            rules.require(case, CaseState.EXPIRED, "expire")
            why = "trade.case_why.expired"
            await move_case(db, order, case, CaseState.EXPIRED, actor="system", why=why, rule=rule)
        case CaseState.DECIDED:
            await perform_by_fund(db, order, case)
        case _:
            return
