"""The buyer has handed the goods to a carrier."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.lookup import lock_case, require_buyer
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.aftersales.track_return import follow_return
from kaibo.trade.shipping import carriers


async def send_back(
    db: Db, case_id: UUID, *, buyer_id: UUID, carrier: str, tracking_number: str, freight_fen: int
) -> Case:
    """`freight_fen` is what the way back cost the buyer. Raises CaseMissing, WrongCaseState, UnknownCarrier, BadTrackingNumber."""
    number = carriers.check(carrier, tracking_number)
    order, case = await lock_case(db, case_id)
    require_buyer(case, buyer_id)
    rules.require(case, CaseState.RETURNING, "send_back")
    sent = await move_case(
        db,
        order,
        case,
        CaseState.RETURNING,
        actor="buyer",
        actor_id=buyer_id,
        why="trade.case_why.sent_back",
        rule=case.rule,
        said=f"{carriers.name(carrier)} {number}",
        period=rulebook.ARRIVE,
        return_carrier=carrier,
        return_number=number,
        return_freight_fen=freight_fen,
        sent_at=clock.now(),
    )
    await follow_return(db, sent)
    return sent
