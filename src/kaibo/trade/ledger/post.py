"""Post to the ledger. Nothing else in the house writes there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.ledger.accounts import OWNED, Account, AccountKind, book_of
from kaibo.trade.ledger.write import write_transactions

__all__ = [
    "OWNED",
    "Account",
    "AccountKind",
    "Entry",
    "Posting",
    "PostingKind",
    "check_posting",
    "move",
    "post",
    "post_many",
]


class PostingKind(StrEnum):
    PAYMENT = "payment"
    LATE_PAYMENT = "late_payment"
    REFUND_PROMISED = "refund_promised"
    REFUND_PAID = "refund_paid"
    SETTLEMENT = "settlement"
    DEPOSIT_KEPT = "deposit_kept"
    TAKE_BACK = "take_back"
    WITHDRAWAL = "withdrawal"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    DEPOSIT_PAID_IN = "deposit_paid_in"
    DEPOSIT_DEDUCTION = "deposit_deduction"
    DEPOSIT_RETURNED = "deposit_returned"
    FUND_PAID_IN = "fund_paid_in"
    COMPENSATION = "compensation"
    RECOVERY = "recovery"
    COVER_PREMIUM = "cover_premium"
    OWED_TO_BUYER = "owed_to_buyer"
    BUYER_PAYOUT = "buyer_payout"
    SLOT_FEE = "slot_fee"
    PROVIDER_PAYOUT = "provider_payout"
    RECONCILIATION = "reconciliation"


@dataclass(frozen=True)
class Entry:
    """`fen` > 0: the account gains; < 0: it gives."""

    account: Account
    fen: int


@dataclass(frozen=True)
class Posting:
    """`key` makes the posting happen once; `why` is for the person who reads the statement. `shop_id` is named where a shop's
    order is concerned but none of the accounts is the shop's: the posting stands in that shop's book all the same.
    """

    kind: PostingKind
    key: str
    order_id: UUID | None
    why: str
    by: str
    entries: tuple[Entry, ...]
    shop_id: UUID | None = None

    @property
    def book_id(self) -> UUID:
        return self.shop_id or book_of(entry.account for entry in self.entries)


def move(source: Account, *targets: tuple[Account, int]) -> tuple[Entry, ...]:
    """Entries that take from `source` what the targets get. Targets that get nothing are left out."""
    gains = tuple(Entry(account, fen) for account, fen in targets if fen)
    return (Entry(source, -sum(entry.fen for entry in gains)), *gains)


def check_posting(entries: Sequence[Entry]) -> None:
    """Raises ValueError: too few entries, one of 0 fen, an account twice, two currencies, or a sum that is not zero."""
    if len(entries) < 2 or any(entry.fen == 0 for entry in entries):
        raise ValueError(f"a posting needs two entries or more, none of them 0: {entries}")
    if max(Counter(entry.account for entry in entries).values()) > 1:
        raise ValueError(f"an account stands twice in one posting: {entries}")
    if len({entry.account.currency for entry in entries}) > 1:
        raise ValueError(f"a posting is of one currency: {entries}")
    if sum(entry.fen for entry in entries) != 0:
        raise ValueError(f"the entries sum to {sum(entry.fen for entry in entries)} fen, not to 0: {entries}")


async def post(db: Db, posting: Posting) -> bool:
    """Write the posting. False where its key was posted before, and then nothing changes."""
    return bool(await post_many(db, [posting]))


async def post_many(db: Db, postings: Sequence[Posting]) -> set[str]:
    """Write postings of different keys, thousands at once where need be. Returns the keys that were new."""
    for posting in postings:
        check_posting(posting.entries)
    return await write_transactions(db, postings, clock.now()) if postings else set()
