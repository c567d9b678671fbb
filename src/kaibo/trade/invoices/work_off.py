"""What the shop's staff does with an invoice: take it on, hand it in, refuse it, reverse it.

Orders are locked before their invoices, here as everywhere.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.db import Db
from kaibo.trade.invoices import rules
from kaibo.trade.invoices.errors import (
    InvoiceDocumentTooLarge,
    InvoiceMissing,
    InvoiceNumberTaken,
    NothingToInvoice,
    WrongInvoiceState,
)
from kaibo.trade.invoices.lookup import invoice_by_id, lock_invoice
from kaibo.trade.invoices.model import Invoice, InvoiceState
from kaibo.trade.invoices.tables import invoices
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.model import Actor, Order
from kaibo.trade.orders.record import note_history


async def take_on(db: Db, invoice_id: UUID, *, shop_id: UUID) -> Invoice:
    """From here on the buyer cannot withdraw it. Saying it twice changes nothing. Raises InvoiceMissing, WrongInvoiceState."""
    _, found = await _locked(db, invoice_id, shop_id)
    if found.state is InvoiceState.ISSUING:
        return found
    rules.require(found, InvoiceState.ISSUING, "take_on")
    return await _change(db, found, state=InvoiceState.ISSUING.value)


async def hand_in(
    db: Db, blobs: Blobs, invoice_id: UUID, *, shop_id: UUID, by: UUID | None, number: str, content: bytes
) -> Invoice:
    """The merchant has issued it: number and document. The amount is what the order is worth at this moment.

    Raises InvoiceMissing, WrongInvoiceState, NothingToInvoice, BadInvoiceNumber, InvoiceNumberTaken, BadInvoiceDocument,
    InvoiceDocumentTooLarge.
    """
    if len(content) > rules.DOCUMENT_BYTES_MAX:
        raise InvoiceDocumentTooLarge(bytes_max=rules.DOCUMENT_BYTES_MAX)
    kind, number = rules.document_kind(content), rules.check_number(number)
    order, seen = await _locked(db, invoice_id, shop_id)
    rules.require(seen, InvoiceState.ISSUED, "issue")
    worth = rules.worth_fen(order)
    if worth <= 0:
        raise NothingToInvoice(number=order.number)
    taken = (invoices.c.shop_id == shop_id) & (invoices.c.number == number)
    if (await db.execute(select(invoices.c.id).where(taken))).first() is not None:
        raise InvoiceNumberTaken(number=number)
    digest, now = hashlib.sha256(content).hexdigest(), clock.now()
    name = f"invoices/{shop_id}/{invoice_id}.{kind}"
    await blobs.put(name, content)
    actor: Actor = "shop" if by else "system"
    why = "trade.why.invoice_issued"
    await note_history(db, order, at=now, actor=actor, actor_id=by, why=why, said=number)
    return await _change(
        db,
        seen,
        state=InvoiceState.ISSUED.value,
        number=number,
        amount_fen=worth,
        issued_at=now,
        issued_by=by,
        document=name,
        document_kind=kind,
        document_sha256=digest,
    )


async def refuse(db: Db, invoice_id: UUID, *, shop_id: UUID, by: UUID, why: str) -> Invoice:
    """Raises InvoiceMissing, WrongInvoiceState."""
    order, found = await _locked(db, invoice_id, shop_id)
    rules.require(found, InvoiceState.REFUSED, "refuse")
    now = clock.now()
    await note_history(db, order, at=now, actor="shop", actor_id=by, why="trade.why.invoice_refused", said=why)
    return await _change(db, found, state=InvoiceState.REFUSED.value, refused_why=why)


async def reverse(db: Db, invoice_id: UUID, *, shop_id: UUID, by: UUID, red_number: str) -> Invoice:
    """A red-letter invoice (红字发票) takes it back whole, because money has gone back; the buyer may ask for a new one over
    what is left. Raises InvoiceMissing, WrongInvoiceState, BadInvoiceNumber."""
    red_number = rules.check_number(red_number)
    order, found = await _locked(db, invoice_id, shop_id)
    rules.require(found, InvoiceState.REVERSED, "reverse")
    if not found.to_reverse:
        raise WrongInvoiceState(state=found.state.value, action="reverse")
    now = clock.now()
    await note_history(db, order, at=now, actor="shop", actor_id=by, why="trade.why.invoice_reversed", said=red_number)
    return await _change(db, found, state=InvoiceState.REVERSED.value, red_number=red_number, reversed_at=now)


async def _locked(db: Db, invoice_id: UUID, shop_id: UUID) -> tuple[Order, Invoice]:
    """The amount is the order's worth, so no refund may come in between. Raises InvoiceMissing."""
    seen = await invoice_by_id(db, invoice_id)
    if seen is None or seen.shop_id != shop_id:
        raise InvoiceMissing(invoice_id=str(invoice_id))
    return await lock_order(db, seen.order_id), await lock_invoice(db, invoice_id)


async def _change(db: Db, invoice: Invoice, **values: Any) -> Invoice:
    await db.execute(update(invoices).where(invoices.c.id == invoice.id).values(**values))
    return await lock_invoice(db, invoice.id)
