"""A shop's money: bills, withdrawals, deposit."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from kaibo.kernel.i18n import say
from kaibo.kernel.sheets.write import MEDIA_TYPES, Format
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.trade.bills.days import day_lines, month_bills
from kaibo.trade.bills.sheet import bill_file
from kaibo.trade.funds.bank_account import set_bank_account
from kaibo.trade.funds.deposit import deposit_of, give_back, put_down
from kaibo.trade.funds.model import Owner
from kaibo.trade.funds.withdraw import ask_withdrawal
from kaibo.trade.http.present_money import present_account, present_deposit, present_withdrawals, withdrawals_page
from kaibo.trade.http.present_statement import position_of
from kaibo.trade.wire_money import (
    BankAccountIn,
    BillLineWire,
    DayBillWire,
    DepositIn,
    DepositWire,
    MonthBills,
    WithdrawalAccount,
    WithdrawalWire,
    WithdrawIn,
)

router = APIRouter(tags=["shop money"])

Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


@router.get("/api/shops/{shop_id}/bills", dependencies=[auth.shop_staff])
async def shop_bills(shop_id: Id, month: Month, db: DbDep) -> MonthBills:
    """Every day of a month (2026-11) in Beijing time, newest first."""
    year, number = (int(part) for part in month.split("-"))
    found = await month_bills(db, shop_id, year, number)
    return MonthBills(items=[DayBillWire(**vars(one)) for one in found])


@router.get("/api/shops/{shop_id}/bills/{day}", dependencies=[auth.shop_staff])
async def shop_bill_lines(shop_id: Id, day: date, db: DbDep, caller: CallerDep, page: PageQuery) -> Page[BillLineWire]:
    """The entries of a day, oldest first."""
    found = await day_lines(db, shop_id, day, after=position_of(page) or 0, limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[BillLineWire](
        items=[
            BillLineWire(
                id=str(one.position),
                why=say(one.why, caller.locale, {}),
                **{name: value for name, value in vars(one).items() if name not in ("position", "why")},
            )
            for one in shown
        ],
        next_cursor=page.next(found, lambda row: str(row.position)),
    )


@router.get(
    "/api/shops/{shop_id}/bills/{day}/file",
    dependencies=[auth.shop_staff, limited("30/minute")],
    response_class=Response,
)
async def shop_bill_download(shop_id: Id, day: date, db: DbDep, caller: CallerDep, format: Format = "xlsx") -> Response:
    """The whole day as a file."""
    path = await bill_file(db, shop_id, day, format, caller.locale)
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[format],
        filename=f"kaibo-bill-{day}.{format}",
        background=BackgroundTask(shutil.rmtree, path.parent),
    )


@router.get("/api/shops/{shop_id}/withdrawals/account", dependencies=[auth.shop_staff])
async def shop_withdrawal_account(shop_id: Id, db: DbDep) -> WithdrawalAccount:
    """What may be withdrawn, by which terms, and where it goes."""
    return await present_account(db, Owner("shop", shop_id))


@router.put("/api/shops/{shop_id}/withdrawals/account", dependencies=[auth.shop_staff])
async def shop_put_bank_account(shop_id: Id, body: BankAccountIn, db: DbDep, caller: CallerDep) -> WithdrawalAccount:
    """Name the bank account for withdrawals asked for from now on."""
    owner = Owner("shop", shop_id)
    await set_bank_account(db, owner, holder=body.holder, bank=body.bank, number=body.number, by=caller.id)
    return await present_account(db, owner)


@router.get("/api/shops/{shop_id}/withdrawals", dependencies=[auth.shop_staff])
async def shop_list_withdrawals(shop_id: Id, db: DbDep, page: PageQuery) -> Page[WithdrawalWire]:
    return await withdrawals_page(db, page, owner=Owner("shop", shop_id))


@router.post("/api/shops/{shop_id}/withdrawals", dependencies=[auth.shop_staff])
async def shop_withdraw(
    shop_id: Id, body: WithdrawIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> WithdrawalWire:
    """The amount is held until an operator has decided."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return WithdrawalWire.model_validate(seen.response)
        made = await ask_withdrawal(db, Owner("shop", shop_id), fen=body.fen, by=caller.id)
        return seen.keep((await present_withdrawals(db, [made]))[0])


@router.get("/api/shops/{shop_id}/deposit", dependencies=[auth.shop_staff])
async def shop_deposit(shop_id: Id, db: DbDep) -> DepositWire:
    return await present_deposit(db, shop_id, await deposit_of(db, shop_id))


@router.post("/api/shops/{shop_id}/deposit", dependencies=[auth.shop_staff])
async def shop_fill_deposit(
    shop_id: Id, body: DepositIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> DepositWire:
    """Put down from what may be withdrawn."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return DepositWire.model_validate(seen.response)
        found = await put_down(db, shop_id, fen=body.fen, by=caller.id)
        return seen.keep(await present_deposit(db, shop_id, found))


@router.post("/api/shops/{shop_id}/deposit/give-back", dependencies=[auth.shop_staff])
async def shop_give_deposit_back(
    shop_id: Id, body: DepositIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> DepositWire:
    """What is above the minimum goes back to what may be withdrawn."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return DepositWire.model_validate(seen.response)
        found = await give_back(db, shop_id, fen=body.fen, by=caller.id)
        return seen.keep(await present_deposit(db, shop_id, found))
