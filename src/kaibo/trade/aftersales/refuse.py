"""The merchant says no, to what is asked or to what came back, with a reason of the list. The buyer may call the platform."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.lookup import lock_case, require_shop
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.aftersales.refusals import ReasonUnfit
from kaibo.trade.orders.model import Order


async def refuse_case(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, reason: str, said: str) -> Case:
    """Before any goods come back; afterwards it is `inspect`. Raises CaseMissing, WrongCaseState, ReasonUnfit."""
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    rules.require_state(case, "refuse", CaseState.ASKED)
    why, rule = "trade.case_why.refused", "agreement"
    return await _refused(db, order, case, by, reason, said, why=why, rule=rule, answered_at=clock.now())


async def refuse_goods(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, reason: str, said: str) -> Case:
    """What came back is not what went out. Raises CaseMissing, WrongCaseState, ReasonUnfit."""
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    rules.require_state(case, "inspect", CaseState.RETURNING)
    why, rule, at = "trade.case_why.goods_refused", "inspection", case.delivered_at or clock.now()
    return await _refused(db, order, case, by, reason, said, why=why, rule=rule, delivered_at=at)


async def _refused(
    db: Db, order: Order, case: Case, by: UUID, reason: str, said: str, *, why: str, rule: str, **changes: datetime
) -> Case:
    if reason not in rules.REFUSALS:
        raise ReasonUnfit(reason=reason, kind=case.kind.value)
    return await move_case(
        db,
        order,
        case,
        CaseState.REFUSED,
        actor="shop",
        actor_id=by,
        why=why,
        rule=rule,
        said=said,
        facts={"refusal": reason},
        period=rulebook.ESCALATE,
        **changes,
    )
