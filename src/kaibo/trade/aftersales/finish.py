"""The provider has paid a refund of ours."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.trade.aftersales.grant import KEY
from kaibo.trade.aftersales.lookup import lock_case
from kaibo.trade.aftersales.model import CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.contracts import PaymentRefundDone


async def finish_case(db: Db, event: PaymentRefundDone) -> None:
    """refunding -> done. Refunds that are not of a case, and repetitions, change nothing."""
    if not event.key.startswith(KEY):
        return
    order, case = await lock_case(db, UUID(event.key.removeprefix(KEY)))
    if case.state is not CaseState.REFUNDING:
        return
    why, facts = "trade.case_why.done", {"fen": event.fen}
    await move_case(db, order, case, CaseState.DONE, actor="payment", why=why, rule=case.rule, facts=facts)
