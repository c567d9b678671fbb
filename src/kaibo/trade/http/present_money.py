"""Withdrawals, deposits and accounts as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.web import Cursor, Page
from kaibo.people import facade as people
from kaibo.trade.funds.bank_account import bank_account_of
from kaibo.trade.funds.deposit import deductions_of
from kaibo.trade.funds.lookup import list_withdrawals, withdrawable
from kaibo.trade.funds.model import Deposit, Owner, Withdrawable, Withdrawal, WithdrawalState
from kaibo.trade.wire_money import (
    BankAccountWire,
    DeductionWire,
    DepositWire,
    WithdrawableWire,
    WithdrawalAccount,
    WithdrawalWire,
)


async def names_of(db: Db, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Shops' and agencies' names and persons' nicknames by id."""
    wanted = list(set(ids))
    shops = {UUID(str(key)): shop.name for key, shop in (await people.shop_view(db, wanted)).items()}
    persons = {UUID(str(key)): person.nickname for key, person in (await people.person_view(db, wanted)).items()}
    agencies = {UUID(str(key)): agency.name for key, agency in (await people.agency_view(db, wanted)).items()}
    return persons | agencies | shops


def present_withdrawable(found: Withdrawable) -> WithdrawableWire:
    terms = found.terms
    return WithdrawableWire(
        balance_fen=found.balance_fen,
        unripe_fen=found.unripe_fen,
        held_fen=found.held_fen,
        available_fen=found.available_fen,
        settle_days=terms.settle_days,
        withdrawal_min_fen=max(terms.withdrawal_min_fen, terms.withdrawal_fee_fen + 1),
        withdrawal_fee_fen=terms.withdrawal_fee_fen,
    )


async def present_account(db: Db, owner: Owner) -> WithdrawalAccount:
    bank = await bank_account_of(db, owner)
    return WithdrawalAccount(
        withdrawable=present_withdrawable(await withdrawable(db, owner)),
        bank_account=None
        if bank is None
        else BankAccountWire(holder=bank.holder, bank=bank.bank, number_masked=bank.number_masked),
    )


async def present_withdrawals(db: Db, found: Sequence[Withdrawal]) -> list[WithdrawalWire]:
    names = await names_of(db, [one.owner.id for one in found])
    return [
        WithdrawalWire(
            id=one.id,
            owner=names.get(one.owner.id, str(one.owner.id)),
            owner_kind=one.owner.kind,
            state=one.state.value,
            **{
                name: getattr(one, name)
                for name in (
                    "fen", "fee_fen", "holder", "bank", "number_masked", "asked_at", "decided_at", "ended_at", "reason",
                    "reference",
                )
            },
        )
        for one in found
    ]  # fmt: skip


async def withdrawals_page(
    db: Db, page: Cursor, *, owner: Owner | None = None, states: Sequence[WithdrawalState] = ()
) -> Page[WithdrawalWire]:
    found = await list_withdrawals(db, owner=owner, states=states, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[WithdrawalWire](items=await present_withdrawals(db, shown), next_cursor=page.next(found))


async def present_deposit(db: Db, shop_id: UUID, found: Deposit) -> DepositWire:
    return DepositWire(
        **vars(found),
        deductions=[
            DeductionWire(id=one.id, fen=one.fen, reason=one.reason, evidence=list(one.evidence), at=one.at)
            for one in await deductions_of(db, shop_id)
        ],
    )
