"""The rules of invoices. Values in, values out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta

from kaibo.trade.contracts import OrderState
from kaibo.trade.invoices.errors import (
    BadInvoiceDocument,
    BadInvoiceNumber,
    BadTaxNumber,
    TaxNumberMissing,
    WrongInvoiceState,
)
from kaibo.trade.invoices.model import DocumentKind, Invoice, InvoiceState, Title
from kaibo.trade.orders.model import Order

ISSUE_DAYS = 5
"""The merchant's time to issue, from the day it is asked for."""
NAME_CHARS_MAX = 100
EMAIL_CHARS_MAX = 120
WHY_CHARS_MAX = 200
DOCUMENT_BYTES_MAX = 5 << 20
OFD_FILES_MAX = 2_000

_S = InvoiceState
TRANSITIONS = {
    _S.ASKED: frozenset({_S.ISSUING, _S.ISSUED, _S.REFUSED, _S.WITHDRAWN}),
    _S.ISSUING: frozenset({_S.ISSUED, _S.REFUSED}),
    _S.ISSUED: frozenset({_S.REVERSED}),
    _S.REFUSED: frozenset[InvoiceState](),
    _S.WITHDRAWN: frozenset[InvoiceState](),
    _S.REVERSED: frozenset[InvoiceState](),
}
LIVE = frozenset({_S.ASKED, _S.ISSUING, _S.ISSUED})
"""States of which an order has one invoice at most."""

_PAID = frozenset({OrderState.PAID, OrderState.SHIPPED, OrderState.RECEIVED, OrderState.SETTLED})
_FULLY_DIGITAL = re.compile(r"[0-9]{20}", re.ASCII)
_CODE_AND_NUMBER = re.compile(r"([0-9]{10}|[0-9]{12})-[0-9]{8}", re.ASCII)


def worth_fen(order: Order) -> int:
    """What may be invoiced: what was paid, less what has gone back or is promised back."""
    return order.total_fen - order.refunded_fen if order.state in _PAID else 0


def require(invoice: Invoice, following: InvoiceState, action: str) -> None:
    """Raises WrongInvoiceState."""
    if following not in TRANSITIONS[invoice.state]:
        raise WrongInvoiceState(state=invoice.state.value, action=action)


def due(asked_at: datetime) -> datetime:
    return asked_at + timedelta(days=ISSUE_DAYS)


def check_title(title: Title, tax_number: Callable[[str], str | None]) -> Title:
    """`tax_number` gives the code in its written form or None (GB 32100-2015). Raises TaxNumberMissing, BadTaxNumber."""
    if title.kind == "personal":
        return Title("personal", title.name, None, title.email)
    if not title.tax_number:
        raise TaxNumberMissing()
    code = tax_number(title.tax_number)
    if code is None:
        raise BadTaxNumber(tax_number=title.tax_number)
    return Title("company", title.name, code, title.email)


def check_number(written: str) -> str:
    """The number of a fully digital invoice (数电发票, 20 digits: SAT announcement 2024 No. 11), or code and number of an
    electronic one (10 or 12 digits, a hyphen, 8 digits). Raises BadInvoiceNumber."""
    number = "".join(written.split())
    if not (_FULLY_DIGITAL.fullmatch(number) or _CODE_AND_NUMBER.fullmatch(number)):
        raise BadInvoiceNumber(number=written)
    return number


def document_kind(content: bytes) -> DocumentKind:
    """By what the file is, not by its name. Raises BadInvoiceDocument."""
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                names = packed.namelist()
        except (zipfile.BadZipFile, ValueError, OSError) as wrong:
            raise BadInvoiceDocument() from wrong
        if len(names) <= OFD_FILES_MAX and "OFD.xml" in names:
            return "ofd"
    raise BadInvoiceDocument()
