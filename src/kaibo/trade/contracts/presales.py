"""What the floors above may know of presales: two events and a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from kaibo.kernel.errors import Conflict, refusal
from kaibo.trade.contracts import OrderEvent


@dataclass(frozen=True, kw_only=True)
class OrderReserved(OrderEvent):
    """The deposit of a presale is paid and its pieces are taken. `deposit_fen` is of `total_fen`."""

    subject: ClassVar[str] = "trade.order.reserved"
    deposit_fen: int
    balance_from: datetime


@dataclass(frozen=True, kw_only=True)
class OrderBalanceDue(OrderEvent):
    """The balance of a presale order can be paid from now on, until `pay_before`."""

    subject: ClassVar[str] = "trade.order.balance_due"
    balance_fen: int
    pay_before: datetime


@refusal
class BalanceNotOpen(Conflict):
    """The deposit is paid; the balance can be paid later. `opens_at` is RFC 3339."""

    code = "trade.balance_not_open"
    number: str
    opens_at: str
