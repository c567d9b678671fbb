"""The buyer calls the platform."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.lookup import lock_case, require_buyer
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.record import move_case


async def escalate_case(db: Db, case_id: UUID, *, buyer_id: UUID, said: str) -> Case:
    """After a refusal, or where a replacement is wrong. Raises CaseMissing, WrongCaseState."""
    order, case = await lock_case(db, case_id)
    require_buyer(case, buyer_id)
    if case.state is CaseState.ARBITRATION:
        return case
    rules.require(case, CaseState.ARBITRATION, "escalate")
    return await move_case(
        db,
        order,
        case,
        CaseState.ARBITRATION,
        actor="buyer",
        actor_id=buyer_id,
        why="trade.case_why.escalated",
        rule="law_consumer_44",
        said=said,
        period=rulebook.ARBITRATE,
    )
