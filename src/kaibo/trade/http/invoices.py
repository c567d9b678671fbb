"""Invoices: a buyer asks and downloads, a shop works them off."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import FileResponse
from pydantic import StringConstraints

from kaibo.kernel import clock
from kaibo.kernel.web import (
    CallerDep,
    DbDep,
    Fen,
    Id,
    Idempotent,
    Instant,
    Page,
    PageQuery,
    StateDep,
    Wire,
    auth,
    limited,
)
from kaibo.kernel.web.wire import Text
from kaibo.trade.invoices import rules
from kaibo.trade.invoices.ask import ask_invoice, withdraw_invoice
from kaibo.trade.invoices.documents import documents
from kaibo.trade.invoices.errors import InvoiceMissing
from kaibo.trade.invoices.lookup import (
    WhichInvoices,
    count_invoices,
    invoice_by_id,
    last_invoice,
    list_invoices,
)
from kaibo.trade.invoices.model import DocumentKind, Invoice, InvoiceState, Title, TitleKind
from kaibo.trade.invoices.work_off import hand_in, refuse, reverse, take_on
from kaibo.trade.orders.lookup import find_order, require_buyer

router = APIRouter(tags=["invoices"])

SHOP = "/api/shops/{shop_id}/invoices"
MEDIA_TYPES = {"pdf": "application/pdf", "ofd": "application/ofd"}

Name = Annotated[Text, StringConstraints(min_length=1, max_length=rules.NAME_CHARS_MAX)]
Email = Annotated[
    Text, StringConstraints(max_length=rules.EMAIL_CHARS_MAX, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")
]
Number = Annotated[Text, StringConstraints(min_length=1, max_length=40)]
States = Annotated[list[InvoiceState], Query(max_length=len(InvoiceState))]
Words = Annotated[Text, Query(max_length=60)]


class TitleIn(Wire):
    """`tax_number`: the unified social credit code of a company, GB 32100-2015."""

    kind: TitleKind
    name: Name
    tax_number: Annotated[Text, StringConstraints(max_length=30)] | None = None
    email: Email | None = None


class RefuseIn(Wire):
    why: Annotated[Text, StringConstraints(min_length=1, max_length=rules.WHY_CHARS_MAX)]


class RedIn(Wire):
    red_number: Number


class InvoiceWire(Wire):
    """`worth_fen` is what the order is worth now, `amount_fen` what was invoiced. `to_reverse`: more was invoiced than has been
    paid in the end."""

    id: Id
    order_id: Id
    order_number: str
    state: InvoiceState
    title_kind: TitleKind
    title_name: str
    tax_number: str | None
    email: str | None
    worth_fen: Fen
    amount_fen: Fen | None
    asked_at: Instant
    due_at: Instant
    is_late: bool
    issued_at: Instant | None
    number: str | None
    document_kind: DocumentKind | None
    refused_why: str | None
    to_reverse: bool
    red_number: str | None
    reversed_at: Instant | None


class OrderInvoice(Wire):
    """The newest invoice of an order, and whether one may be asked for now, over `amount_fen`."""

    invoice: InvoiceWire | None
    may_ask: bool
    amount_fen: Fen


class InvoiceCountsWire(Wire):
    waiting: int
    late: int
    to_reverse: int


@router.get("/api/orders/{order_id}/invoice", dependencies=[auth.signed_in])
async def my_invoice(order_id: Id, db: DbDep, caller: CallerDep) -> OrderInvoice:
    order = require_buyer(await find_order(db, order_id), caller.id)
    found = await last_invoice(db, order_id)
    worth = rules.worth_fen(order)
    free = found is None or found.state not in rules.LIVE
    return OrderInvoice(invoice=None if found is None else _wire(found), may_ask=free and worth > 0, amount_fen=worth)


@router.post("/api/orders/{order_id}/invoice", status_code=201, dependencies=[auth.signed_in, limited("30/minute")])
async def ask_for_invoice(order_id: Id, body: TitleIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> InvoiceWire:
    """Ask for an electronic invoice over what was paid less what went back."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return InvoiceWire.model_validate(seen.response)
        return seen.keep(_wire(await ask_invoice(db, order_id, buyer_id=caller.id, title=Title(**dict(body)))))


@router.post("/api/orders/{order_id}/invoice/withdraw", dependencies=[auth.signed_in])
async def withdraw_my_invoice(order_id: Id, db: DbDep, caller: CallerDep) -> InvoiceWire:
    """While the shop has not begun. Repeating it changes nothing."""
    return _wire(await withdraw_invoice(db, order_id, buyer_id=caller.id))


@router.get("/api/orders/{order_id}/invoice/document", dependencies=[auth.signed_in])
async def my_invoice_document(order_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> FileResponse:
    """The PDF or OFD file."""
    require_buyer(await find_order(db, order_id), caller.id)
    return _file(await last_invoice(db, order_id), order_id, state)


@router.get(SHOP, dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def list_shop_invoices(
    shop_id: Id,
    db: DbDep,
    page: PageQuery,
    state: States = [],  # noqa: B006
    only: Annotated[Literal["to_reverse", "late"] | None, Query()] = None,
    q: Words = "",
) -> Page[InvoiceWire]:
    """Newest first. `only`: issued over more than the order is worth now, or with the time to issue over. `q`: the beginning of
    an order number, an invoice number, or a part of a title."""
    late_at = clock.now() if only == "late" else None
    which = WhichInvoices(shop_id, tuple(state), only == "to_reverse", late_at, q)
    found = await list_invoices(db, which, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[InvoiceWire](items=[_wire(one) for one in shown], next_cursor=page.next(found))


@router.get(SHOP + "/counts", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def count_shop_invoices(shop_id: Id, db: DbDep) -> InvoiceCountsWire:
    return InvoiceCountsWire(**vars(await count_invoices(db, shop_id, clock.now())))


@router.post(SHOP + "/{invoice_id}/take", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def take_invoice(shop_id: Id, invoice_id: Id, db: DbDep) -> InvoiceWire:
    """Somebody works on it: the buyer cannot withdraw it any more."""
    return _wire(await take_on(db, invoice_id, shop_id=shop_id))


@router.post(
    SHOP + "/{invoice_id}/issue", dependencies=[auth.shop_staff, auth.scope("orders:write"), limited("60/minute")]
)
async def issue_invoice(
    shop_id: Id,
    invoice_id: Id,
    number: Annotated[str, Form(max_length=40)],
    file: Annotated[UploadFile, File()],
    db: DbDep,
    caller: CallerDep,
    state: StateDep,
) -> InvoiceWire:
    """It has been issued: its number and its PDF or OFD file."""
    content = await file.read(rules.DOCUMENT_BYTES_MAX + 1)
    made = await hand_in(
        db, documents(state.settings), invoice_id, shop_id=shop_id, by=caller.id, number=number, content=content
    )
    return _wire(made)


@router.post(SHOP + "/{invoice_id}/refuse", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def refuse_shop_invoice(shop_id: Id, invoice_id: Id, body: RefuseIn, db: DbDep, caller: CallerDep) -> InvoiceWire:
    return _wire(await refuse(db, invoice_id, shop_id=shop_id, by=caller.id, why=body.why))


@router.post(SHOP + "/{invoice_id}/reverse", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def reverse_shop_invoice(shop_id: Id, invoice_id: Id, body: RedIn, db: DbDep, caller: CallerDep) -> InvoiceWire:
    """The red-letter invoice's number, after a refund. The buyer may ask for a new invoice over what is left."""
    return _wire(await reverse(db, invoice_id, shop_id=shop_id, by=caller.id, red_number=body.red_number))


@router.get(SHOP + "/{invoice_id}/document", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def shop_invoice_document(shop_id: Id, invoice_id: Id, db: DbDep, state: StateDep) -> FileResponse:
    found = await invoice_by_id(db, invoice_id)
    return _file(found if found and found.shop_id == shop_id else None, invoice_id, state)


def _file(found: Invoice | None, asked_for: Id, state: StateDep) -> FileResponse:
    """Raises InvoiceMissing where there is no document."""
    if found is None or found.document is None or found.document_kind is None:
        raise InvoiceMissing(invoice_id=str(asked_for))
    path = documents(state.settings).path(found.document)
    name = f"{found.number}.{found.document_kind}"
    # Never shown inside a page of ours: the merchant chose its content.
    return FileResponse(path, media_type=MEDIA_TYPES[found.document_kind], filename=name)


def _wire(invoice: Invoice) -> InvoiceWire:
    same = {
        name: getattr(invoice, name)
        for name in InvoiceWire.model_fields
        if name not in {"title_kind", "title_name", "tax_number", "email", "is_late"}
    }
    waiting = invoice.state in (InvoiceState.ASKED, InvoiceState.ISSUING)
    return InvoiceWire(
        **same,
        title_kind=invoice.title.kind,
        title_name=invoice.title.name,
        tax_number=invoice.title.tax_number,
        email=invoice.title.email,
        is_late=waiting and invoice.due_at < clock.now(),
    )
