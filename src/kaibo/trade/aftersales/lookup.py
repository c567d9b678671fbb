"""Reading cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from kaibo.goods import facade as goods
from kaibo.goods.contracts import PictureId, SkuId
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.amounts import Balance
from kaibo.trade.aftersales.model import (
    Case,
    CaseId,
    CaseKind,
    CaseLine,
    CaseState,
    CaseStep,
    Evidence,
    ReturnAddress,
)
from kaibo.trade.aftersales.refusals import CaseMissing
from kaibo.trade.aftersales.tables import case_evidence, case_history, case_lines, cases
from kaibo.trade.contracts import LineId, OrderId
from kaibo.trade.orders.lookup import lock_if_free, lock_order
from kaibo.trade.orders.model import Order

_UNDECIDED = [state.value for state in rules.UNDECIDED]


async def lock_case(db: Db, case_id: UUID) -> tuple[Order, Case]:
    """The case and its order, both locked, the order first: every action on a case begins here. Raises CaseMissing."""
    order_id = await db.scalar(select(cases.c.order_id).where(cases.c.id == case_id))
    if order_id is None:
        raise CaseMissing(case_id=str(case_id))
    order = await lock_order(db, order_id)
    return order, await find_case(db, case_id)


async def lock_case_if_free(db: Db, case_id: UUID) -> tuple[Order, Case] | None:
    """Like lock_case, but None where somebody else is at the order."""
    order_id = await db.scalar(select(cases.c.order_id).where(cases.c.id == case_id))
    if order_id is None:
        raise CaseMissing(case_id=str(case_id))
    order = await lock_if_free(db, order_id)
    return None if order is None else (order, await find_case(db, case_id))


async def find_case(db: Db, case_id: UUID) -> Case:
    """Raises CaseMissing."""
    row = (await db.execute(select(cases).where(cases.c.id == case_id))).one_or_none()
    if row is None:
        raise CaseMissing(case_id=str(case_id))
    return (await _with_lines(db, [row]))[0]


def require_buyer(case: Case, person_id: UUID) -> Case:
    """Somebody else's case does not exist for this person. Raises CaseMissing."""
    if case.buyer_id != person_id:
        raise CaseMissing(case_id=str(case.id))
    return case


def require_shop(case: Case, shop_id: UUID) -> Case:
    """Raises CaseMissing."""
    if case.shop_id != shop_id:
        raise CaseMissing(case_id=str(case.id))
    return case


@dataclass(frozen=True)
class Which:
    """A filter of cases. `open` leaves out what is closed, `arbitrated` all but what an operator decided; `q` is the beginning of
    a case or order number, or the number of a return parcel.
    """

    buyer_id: UUID | None = None
    shop_id: UUID | None = None
    order_id: UUID | None = None
    states: tuple[CaseState, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    open: bool = False
    arbitrated: bool = False
    q: str = ""


async def list_cases(db: Db, which: Which, *, before: UUID | None, limit: int) -> list[Case]:
    """Newest first."""
    where = _conditions(which)
    if before is not None:
        where.append(cases.c.id < before)
    rows = (await db.execute(select(cases).where(and_(True, *where)).order_by(cases.c.id.desc()).limit(limit))).all()
    return await _with_lines(db, rows)


async def queue_cases(db: Db, which: Which, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Case]:
    """What is due first comes first; `after` is deadline and id of the last case of the page before. Only cases with a deadline."""
    # A closed case has no deadline; said here too, because the index of the queues holds open cases only.
    where = [*_conditions(which), cases.c.deadline.is_not(None), cases.c.closed_at.is_(None)]
    if after is not None:
        at, case_id = after
        where.append(or_(cases.c.deadline > at, and_(cases.c.deadline == at, cases.c.id > case_id)))
    query = select(cases).where(and_(True, *where)).order_by(cases.c.deadline, cases.c.id).limit(limit)
    return await _with_lines(db, (await db.execute(query)).all())


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    c = cases.c
    found: list[ColumnElement[bool]] = []
    if which.buyer_id is not None:
        found.append(c.buyer_id == which.buyer_id)
    if which.shop_id is not None:
        found.append(c.shop_id == which.shop_id)
    if which.order_id is not None:
        found.append(c.order_id == which.order_id)
    if which.states:
        found.append(c.state.in_([state.value for state in which.states]))
    if which.kinds:
        found.append(c.kind.in_([kind.value for kind in which.kinds]))
    if which.open:
        found.append(c.closed_at.is_(None))
    if which.arbitrated:
        found.append(c.outcome.is_not(None))
    if q := which.q.strip():
        # A case's number begins with its order's.
        found.append(or_(c.number.startswith(q, autoescape=True), c.return_number == q.upper()))
    return found


async def count_by_state(db: Db, which: Which) -> dict[CaseState, int]:
    query = select(cases.c.state, func.count()).where(and_(True, *_conditions(which))).group_by(cases.c.state)
    return {CaseState(state): int(number) for state, number in await db.execute(query)}


async def balances_of(db: Db, order: Order, *, without: CaseId | None = None) -> list[Balance]:
    """What is left of each line of a locked order: refunded pieces and those of open cases (but of `without`) are gone."""
    held: dict[UUID, tuple[int, int]] = {}
    query = (
        select(
            case_lines.c.line_id,
            cases.c.kind,
            func.sum(case_lines.c.quantity).label("quantity"),
            func.sum(case_lines.c.fen + case_lines.c.freight_fen).label("fen"),
        )
        .join(cases, cases.c.id == case_lines.c.case_id)
        .where(cases.c.order_id == order.id, cases.c.state.in_(_UNDECIDED))
        .group_by(case_lines.c.line_id, cases.c.kind)
    )
    if without is not None:
        query = query.where(cases.c.id != without)
    for row in await db.execute(query):
        pieces, fen = held.get(row.line_id, (0, 0))
        more = 0 if row.kind == CaseKind.PRICE_PROTECTION.value else int(row.quantity)  # nothing comes back there
        held[row.line_id] = (pieces + more, fen + int(row.fen))
    return [
        Balance(
            line_id=line.id,
            title=line.title,
            quantity=line.quantity,
            paid_fen=line.paid_fen,
            freight_paid_fen=line.freight_paid_fen,
            gone_quantity=line.refunded_quantity + held.get(line.id, (0, 0))[0],
            gone_fen=line.refunded_fen + held.get(line.id, (0, 0))[1],
        )
        for line in order.lines
    ]


async def history_of(db: Db, case_id: UUID) -> list[CaseStep]:
    rows = await db.execute(select(case_history).where(case_history.c.case_id == case_id).order_by(case_history.c.id))
    return [
        CaseStep(row.at, CaseState(row.state), row.actor, row.why, row.rule, row.said, dict(row.facts)) for row in rows
    ]


async def evidence_of(db: Db, case_id: UUID) -> list[Evidence]:
    """What both sides have shown, oldest first."""
    e = case_evidence
    rows = (await db.execute(select(e).where(e.c.case_id == case_id).order_by(e.c.id))).all()
    pictures = await goods.picture_view(db, [row.picture_id for row in rows if row.picture_id is not None])
    found = []
    for row in rows:
        picture = pictures.get(PictureId(row.picture_id)) if row.picture_id else None
        url, small = (picture.url, picture.thumbnail_url) if picture else (None, None)
        found.append(Evidence(row.id, row.side, row.at, row.note, url, small))
    return found


async def case_numbers(db: Db, case_ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = await db.execute(select(cases.c.id, cases.c.number).where(cases.c.id.in_(list(case_ids))))
    return {row.id: row.number for row in rows}


async def _with_lines(db: Db, rows: Sequence[Any]) -> list[Case]:
    if not rows:
        return []
    found: dict[UUID, list[CaseLine]] = defaultdict(list)
    query = select(case_lines).where(case_lines.c.case_id.in_([row.id for row in rows])).order_by(case_lines.c.line_id)
    for row in await db.execute(query):
        sku_id = None if row.exchange_sku_id is None else SkuId(row.exchange_sku_id)
        line = CaseLine(LineId(row.line_id), row.quantity, row.fen, row.freight_fen, sku_id)
        found[row.case_id].append(line)
    return [_case(row, tuple(found[row.id])) for row in rows]


_PLAIN = (
    "number",
    "reason",
    "fault",
    "said",
    "before_shipping",
    "refund_fen",
    "extra_fen",
    "full",
    "rule",
    "deadline",
    "deadline_rule",
    "return_carrier",
    "return_number",
    "sent_at",
    "delivered_at",
    "return_freight_fen",
    "return_freight_by",
    "resend_carrier",
    "resend_number",
    "resent_at",
    "created_at",
    "answered_at",
    "outcome",
    "advanced_fen",
    "closed_at",
)


def _case(row: Any, lines: tuple[CaseLine, ...]) -> Case:
    return Case(
        id=CaseId(row.id),
        order_id=OrderId(row.order_id),
        shop_id=ShopId(row.shop_id),
        buyer_id=PersonId(row.buyer_id),
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        lines=lines,
        explanation=tuple(row.explanation),
        return_to=None if row.return_to is None else ReturnAddress(**row.return_to),
        **{name: getattr(row, name) for name in _PLAIN},
    )
