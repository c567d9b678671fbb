"""Withdrawals of what a person has earned, as a creator or as a leader."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from kaibo.kernel.web import CallerDep, DbDep, Idempotent, Page, PageQuery, auth
from kaibo.trade.funds.bank_account import set_bank_account
from kaibo.trade.funds.model import Owner
from kaibo.trade.funds.withdraw import ask_withdrawal
from kaibo.trade.http.present_money import present_account, present_withdrawals, withdrawals_page
from kaibo.trade.wire_money import BankAccountIn, WithdrawalAccount, WithdrawalWire, WithdrawIn

router = APIRouter(tags=["creators"])
As = Annotated[Literal["creator", "leader"], Query(alias="as")]


@router.get("/api/creators/me/withdrawals/account", dependencies=[auth.signed_in])
async def creator_withdrawal_account(db: DbDep, caller: CallerDep, earned_as: As = "creator") -> WithdrawalAccount:
    """What may be withdrawn, by which terms, and where it goes."""
    return await present_account(db, Owner(earned_as, caller.id))


@router.put("/api/creators/me/withdrawals/account", dependencies=[auth.signed_in])
async def creator_put_bank_account(
    body: BankAccountIn, db: DbDep, caller: CallerDep, earned_as: As = "creator"
) -> WithdrawalAccount:
    owner = Owner(earned_as, caller.id)
    await set_bank_account(db, owner, holder=body.holder, bank=body.bank, number=body.number, by=caller.id)
    return await present_account(db, owner)


@router.get("/api/creators/me/withdrawals", dependencies=[auth.signed_in])
async def creator_list_withdrawals(
    db: DbDep, caller: CallerDep, page: PageQuery, earned_as: As = "creator"
) -> Page[WithdrawalWire]:
    return await withdrawals_page(db, page, owner=Owner(earned_as, caller.id))


@router.post("/api/creators/me/withdrawals", dependencies=[auth.signed_in])
async def creator_withdraw(
    body: WithdrawIn, db: DbDep, caller: CallerDep, idem: Idempotent, earned_as: As = "creator"
) -> WithdrawalWire:
    """The amount is held until an operator has decided."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return WithdrawalWire.model_validate(seen.response)
        made = await ask_withdrawal(db, Owner(earned_as, caller.id), fen=body.fen, by=caller.id)
        return seen.keep((await present_withdrawals(db, [made]))[0])
