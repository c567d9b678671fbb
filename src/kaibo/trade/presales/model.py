"""Presales and the orders of them: frozen values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import OrderId

Stage = Literal["coming", "deposit", "waiting", "balance", "over", "failed"]
"""What a presale is doing: its deposits can be paid in "deposit" only, its balances in "balance"."""
Outcome = Literal["credited", "kept", "doubled"]
"""What became of a deposit: part of the price, the merchant's, or given back and the same again on top."""


@dataclass(frozen=True)
class Terms:
    """What a merchant promises, a piece. The deposit `deposit_fen` takes `counts_as_fen` off `price_fen`; the balance is the rest.

    Deposits are paid in [deposit_from, deposit_until), balances in [balance_from, balance_until). The shop ships within
    `ship_days` of the balance. `pieces_max` caps one order.
    """

    sku_id: SkuId
    price_fen: int
    deposit_fen: int
    counts_as_fen: int
    deposit_from: datetime
    deposit_until: datetime
    balance_from: datetime
    balance_until: datetime
    ship_days: int
    pieces_max: int

    @property
    def balance_fen(self) -> int:
        return self.price_fen - self.counts_as_fen

    @property
    def paid_fen(self) -> int:
        """What one piece really costs: deposit and balance."""
        return self.deposit_fen + self.balance_fen


@dataclass(frozen=True)
class Presale:
    id: UUID
    shop_id: ShopId
    product_id: ProductId
    terms: Terms
    created_at: datetime
    stopped_at: datetime | None
    failed_at: datetime | None
    failed_why: str | None


@dataclass(frozen=True)
class PresaleOrder:
    """The part of an order that is about its presale. `deposit_fen` is of the whole order; `owed_fen` is what the merchant owes
    the buyer beyond the deposit, where it failed."""

    order_id: OrderId
    presale_id: UUID
    shop_id: ShopId
    buyer_id: PersonId
    quantity: int
    deposit_fen: int
    counts_as_fen: int
    balance_from: datetime
    balance_until: datetime
    ship_days: int
    reserved_at: datetime | None
    outcome: Outcome | None
    owed_fen: int


@dataclass(frozen=True)
class Figures:
    """Orders and pieces of a presale by where they stand; money in fen."""

    unpaid: int = 0
    reserved: int = 0
    paid: int = 0
    closed: int = 0
    pieces: int = 0
    deposits_fen: int = 0
    kept_fen: int = 0
    balances_fen: int = 0
