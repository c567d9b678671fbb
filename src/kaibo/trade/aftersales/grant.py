"""Give the money back: the lines' balances, the shares of a settled order, the stock of what never left, and the promise to the
buyer, in one transaction. A line can never give back more than was paid for it; PostgreSQL checks that too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.model import Actor, Case, CaseKind, CaseLine, CaseState
from kaibo.trade.aftersales.record import move_case, write_lines
from kaibo.trade.aftersales.way_back import pay_way_back
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.tables import order_lines
from kaibo.trade.payment.refund import promise_refund
from kaibo.trade.points.give_back import lock_points, points_after_refund
from kaibo.trade.settlement.take_back import take_back
from kaibo.trade.shipping.ship import complete_shipping

KEY = "aftersales:"
"""Keys of our refunds at the payment begin with this, then the case's id."""


async def grant_refund(
    db: Db,
    order: Order,
    case: Case,
    *,
    actor: Actor,
    why: str,
    rule: str,
    actor_id: UUID | None = None,
    said: str | None = None,
    lines: Sequence[CaseLine] | None = None,
    **changes: Any,
) -> Case:
    """The case goes to `refunding`; the provider tells when it is `done`. `lines` where other amounts are granted than asked.

    The order is locked. Raises WrongCaseState.
    """
    rules.require(case, CaseState.REFUNDING, "refund")
    await lock_points(db, order)
    if lines is not None:
        case = replace(case, lines=tuple(lines))
        await write_lines(db, case, case.lines)
    case = replace(case, refund_fen=sum(line.total_fen for line in case.lines))
    await _count_lines(db, case)
    if case.before_shipping:
        await _put_back(db, order, case)
        # What is left may be on its way already; before the promise, for an order that is shipped in part is not closed by it.
        order = await complete_shipping(db, await find_order(db, order.id))
    if order.state is OrderState.SETTLED and case.refund_fen:
        back = [(line.line_id, line.fen) for line in case.lines if line.fen]
        freight_fen = sum(line.freight_fen for line in case.lines)
        await take_back(db, order, key=f"{KEY}{case.id}", line_refunds=back, freight_fen=freight_fen, by=actor)
    if case.refund_fen:
        key, reason = f"{KEY}{case.id}", case.number
        await promise_refund(db, order, key=key, fen=case.refund_fen, reason=reason, by=actor)
    paid_by = await pay_way_back(db, case)
    case = await move_case(
        db,
        order,
        replace(case, answered_at=case.answered_at or clock.now(), **paid_by),
        CaseState.REFUNDING,
        actor=actor,
        actor_id=actor_id,
        why=why,
        rule=rule,
        said=said,
        facts={"fen": case.refund_fen},
        **changes,
    )
    if case.refund_fen:
        return case
    # Nothing goes through the payment provider: what was decided beyond the payment has been promised already.
    await points_after_refund(db, await find_order(db, order.id))
    return await move_case(db, order, case, CaseState.DONE, actor="system", why="trade.case_why.done", rule=rule)


async def _count_lines(db: Db, case: Case) -> None:
    counts = case.full and case.kind is not CaseKind.PRICE_PROTECTION
    for line in sorted(case.lines, key=lambda line: line.line_id):
        pieces = line.quantity if counts else 0
        never_shipped = pieces if case.before_shipping else 0
        counted = {
            "refunded_fen": order_lines.c.refunded_fen + line.total_fen,
            "refunded_quantity": order_lines.c.refunded_quantity + pieces,
            "refunded_unshipped_quantity": order_lines.c.refunded_unshipped_quantity + never_shipped,
        }
        await db.execute(update(order_lines).where(order_lines.c.id == line.line_id).values(counted))


async def _put_back(db: Db, order: Order, case: Case) -> None:
    """What never left the shop is on sale again."""
    skus = {line.id: line.sku_id for line in order.lines}
    pieces = [(skus[line.line_id], line.quantity) for line in case.lines if line.quantity]
    if case.full and pieces:
        await goods.put_back_pieces(db, order.id, pieces)
