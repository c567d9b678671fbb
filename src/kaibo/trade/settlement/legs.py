"""The entries of a settlement and of what is taken back of it."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from kaibo.trade.ledger.post import Account, AccountKind, Entry
from kaibo.trade.orders.model import Order
from kaibo.trade.settlement.rules import Shares


def entries(order: Order, shares: Shares, sign: int) -> tuple[Entry, ...]:
    """The legs of a settlement (`sign` 1) or of a refund after it (-1). Legs of 0 fen are left out.

    Raises ValueError where somebody gets a share whom the order does not name.
    """
    legs = [
        (_account(AccountKind.MERCHANT_PAYABLE, order.shop_id), shares.shop_fen),
        (_account(AccountKind.CREATOR_COMMISSION, order.creator_id), shares.creator_fen),
        (_account(AccountKind.AGENCY_COMMISSION, order.agency_id), shares.agency_fen),
        (_account(AccountKind.LEADER_COMMISSION, order.leader_id), shares.leader_fen),
        (Account(AccountKind.PLATFORM_FEE), shares.platform_fen),
        (Account(AccountKind.COUPONS_PLATFORM), shares.points_fen - shares.subsidy_fen),
        (Account(AccountKind.POINTS_PLATFORM), -shares.points_fen),
        (Account(AccountKind.ESCROW, order.shop_id), -shares.buyer_fen),
    ]
    if any(account is None and fen for account, fen in legs):
        raise ValueError(f"order {order.number} has a share for somebody it does not name: {shares}")
    return tuple(Entry(account, sign * fen) for account, fen in legs if account is not None and fen)


@lru_cache(maxsize=65_536)
def _account(kind: AccountKind, owner_id: UUID | None) -> Account | None:
    return None if owner_id is None else Account(kind, owner_id)
