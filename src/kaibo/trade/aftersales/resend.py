"""Exchange and repair: the merchant sends the replacement, or the repaired piece; the buyer says that it came."""

from __future__ import annotations

from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.lookup import lock_case, require_buyer, require_shop
from kaibo.trade.aftersales.model import Case, CaseKind, CaseState
from kaibo.trade.aftersales.record import move_case
from kaibo.trade.orders.model import Order
from kaibo.trade.shipping import carriers


async def resend_goods(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID, carrier: str, tracking_number: str) -> Case:
    """A replacement is taken out of stock. Raises CaseMissing, WrongCaseState, UnknownCarrier, BadTrackingNumber, OutOfStock."""
    number = carriers.check(carrier, tracking_number)
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    rules.require(case, CaseState.RESENDING, "resend")
    if case.kind is CaseKind.EXCHANGE:
        await goods.take_pieces(db, order.id, _replacements(order, case))
    return await move_case(
        db,
        order,
        case,
        CaseState.RESENDING,
        actor="shop",
        actor_id=by,
        why="trade.case_why.resent",
        rule=case.rule,
        said=f"{carriers.name(carrier)} {number}",
        period=rulebook.CONFIRM,
        resend_carrier=carrier,
        resend_number=number,
        resent_at=clock.now(),
    )


def _replacements(order: Order, case: Case) -> list[tuple[UUID, int]]:
    skus: dict[UUID, UUID] = {line.id: line.sku_id for line in order.lines}
    return [(line.exchange_sku_id or skus[line.line_id], line.quantity) for line in case.lines if line.quantity]


async def confirm_resent(db: Db, case_id: UUID, *, buyer_id: UUID) -> Case:
    """Raises CaseMissing, WrongCaseState."""
    order, case = await lock_case(db, case_id)
    require_buyer(case, buyer_id)
    if case.state is CaseState.DONE:
        return case
    rules.require_state(case, "confirm", CaseState.RESENDING)
    why = "trade.case_why.resent_came"
    return await move_case(db, order, case, CaseState.DONE, actor="buyer", actor_id=buyer_id, why=why, rule="agreement")
