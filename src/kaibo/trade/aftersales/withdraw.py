"""The buyer lets it be. The pieces can be asked for again while their time lasts."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.lookup import lock_case, require_buyer
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.record import move_case


async def withdraw_case(db: Db, case_id: UUID, *, buyer_id: UUID, said: str = "") -> Case:
    """Withdrawing again changes nothing. Raises CaseMissing, WrongCaseState."""
    order, case = await lock_case(db, case_id)
    require_buyer(case, buyer_id)
    if case.state is CaseState.WITHDRAWN:
        return case
    rules.require(case, CaseState.WITHDRAWN, "withdraw")
    why, rule = "trade.case_why.withdrawn", "buyer_withdraws"
    return await move_case(
        db, order, case, CaseState.WITHDRAWN, actor="buyer", actor_id=buyer_id, why=why, rule=rule, said=said
    )
