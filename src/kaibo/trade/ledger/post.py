"""Post to the ledger. Nothing else in the house writes there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.ledger.tables import ledger_accounts, ledger_entries, ledger_transactions


class AccountKind(StrEnum):
    GATEWAY = "gateway"
    ESCROW = "escrow"
    REFUNDS_PAYABLE = "refunds_payable"
    MERCHANT_PAYABLE = "merchant_payable"
    CREATOR_COMMISSION = "creator_commission"
    PLATFORM_FEE = "platform_fee"
    BANK = "bank"


OWNED = frozenset({AccountKind.ESCROW, AccountKind.MERCHANT_PAYABLE, AccountKind.CREATOR_COMMISSION})


class PostingKind(StrEnum):
    PAYMENT = "payment"
    LATE_PAYMENT = "late_payment"
    REFUND_PROMISED = "refund_promised"
    REFUND_PAID = "refund_paid"
    SETTLEMENT = "settlement"


@dataclass(frozen=True)
class Account:
    """An account is its kind and, for some kinds, its owner (a shop or a person)."""

    kind: AccountKind
    owner_id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.kind in OWNED) != (self.owner_id is not None):
            raise ValueError(f"account {self.kind}: an owner is {'needed' if self.kind in OWNED else 'not allowed'}")


@dataclass(frozen=True)
class Entry:
    """`fen` > 0: the account gains; < 0: it gives."""

    account: Account
    fen: int


@dataclass(frozen=True)
class Posting:
    """`key` makes the posting happen once; `why` is for the person who reads the statement."""

    kind: PostingKind
    key: str
    order_id: UUID | None
    why: str
    by: str
    entries: tuple[Entry, ...]


def move(source: Account, *targets: tuple[Account, int]) -> tuple[Entry, ...]:
    """Entries that take from `source` what the targets get. Targets that get nothing are left out."""
    gains = tuple(Entry(account, fen) for account, fen in targets if fen)
    return (Entry(source, -sum(entry.fen for entry in gains)), *gains)


def check_posting(entries: Sequence[Entry]) -> None:
    """Raises ValueError: too few entries, one of 0 fen, an account twice, or a sum that is not zero."""
    if len(entries) < 2 or any(entry.fen == 0 for entry in entries):
        raise ValueError(f"a posting needs two entries or more, none of them 0: {entries}")
    if max(Counter(entry.account for entry in entries).values()) > 1:
        raise ValueError(f"an account stands twice in one posting: {entries}")
    if sum(entry.fen for entry in entries) != 0:
        raise ValueError(f"the entries sum to {sum(entry.fen for entry in entries)} fen, not to 0: {entries}")


async def post(db: Db, posting: Posting) -> bool:
    """Write the posting. False where its key was posted before, and then nothing changes."""
    check_posting(posting.entries)
    transaction_id = new_id()
    new = (
        insert(ledger_transactions)
        .values(
            id=transaction_id,
            kind=posting.kind.value,
            key=posting.key,
            order_id=posting.order_id,
            why=posting.why,
            posted_by=posting.by,
            at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(ledger_transactions.c.id)
    )
    if (await db.execute(new)).first() is None:
        return False
    rows = [
        {"transaction_id": transaction_id, "account_id": await _account_id(db, entry.account), "fen": entry.fen}
        for entry in posting.entries
    ]
    await db.execute(ledger_entries.insert(), rows)
    return True


async def _account_id(db: Db, account: Account) -> UUID:
    a = ledger_accounts
    here = (a.c.kind == account.kind.value) & a.c.owner_id.is_not_distinct_from(account.owner_id)
    found = await db.scalar(select(a.c.id).where(here))
    if found is None:
        values = {"id": new_id(), "kind": account.kind.value, "owner_id": account.owner_id, "currency": "CNY"}
        await db.execute(insert(a).values(values).on_conflict_do_nothing())
        found = await db.scalar(select(a.c.id).where(here))
    assert found is not None
    return UUID(str(found))
