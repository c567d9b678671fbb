"""The buyer wants an invoice, or no longer does."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people import facade as people
from kaibo.trade.invoices import rules
from kaibo.trade.invoices.errors import InvoiceAskedAlready, NothingToInvoice, WrongInvoiceState
from kaibo.trade.invoices.lookup import last_invoice
from kaibo.trade.invoices.model import Invoice, InvoiceState, Title
from kaibo.trade.invoices.provider import begin
from kaibo.trade.invoices.tables import invoices
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.record import note_history


async def ask_invoice(db: Db, order_id: UUID, *, buyer_id: UUID, title: Title) -> Invoice:
    """For what was paid less what went back, whatever that will be when the merchant issues it.

    Raises OrderMissing, NothingToInvoice, InvoiceAskedAlready, TaxNumberMissing, BadTaxNumber.
    """
    title = rules.check_title(title, people.licence_number)
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if rules.worth_fen(order) <= 0:
        raise NothingToInvoice(number=order.number)
    before = await last_invoice(db, order.id)
    if before is not None and before.state in rules.LIVE:
        raise InvoiceAskedAlready(number=order.number)
    now = clock.now()
    await db.execute(
        invoices.insert().values(
            id=new_id(),
            order_id=order.id,
            shop_id=order.shop_id,
            buyer_id=order.buyer_id,
            state=InvoiceState.ASKED.value,
            title_kind=title.kind,
            title_name=title.name,
            tax_number=title.tax_number,
            email=title.email,
            asked_at=now,
            due_at=rules.due(now),
        )
    )
    await note_history(db, order, at=now, actor="buyer", actor_id=buyer_id, why="trade.why.invoice_asked")
    made = await last_invoice(db, order.id)
    assert made is not None
    await begin(db, made)
    return made


async def withdraw_invoice(db: Db, order_id: UUID, *, buyer_id: UUID) -> Invoice:
    """While nobody works on it. Saying it twice changes nothing. Raises OrderMissing, WrongInvoiceState."""
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    found = await last_invoice(db, order.id)
    if found is None:
        raise WrongInvoiceState(state="none", action="withdraw")
    if found.state is InvoiceState.WITHDRAWN:
        return found
    rules.require(found, InvoiceState.WITHDRAWN, "withdraw")
    await db.execute(update(invoices).where(invoices.c.id == found.id).values(state=InvoiceState.WITHDRAWN.value))
    after = await last_invoice(db, order.id)
    assert after is not None
    return after
