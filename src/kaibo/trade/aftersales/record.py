"""Writing what happened to a case: its row, history line, clock, its order's count of open cases and its event, together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.model import Actor, Case, CaseLine, CaseState
from kaibo.trade.aftersales.rulebook import Period
from kaibo.trade.aftersales.tables import case_history, case_lines, cases
from kaibo.trade.contracts import AftersalesClosed, AftersalesMoved, AftersalesOpened, OrderState
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.orders.rules import due
from kaibo.trade.orders.tables import orders
from kaibo.trade.orders.terms import terms

DEADLINE = "trade.aftersales.deadline"
_ELSEWHERE = {"lines", "state", "kind", "return_to", "explanation"}


async def insert_case(db: Db, case: Case) -> None:
    await db.execute(cases.insert().values(_values(case)))
    await _insert_lines(db, case)
    await db.execute(update(orders).where(orders.c.id == case.order_id).values(open_cases=orders.c.open_cases + 1))


async def _insert_lines(db: Db, case: Case) -> None:
    rows = [asdict(line) | {"case_id": case.id} for line in case.lines]
    await db.execute(case_lines.insert(), rows)


async def write_lines(db: Db, case: Case, lines: Sequence[CaseLine]) -> None:
    """Less, or more, than was asked for has been granted."""
    await db.execute(case_lines.delete().where(case_lines.c.case_id == case.id))
    await _insert_lines(db, replace(case, lines=tuple(lines)))


def _values(case: Case) -> dict[str, Any]:
    values = {name: value for name, value in vars(case).items() if name not in _ELSEWHERE}
    return values | {
        "state": case.state.value,
        "kind": case.kind.value,
        "return_to": None if case.return_to is None else asdict(case.return_to),
        "explanation": [dict(step) for step in case.explanation],
    }


async def move_case(
    db: Db,
    order: Order,
    case: Case,
    to: CaseState,
    *,
    actor: Actor,
    why: str,
    rule: str,
    actor_id: UUID | None = None,
    said: str | None = None,
    period: Period | None = None,
    facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Case:
    """The case in its next state. `period` starts its clock; without one it has no deadline. The order is locked.

    Who may do this and whether `to` may follow has been checked before.
    """
    now = clock.now()
    deadline = None if period is None else due(now, period.seconds, terms())
    moved = replace(
        case,
        state=to,
        rule=rule,
        deadline=deadline,
        deadline_rule=None if period is None else period.rule,
        closed_at=now if to in rules.FINAL else None,
        **changes,
    )
    await db.execute(update(cases).where(cases.c.id == case.id).values(_values(moved)))
    await note_step(db, moved, actor=actor, actor_id=actor_id, why=why, rule=rule, said=said, facts=facts)
    await set_clock(db, moved)
    if case.state in rules.UNDECIDED and to not in rules.UNDECIDED:
        await _one_case_less(db, order)
    event = AftersalesClosed if to in rules.FINAL else AftersalesMoved
    await publish(db, event(**_about(moved, actor)))
    return moved


async def note_step(
    db: Db,
    case: Case,
    *,
    actor: Actor,
    why: str,
    rule: str,
    actor_id: UUID | None = None,
    said: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """One line of the case's history: who, why, which rule."""
    await db.execute(
        case_history.insert().values(
            case_id=case.id,
            at=clock.now(),
            state=case.state.value,
            actor=actor,
            actor_id=actor_id,
            why=why,
            rule=rule,
            said=said or None,
            facts=dict(facts or {}),
        )
    )


async def change_case(db: Db, case: Case) -> None:
    """Write a case whose state stays what it was, and set its clock anew."""
    await db.execute(update(cases).where(cases.c.id == case.id).values(_values(case)))
    await set_clock(db, case)


async def set_clock(db: Db, case: Case) -> None:
    if case.deadline is None:
        await timers.cancel_timer(db, kind=DEADLINE, key=str(case.id))
    else:
        await timers.set_timer(db, kind=DEADLINE, key=str(case.id), due_at=case.deadline)


async def _one_case_less(db: Db, order: Order) -> None:
    """The last open case is decided: a settlement that waited for it may go on."""
    o = orders
    counted = update(o).where(o.c.id == order.id).values(open_cases=o.c.open_cases - 1).returning(o.c.open_cases)
    left = (await db.execute(counted)).scalar_one()
    if left == 0 and order.state is OrderState.RECEIVED and order.after_sales_until is not None:
        due_at = max(order.after_sales_until, clock.now())
        await timers.set_timer(db, kind=SETTLE, key=str(order.id), due_at=due_at)


async def tell_opened(db: Db, case: Case) -> None:
    await publish(db, AftersalesOpened(**_about(case, "buyer")))


def _about(case: Case, actor: Actor) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "number": case.number,
        "order_id": case.order_id,
        "shop_id": case.shop_id,
        "buyer_id": case.buyer_id,
        "kind": case.kind.value,
        "state": case.state.value,
        "refund_fen": case.refund_fen,
        "extra_fen": case.extra_fen,
        "actor": actor,
        "rule": case.rule,
        "at": clock.now(),
    }
