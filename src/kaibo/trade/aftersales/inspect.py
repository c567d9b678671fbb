"""The goods are back and the merchant has looked at them: accepted, with what goes back on sale, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.grant import grant_refund
from kaibo.trade.aftersales.lookup import lock_case, require_shop
from kaibo.trade.aftersales.model import Actor, Case, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.aftersales.refusals import LineUnknown, RestockTooMany, WrongCaseState
from kaibo.trade.contracts import LineId
from kaibo.trade.orders.model import Order


async def accept_goods(
    db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, restock: Mapping[LineId, int], said: str = ""
) -> Case:
    """`restock` says how many pieces of a line can be sold again. Also after a refusal, before anybody has decided otherwise.

    Raises CaseMissing, WrongCaseState, LineUnknown, RestockTooMany.
    """
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    if not {"inspect", "accept"} & set(rules.actions(case, "shop")):
        raise WrongCaseState(state=case.state.value, action="inspect")
    await _restock(db, order, case, restock)
    case = replace(case, delivered_at=case.delivered_at or clock.now())
    return await take_acceptance(db, order, case, actor="shop", actor_id=by, rule="inspection", said=said)


async def take_acceptance(
    db: Db,
    order: Order,
    case: Case,
    *,
    actor: Actor,
    rule: str,
    actor_id: UUID | None = None,
    said: str | None = None,
) -> Case:
    """The money goes back, or the merchant sends another piece. The order is locked."""
    if rules.after_inspection(case.kind) is CaseState.REFUNDING:
        why = "trade.case_why.accepted"
        return await grant_refund(db, order, case, actor=actor, actor_id=actor_id, why=why, rule=rule, said=said)
    rules.require(case, CaseState.INSPECTED, "inspect")
    return await move_case(
        db,
        order,
        case,
        CaseState.INSPECTED,
        actor=actor,
        actor_id=actor_id,
        why="trade.case_why.accepted_resend",
        rule=rule,
        said=said,
        period=rulebook.RESEND,
    )


async def _restock(db: Db, order: Order, case: Case, restock: Mapping[LineId, int]) -> None:
    returned = {line.line_id: line.quantity for line in case.lines}
    skus = {line.id: line.sku_id for line in order.lines}
    for line_id, quantity in restock.items():
        if line_id not in returned:
            raise LineUnknown(line_id=str(line_id))
        if quantity > returned[line_id]:
            raise RestockTooMany(line_id=str(line_id), quantity=quantity, quantity_max=returned[line_id])
    pieces = [(skus[line_id], quantity) for line_id, quantity in restock.items() if quantity]
    if pieces:
        await goods.put_back_pieces(db, order.id, pieces)
