"""Reading withdrawals, and what may be withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.funds import rules
from kaibo.trade.funds.errors import WithdrawalMissing
from kaibo.trade.funds.model import Owner, OwnerKind, Withdrawable, Withdrawal, WithdrawalState
from kaibo.trade.funds.tables import bank_accounts, withdrawals
from kaibo.trade.funds.terms import terms_of
from kaibo.trade.ledger.balances import balance, pending
from kaibo.trade.ledger.post import Account, AccountKind

KINDS: dict[OwnerKind, AccountKind] = {
    "shop": AccountKind.MERCHANT_PAYABLE,
    "creator": AccountKind.CREATOR_COMMISSION,
    "leader": AccountKind.LEADER_COMMISSION,
    "agency": AccountKind.AGENCY_COMMISSION,
}
_COLUMNS: dict[OwnerKind, tuple[str, str]] = {
    "shop": ("shop_id", "merchant_fen"),
    "creator": ("creator_id", "creator_fen"),
    "leader": ("leader_id", "leader_fen"),
    "agency": ("agency_id", "agency_fen"),
}


def account_of(owner: Owner) -> Account:
    return Account(KINDS[owner.kind], owner.id)


async def withdrawable(db: Db, owner: Owner) -> Withdrawable:
    """What the owner has, what of it is not ripe yet, what is held, and what may be withdrawn now."""
    terms, account = await terms_of(db, owner), account_of(owner)
    has = await balance(db, account)
    unripe = await _settled_since(db, owner, rules.ripe_before(clock.now(), terms.settle_days))
    held = (await pending(db, account)).leaving_fen
    return Withdrawable(has, max(0, unripe), held, rules.available(has, unripe, held), terms)


async def _settled_since(db: Db, owner: Owner, since: datetime) -> int:
    """The owner's shares of orders settled since, less what refunds took back of those orders."""
    column, share = _COLUMNS[owner.kind]
    back = "merchant_fen + t.freight_fen + t.subsidy_fen" if owner.kind == "shop" else share
    query = text(
        f"SELECT (coalesce(sum(s.{share}), 0) - coalesce(sum((SELECT sum(t.{back}) FROM trade.settlement_take_backs t"  # noqa: S608 (our own names)
        f" WHERE t.order_id = s.order_id)), 0))::bigint FROM trade.settlements s WHERE s.{column} = :owner AND s.at >= :since"
    )
    return int(await db.scalar(query, {"owner": owner.id, "since": since}) or 0)


async def find_withdrawal(db: Db, withdrawal_id: UUID, *, lock: bool = False) -> Withdrawal:
    """Raises WithdrawalMissing."""
    query = _select().where(withdrawals.c.id == withdrawal_id)
    row = (await db.execute(query.with_for_update(of=withdrawals) if lock else query)).first()
    if row is None:
        raise WithdrawalMissing(withdrawal_id=str(withdrawal_id))
    return _withdrawal(row)


async def list_withdrawals(
    db: Db,
    *,
    owner: Owner | None = None,
    states: Sequence[WithdrawalState] = (),
    before: UUID | None,
    limit: int,
) -> list[Withdrawal]:
    """Newest first."""
    w = withdrawals
    query = _select()
    if owner is not None:
        query = query.where(w.c.owner_kind == owner.kind, w.c.owner_id == owner.id)
    if states:
        query = query.where(w.c.state.in_([state.value for state in states]))
    if before is not None:
        query = query.where(w.c.id < before)
    return [_withdrawal(row) for row in await db.execute(query.order_by(w.c.id.desc()).limit(limit))]


def _select() -> Any:
    w, b = withdrawals, bank_accounts
    return select(w, b.c.holder, b.c.bank, b.c.number_masked).join(b, b.c.id == w.c.bank_account_id)


def _withdrawal(row: Any) -> Withdrawal:
    return Withdrawal(
        id=row.id,
        owner=Owner(row.owner_kind, row.owner_id),
        fen=row.fen,
        fee_fen=row.fee_fen,
        state=WithdrawalState(row.state),
        holder=row.holder,
        bank=row.bank,
        number_masked=row.number_masked,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        ended_at=row.ended_at,
        reference=row.reference,
    )
