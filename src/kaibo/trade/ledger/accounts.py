"""Which accounts there are: the account plan as data. `docs/ledger.md` walks through it with examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

CNY = "CNY"


class AccountKind(StrEnum):
    GATEWAY = "gateway"
    ESCROW = "escrow"
    REFUNDS_PAYABLE = "refunds_payable"
    MERCHANT_PAYABLE = "merchant_payable"
    CREATOR_COMMISSION = "creator_commission"
    AGENCY_COMMISSION = "agency_commission"
    LEADER_COMMISSION = "leader_commission"
    PLATFORM_FEE = "platform_fee"
    DEPOSIT = "deposit"
    COMPENSATION_FUND = "compensation_fund"
    COUPONS_PLATFORM = "coupons_platform"
    POINTS_PLATFORM = "points_platform"
    WITHDRAWALS_IN_TRANSIT = "withdrawals_in_transit"
    BANK = "bank"
    TAX_WITHHELD = "tax_withheld"
    FREIGHT_COVER = "freight_cover"
    BUYER_PAYABLE = "buyer_payable"
    RECONCILIATION_DIFFERENCE = "reconciliation_difference"


_K = AccountKind

OWNED = frozenset(
    {
        _K.ESCROW,
        _K.MERCHANT_PAYABLE,
        _K.CREATOR_COMMISSION,
        _K.AGENCY_COMMISSION,
        _K.LEADER_COMMISSION,
        _K.DEPOSIT,
        _K.WITHDRAWALS_IN_TRANSIT,
        _K.BUYER_PAYABLE,
    }
)
"""Kinds that belong to somebody: a shop, a person, an agency."""

SCOPED = frozenset({_K.GATEWAY})
"""Kinds of which there is one for each provider ("wechatpay", "alipay", "stripe")."""

HOUSE = UUID(int=0)
"""The book of what belongs to no shop, person or agency."""

SHOPS_OWN = (_K.ESCROW, _K.MERCHANT_PAYABLE, _K.DEPOSIT)
"""Kinds whose owner is a shop."""

OUTSIDE = frozenset({_K.GATEWAY})
"""Providers seen from here: minus what they hold for us, so never above zero. The bank may be, until payouts to it are booked."""

NEVER_BELOW_ZERO = frozenset(
    {
        _K.ESCROW,
        _K.REFUNDS_PAYABLE,
        _K.DEPOSIT,
        _K.COMPENSATION_FUND,
        _K.WITHDRAWALS_IN_TRANSIT,
        _K.TAX_WITHHELD,
        _K.BUYER_PAYABLE,
    }
)
"""Money of others in our hands, and funds: below zero means that somebody was promised what is not there.

What was earned (merchant, creator, agency, leader, platform) may go below zero: a refund after the settlement takes back a share
that may be withdrawn already, and the next period makes it good.
"""

COVERED_HOLDS = NEVER_BELOW_ZERO | {
    _K.MERCHANT_PAYABLE,
    _K.CREATOR_COMMISSION,
    _K.AGENCY_COMMISSION,
    _K.LEADER_COMMISSION,
    _K.PLATFORM_FEE,
}
"""Kinds from which a hold takes at most what is there and not held yet. A refund may overdraw earnings, a withdrawal may not."""


def book_of(accounts: Iterable[Account]) -> UUID:
    """In whose book a transaction between these accounts stands: the shop's that is among them, else the first owner's, else the
    house's. A transaction and its entries stand in one book, and each book sums to zero by itself: so the ledger can be
    spread over several machines by the book, beside the shop's orders (ADR 11).
    """
    owned = sorted(
        (a for a in accounts if a.owner_id is not None), key=lambda a: (a.kind not in SHOPS_OWN, str(a.owner_id))
    )
    return owned[0].owner_id or HOUSE if owned else HOUSE


@dataclass(frozen=True)
class Account:
    """An account is its kind, its owner or scope where the kind has one, and its currency."""

    kind: AccountKind
    owner_id: UUID | None = None
    scope: str | None = None
    currency: str = CNY

    def __post_init__(self) -> None:
        if (self.kind in OWNED) != (self.owner_id is not None):
            raise ValueError(f"account {self.kind}: an owner is {'needed' if self.kind in OWNED else 'not allowed'}")
        if (self.kind in SCOPED) != (self.scope is not None):
            raise ValueError(
                f"account {self.kind}: a scope (which provider) is {'needed' if self.kind in SCOPED else 'not allowed'}"
            )
