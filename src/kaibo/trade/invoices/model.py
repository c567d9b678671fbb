"""An invoice as the rest of trade sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import OrderId

InvoiceId = NewType("InvoiceId", UUID)
TitleKind = Literal["personal", "company"]
DocumentKind = Literal["pdf", "ofd"]


class InvoiceState(StrEnum):
    """asked -> issuing -> issued -> reversed; asked and issuing may also end as refused, asked as withdrawn."""

    ASKED = "asked"
    ISSUING = "issuing"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"


@dataclass(frozen=True)
class Title:
    """To whom the invoice is made out. A company has a tax number (统一社会信用代码); `email` is where else to send it."""

    kind: TitleKind
    name: str
    tax_number: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Invoice:
    """`amount_fen` is what the order was worth when the invoice was issued; before that it is None. `to_reverse`: more was
    invoiced than has been paid in the end, so it needs a red-letter invoice."""

    id: InvoiceId
    order_id: OrderId
    shop_id: ShopId
    buyer_id: PersonId
    order_number: str
    state: InvoiceState
    title: Title
    worth_fen: int
    asked_at: datetime
    due_at: datetime
    amount_fen: int | None = None
    issued_at: datetime | None = None
    number: str | None = None
    document: str | None = None
    document_kind: DocumentKind | None = None
    refused_why: str | None = None
    red_number: str | None = None
    reversed_at: datetime | None = None

    @property
    def to_reverse(self) -> bool:
        return self.state is InvoiceState.ISSUED and self.amount_fen is not None and self.amount_fen > self.worth_fen
