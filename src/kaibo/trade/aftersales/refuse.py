"""The merchant says no, with a reason of the list. The buyer may call the platform."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.lookup import lock_case, require_shop
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.aftersales.refusals import ReasonUnfit


async def refuse_case(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, reason: str, said: str) -> Case:
    """Before any goods come back; afterwards it is `inspect`. Raises CaseMissing, WrongCaseState, ReasonUnfit."""
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    rules.require_state(case, "refuse", CaseState.ASKED)
    if reason not in rules.REFUSALS:
        raise ReasonUnfit(reason=reason, kind=case.kind.value)
    return await move_case(
        db,
        order,
        case,
        CaseState.REFUSED,
        actor="shop",
        actor_id=by,
        why="trade.case_why.refused",
        rule="agreement",
        said=said,
        facts={"refusal": reason},
        period=rulebook.ESCALATE,
        answered_at=clock.now(),
    )
