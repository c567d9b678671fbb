"""An agency's money: its share of what its creators earn, and withdrawals of it. The owner moves money, the staff may look."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth
from kaibo.trade.funds.bank_account import set_bank_account
from kaibo.trade.funds.model import Owner
from kaibo.trade.funds.withdraw import ask_withdrawal
from kaibo.trade.http.present_money import names_of, present_account, present_withdrawals, withdrawals_page
from kaibo.trade.http.present_statement import account_page
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.settlement.earnings import FEES_DAYS, agency_balances, agency_parts
from kaibo.trade.wire import StatementEntry
from kaibo.trade.wire_money import (
    AgencyEarnings,
    BankAccountIn,
    CreatorShare,
    WithdrawalAccount,
    WithdrawalWire,
    WithdrawIn,
)

router = APIRouter(tags=["agencies"])


@router.get("/api/agencies/{agency_id}/earnings", dependencies=[auth.agency_staff()])
async def agency_earnings(agency_id: Id, db: DbDep) -> AgencyEarnings:
    """What the agency has, what is frozen until orders settle, and which creators brought it."""
    payable_fen, frozen_fen = await agency_balances(db, agency_id)
    parts = await agency_parts(db, agency_id)
    names = await names_of(db, [one.creator_id for one in parts])
    shares = [CreatorShare(**vars(one), nickname=names.get(one.creator_id, str(one.creator_id))) for one in parts]
    return AgencyEarnings(payable_fen=payable_fen, frozen_fen=frozen_fen, days=FEES_DAYS, creators=shares)


@router.get("/api/agencies/{agency_id}/statement", dependencies=[auth.agency_staff()])
async def agency_statement(agency_id: Id, db: DbDep, caller: CallerDep, page: PageQuery) -> Page[StatementEntry]:
    """The entries of what the house owes the agency, newest first, each with the balance after it."""
    return await account_page(db, Account(AccountKind.AGENCY_COMMISSION, agency_id), page, caller.locale)


@router.get("/api/agencies/{agency_id}/withdrawals/account", dependencies=[auth.agency_staff()])
async def agency_withdrawal_account(agency_id: Id, db: DbDep) -> WithdrawalAccount:
    """What may be withdrawn, by which terms, and where it goes."""
    return await present_account(db, Owner("agency", agency_id))


@router.put("/api/agencies/{agency_id}/withdrawals/account", dependencies=[auth.agency_staff("owner")])
async def agency_put_bank_account(
    agency_id: Id, body: BankAccountIn, db: DbDep, caller: CallerDep
) -> WithdrawalAccount:
    """Name the bank account for withdrawals asked for from now on."""
    owner = Owner("agency", agency_id)
    await set_bank_account(db, owner, holder=body.holder, bank=body.bank, number=body.number, by=caller.id)
    return await present_account(db, owner)


@router.get("/api/agencies/{agency_id}/withdrawals", dependencies=[auth.agency_staff()])
async def agency_list_withdrawals(agency_id: Id, db: DbDep, page: PageQuery) -> Page[WithdrawalWire]:
    return await withdrawals_page(db, page, owner=Owner("agency", agency_id))


@router.post("/api/agencies/{agency_id}/withdrawals", dependencies=[auth.agency_staff("owner")])
async def agency_withdraw(
    agency_id: Id, body: WithdrawIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> WithdrawalWire:
    """The amount is held until an operator has decided."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return WithdrawalWire.model_validate(seen.response)
        made = await ask_withdrawal(db, Owner("agency", agency_id), fen=body.fen, by=caller.id)
        return seen.keep((await present_withdrawals(db, [made]))[0])
