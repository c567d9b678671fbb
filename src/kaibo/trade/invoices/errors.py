"""Refusals about invoices."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, refusal


@refusal
class InvoiceMissing(NotFound):
    code = "trade.invoice_missing"
    invoice_id: str


@refusal
class InvoiceAskedAlready(Conflict):
    code = "trade.invoice_asked_already"
    number: str


@refusal
class NothingToInvoice(Conflict):
    """Nothing was paid, or all of it has gone back."""

    code = "trade.nothing_to_invoice"
    number: str


@refusal
class WrongInvoiceState(Conflict):
    code = "trade.wrong_invoice_state"
    state: str
    action: str


@refusal
class BadTaxNumber(Invalid):
    """Not 18 characters of GB 32100-2015 with the right check character."""

    code = "trade.bad_tax_number"
    tax_number: str


@refusal
class TaxNumberMissing(Invalid):
    code = "trade.tax_number_missing"


@refusal
class BadInvoiceNumber(Invalid):
    code = "trade.bad_invoice_number"
    number: str


@refusal
class InvoiceNumberTaken(Conflict):
    code = "trade.invoice_number_taken"
    number: str


@refusal
class BadInvoiceDocument(Invalid):
    """Neither a PDF nor an OFD (GB/T 33190-2016) file."""

    code = "trade.bad_invoice_document"


@refusal
class InvoiceDocumentTooLarge(Invalid):
    code = "trade.invoice_document_too_large"
    bytes_max: int
