"""Reading invoices, each with what its order is worth now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select

from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import OrderId
from kaibo.trade.invoices.errors import InvoiceMissing
from kaibo.trade.invoices.model import Invoice, InvoiceId, InvoiceState, Title
from kaibo.trade.invoices.tables import invoices
from kaibo.trade.orders.tables import orders

_PAID = ["paid", "shipped", "received", "settled"]
_WORTH = case((orders.c.state.in_(_PAID), orders.c.total_fen - orders.c.refunded_fen), else_=0)
"""`rules.worth_fen` in SQL."""
_PLAIN = (
    "asked_at",
    "due_at",
    "amount_fen",
    "issued_at",
    "number",
    "document",
    "document_kind",
    "refused_why",
    "red_number",
    "reversed_at",
)
_OPEN = [InvoiceState.ASKED.value, InvoiceState.ISSUING.value]


async def last_invoice(db: Db, order_id: UUID) -> Invoice | None:
    """The newest invoice of an order, whatever became of it."""
    query = _read().where(invoices.c.order_id == order_id).order_by(invoices.c.id.desc()).limit(1)
    row = (await db.execute(query)).first()
    return None if row is None else _invoice(row)


async def invoice_by_id(db: Db, invoice_id: UUID) -> Invoice | None:
    row = (await db.execute(_read().where(invoices.c.id == invoice_id))).first()
    return None if row is None else _invoice(row)


async def lock_invoice(db: Db, invoice_id: UUID) -> Invoice:
    """Locked until the transaction ends; for whoever has locked its order. Raises InvoiceMissing."""
    row = (await db.execute(_read().where(invoices.c.id == invoice_id).with_for_update(of=invoices))).first()
    if row is None:
        raise InvoiceMissing(invoice_id=str(invoice_id))
    return _invoice(row)


@dataclass(frozen=True)
class WhichInvoices:
    """`to_reverse` keeps issued ones that are worth less by now; `late` those whose time to issue is over."""

    shop_id: UUID
    states: tuple[InvoiceState, ...] = ()
    to_reverse: bool = False
    late_at: datetime | None = None
    q: str = ""


async def list_invoices(db: Db, which: WhichInvoices, *, before: UUID | None, limit: int) -> list[Invoice]:
    """Newest first."""
    where = _conditions(which)
    if before is not None:
        where.append(invoices.c.id < before)
    rows = await db.execute(_read().where(and_(*where)).order_by(invoices.c.id.desc()).limit(limit))
    return [_invoice(row) for row in rows]


@dataclass(frozen=True)
class InvoiceCounts:
    waiting: int
    late: int
    to_reverse: int


async def count_invoices(db: Db, shop_id: UUID, now: datetime) -> InvoiceCounts:
    i = invoices
    open_ = i.c.state.in_(_OPEN)
    red = (i.c.state == InvoiceState.ISSUED.value) & (i.c.amount_fen > _WORTH)
    counted = (
        func.count().filter(open_),
        func.count().filter(open_ & (i.c.due_at < now)),
        func.count().filter(red),
    )
    query = select(*counted).select_from(i.join(orders, orders.c.id == i.c.order_id)).where(i.c.shop_id == shop_id)
    return InvoiceCounts(*(await db.execute(query)).one())


def _conditions(which: WhichInvoices) -> list[ColumnElement[bool]]:
    i = invoices
    where: list[ColumnElement[bool]] = [i.c.shop_id == which.shop_id]
    if which.states:
        where.append(i.c.state.in_([state.value for state in which.states]))
    if which.to_reverse:
        where.append((i.c.state == InvoiceState.ISSUED.value) & (i.c.amount_fen > _WORTH))
    if which.late_at is not None:
        where.append(i.c.state.in_(_OPEN) & (i.c.due_at < which.late_at))
    if q := which.q.strip():
        known = orders.c.number.startswith(q, autoescape=True) | (i.c.number == q)
        where.append(known | i.c.title_name.icontains(q, autoescape=True))
    return where


def _read() -> Any:
    joined = invoices.join(orders, orders.c.id == invoices.c.order_id)
    return select(invoices, orders.c.number.label("order_number"), _WORTH.label("worth_fen")).select_from(joined)


def _invoice(row: Any) -> Invoice:
    return Invoice(
        id=InvoiceId(row.id),
        order_id=OrderId(row.order_id),
        shop_id=ShopId(row.shop_id),
        buyer_id=PersonId(row.buyer_id),
        order_number=row.order_number,
        state=InvoiceState(row.state),
        title=Title(row.title_kind, row.title_name, row.tax_number, row.email),
        worth_fen=row.worth_fen,
        **{name: getattr(row, name) for name in _PLAIN},
    )
