"""What operators do with money: withdrawals, terms, deposits, funds."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import select, text

from kaibo.kernel import clock
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth
from kaibo.trade.funds.bank_account import full_number
from kaibo.trade.funds.close_shop import close_shop, closed_since, release_deposit, reopen_shop, waits_for
from kaibo.trade.funds.decide import approve_withdrawal, confirm_paid, refuse_withdrawal, return_withdrawal
from kaibo.trade.funds.deposit import deduct, deposit_of, note_transfer, pay_into_fund
from kaibo.trade.funds.lookup import find_withdrawal
from kaibo.trade.funds.model import Audience, MoneyTerms, Withdrawal, WithdrawalState
from kaibo.trade.funds.tables import shop_standings, withdrawals
from kaibo.trade.funds.terms import all_terms, merchant_class, set_merchant_class, set_terms
from kaibo.trade.http.present_money import names_of, present_deposit, present_withdrawals, withdrawals_page
from kaibo.trade.ledger.balances import balances
from kaibo.trade.ledger.post import AccountKind
from kaibo.trade.wire_money import (
    AllTerms,
    BankNumber,
    DeductIn,
    DepositWire,
    Fund,
    Funds,
    MerchantClassIn,
    ReasonWhyIn,
    ReferenceIn,
    SettledDay,
    SettledDays,
    ShopDeposit,
    ShopDeposits,
    TermsIn,
    TermsWire,
    TransferIn,
    WithdrawalWire,
)

router = APIRouter(tags=["operators money"])
operator = auth.platform("operator")

SETTLED_DAYS = 30
FUNDS = (
    AccountKind.COMPENSATION_FUND, AccountKind.COUPONS_PLATFORM, AccountKind.FREIGHT_COVER, AccountKind.PLATFORM_FEE,
    AccountKind.BANK, AccountKind.RECONCILIATION_DIFFERENCE, AccountKind.TAX_WITHHELD,
)  # fmt: skip


@router.get("/api/operator/withdrawals", dependencies=[operator])
async def operator_list_withdrawals(
    db: DbDep, page: PageQuery, state: Annotated[list[WithdrawalState] | None, Query()] = None
) -> Page[WithdrawalWire]:
    return await withdrawals_page(db, page, states=state or ())


@router.post("/api/operator/withdrawals/{withdrawal_id}/approve", dependencies=[operator])
async def operator_approve(withdrawal_id: Id, db: DbDep, caller: CallerDep) -> WithdrawalWire:
    return await _present(db, await approve_withdrawal(db, withdrawal_id, by=caller.id))


@router.post("/api/operator/withdrawals/{withdrawal_id}/refuse", dependencies=[operator])
async def operator_refuse(withdrawal_id: Id, body: ReasonWhyIn, db: DbDep, caller: CallerDep) -> WithdrawalWire:
    return await _present(db, await refuse_withdrawal(db, withdrawal_id, reason=body.reason, by=caller.id))


@router.post("/api/operator/withdrawals/{withdrawal_id}/paid", dependencies=[operator])
async def operator_paid(withdrawal_id: Id, body: ReferenceIn, db: DbDep, caller: CallerDep) -> WithdrawalWire:
    """The transfer was made; `reference` is the bank's."""
    return await _present(db, await confirm_paid(db, withdrawal_id, reference=body.reference, by=caller.id))


@router.post("/api/operator/withdrawals/{withdrawal_id}/returned", dependencies=[operator])
async def operator_returned(withdrawal_id: Id, body: ReasonWhyIn, db: DbDep, caller: CallerDep) -> WithdrawalWire:
    """The bank would not take it: the owner has the money again."""
    return await _present(db, await return_withdrawal(db, withdrawal_id, reason=body.reason, by=caller.id))


@router.get("/api/operator/withdrawals/{withdrawal_id}/bank-number", dependencies=[operator])
async def operator_bank_number(withdrawal_id: Id, db: DbDep) -> BankNumber:
    """The whole number, for the one who transfers by hand."""
    await find_withdrawal(db, withdrawal_id)
    account = await db.scalar(select(withdrawals.c.bank_account_id).where(withdrawals.c.id == withdrawal_id))
    assert account is not None
    return BankNumber(number=await full_number(db, account))


async def _present(db: DbDep, found: Withdrawal) -> WithdrawalWire:
    return (await present_withdrawals(db, [found]))[0]


@router.get("/api/operator/settlements", dependencies=[operator])
async def operator_settlements(db: DbDep) -> SettledDays:
    """What was settled on each of the last SETTLED_DAYS days, and what waits."""
    rows = await db.execute(
        text(
            "SELECT CAST(at AT TIME ZONE 'Asia/Shanghai' AS date) AS day, count(*) AS orders,"
            " sum(total_fen)::bigint AS total_fen, sum(merchant_fen)::bigint AS merchant_fen,"
            " sum(creator_fen)::bigint AS creator_fen, sum(agency_fen)::bigint AS agency_fen,"
            " sum(leader_fen)::bigint AS leader_fen, sum(platform_fen)::bigint AS platform_fen,"
            " sum(subsidy_fen)::bigint AS subsidy_fen"
            " FROM trade.settlements WHERE at >= :since GROUP BY 1 ORDER BY 1 DESC"
        ),
        {"since": clock.now() - timedelta(days=SETTLED_DAYS)},
    )
    waiting = (
        await db.execute(
            text(
                "SELECT count(*) AS orders, coalesce(sum(total_fen - refunded_fen), 0)::bigint AS fen"
                " FROM trade.orders WHERE state = 'received'"
            )
        )
    ).one()
    items = [SettledDay(**row._mapping) for row in rows]
    return SettledDays(items=items, waiting=waiting.orders, waiting_fen=waiting.fen)


@router.get("/api/operator/settlements/terms", dependencies=[operator])
async def get_terms(db: DbDep) -> AllTerms:
    return AllTerms(items=[TermsWire(**vars(one)) for one in await all_terms(db)])


@router.put("/api/operator/settlements/terms/{audience}", dependencies=[operator])
async def put_terms(audience: Audience, body: TermsIn, db: DbDep, caller: CallerDep) -> AllTerms:
    await set_terms(db, MoneyTerms(audience=audience, **body.model_dump()), by=caller.id)
    return await get_terms(db)


@router.get("/api/operator/deposits", dependencies=[operator])
async def operator_deposits(db: DbDep) -> ShopDeposits:
    """Every shop with a deposit, a class of its own or a deposit that was too low; the lowest first."""
    found = {one.owner_id for one in await balances(db, kind=AccountKind.DEPOSIT.value) if one.owner_id is not None}
    found |= {row.shop_id for row in await db.execute(select(shop_standings.c.shop_id))}
    names = await names_of(db, found)
    items = [await _shop_deposit(db, shop_id, names.get(shop_id, str(shop_id))) for shop_id in found]
    return ShopDeposits(items=sorted(items, key=lambda one: (one.balance_fen - one.minimum_fen, one.shop)))


async def _shop_deposit(db: DbDep, shop_id: UUID, name: str) -> ShopDeposit:
    kind = await merchant_class(db, shop_id)
    there, closed_at = await deposit_of(db, shop_id), await closed_since(db, shop_id)
    return ShopDeposit(
        shop_id=shop_id,
        shop=name,
        merchant_class="standard" if kind == "creator" else kind,
        balance_fen=there.balance_fen,
        minimum_fen=there.minimum_fen,
        below_since=there.below_since,
        blocked=there.blocked,
        closed_at=closed_at,
        waits_for=[] if closed_at is None else (await waits_for(db, shop_id))[0],
    )


@router.get("/api/operator/deposits/{shop_id}", dependencies=[operator])
async def operator_one_deposit(shop_id: Id, db: DbDep) -> DepositWire:
    return await present_deposit(db, shop_id, await deposit_of(db, shop_id))


@router.post("/api/operator/deposits/{shop_id}/transfer", dependencies=[operator])
async def operator_transfer(shop_id: Id, body: TransferIn, db: DbDep, caller: CallerDep) -> DepositWire:
    """The shop's transfer has arrived at the platform's bank; the same reference counts once."""
    found = await note_transfer(db, shop_id, fen=body.fen, reference=body.reference, by=caller.id)
    return await present_deposit(db, shop_id, found)


@router.post("/api/operator/deposits/{shop_id}/deduct", dependencies=[operator])
async def operator_deduct_deposit(
    shop_id: Id, body: DeductIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> DepositWire:
    """Into the compensation fund, with the reason and what proves it."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return DepositWire.model_validate(seen.response)
        found = await deduct(db, shop_id, fen=body.fen, reason=body.reason, evidence=body.evidence, by=caller.id)
        return seen.keep(await present_deposit(db, shop_id, found))


@router.post("/api/operator/deposits/{shop_id}/close", dependencies=[operator])
async def operator_close_shop(shop_id: Id, db: DbDep, caller: CallerDep) -> ShopDeposit:
    """The shop gives up: it lists nothing any more, and its deposit can be released once nobody can claim anything of it."""
    await close_shop(db, shop_id, by=caller.id)
    return await _one_shop(db, shop_id)


@router.post("/api/operator/deposits/{shop_id}/reopen", dependencies=[operator])
async def operator_reopen_shop(shop_id: Id, db: DbDep) -> ShopDeposit:
    await reopen_shop(db, shop_id)
    return await _one_shop(db, shop_id)


@router.post("/api/operator/deposits/{shop_id}/release", dependencies=[operator])
async def operator_release_deposit(shop_id: Id, db: DbDep, caller: CallerDep) -> ShopDeposit:
    """All of a closed shop's deposit goes to what it may withdraw; refused while somebody may claim something of it."""
    await release_deposit(db, shop_id, by=caller.id)
    return await _one_shop(db, shop_id)


@router.put("/api/operator/deposits/{shop_id}/class", dependencies=[operator])
async def operator_put_class(shop_id: Id, body: MerchantClassIn, db: DbDep) -> ShopDeposit:
    """The merchant's class decides its settlement period, its fees and its deposit's minimum."""
    await set_merchant_class(db, shop_id, body.merchant_class)
    return await _one_shop(db, shop_id)


async def _one_shop(db: DbDep, shop_id: UUID) -> ShopDeposit:
    return await _shop_deposit(db, shop_id, (await names_of(db, [shop_id])).get(shop_id, str(shop_id)))


@router.get("/api/operator/funds", dependencies=[operator])
async def operator_funds(db: DbDep) -> Funds:
    """The platform's own accounts."""
    items = []
    for kind in FUNDS:
        found = await balances(db, kind=kind.value)
        items.append(
            Fund(
                kind=kind.value,
                balance_fen=sum(one.balance_fen for one in found),
                leaving_fen=sum(one.leaving_fen for one in found),
            )
        )
    return Funds(items=items)


@router.post("/api/operator/funds/compensation", dependencies=[operator])
async def operator_pay_in(body: TransferIn, db: DbDep, caller: CallerDep) -> Funds:
    """Money was put into the compensation fund; the same reference counts once."""
    await pay_into_fund(db, fen=body.fen, reference=body.reference, by=caller.id)
    return await operator_funds(db)
