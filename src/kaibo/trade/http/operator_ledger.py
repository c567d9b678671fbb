"""The books for operators: what the last check found, every account, its statement and what is held, at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Missing
from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth, limited
from kaibo.kernel.web.wire import Text
from kaibo.people import facade as people
from kaibo.trade.http.present_money import names_of
from kaibo.trade.http.present_statement import statement_page
from kaibo.trade.ledger.balances import AccountBalance, balances, balances_at
from kaibo.trade.ledger.check_books import ask_check, last_check
from kaibo.trade.ledger.hold import holds_on
from kaibo.trade.ledger.post import AccountKind
from kaibo.trade.wire import StatementEntry
from kaibo.trade.wire_ledger import Accounts, AccountWire, Check, Holds, HoldWire, KindWire, Ledger, LedgerFault

router = APIRouter(tags=["operators ledger"])
operator = auth.platform("operator")

ACCOUNTS_SHOWN_MAX = 200
NAMED_MAX = 100
Owner = Annotated[Text, Query(max_length=60)]


@router.get("/api/operator/ledger", dependencies=[operator, auth.scope("platform:read")])
async def ledger(db: DbDep, caller: CallerDep) -> Ledger:
    """What the last check of the whole ledger found: `sum_fen` must be 0, `faults` empty."""
    found = await last_check(db)
    if found is None:
        return Ledger(check=None)
    report = found.report
    faults = [
        LedgerFault(rule=say(f"trade.ledger_fault.{one.rule}", caller.locale, {}), what=one.what)
        for one in report.faults
    ]
    return Ledger(
        check=Check(
            at=report.checked_at,
            seconds=found.seconds,
            sum_fen=report.sum_fen,
            transactions=report.transactions,
            faults=faults,
            kinds=[KindWire(**vars(one)) for one in report.kinds],
        )
    )


@router.post("/api/operator/ledger/check", status_code=202, dependencies=[operator, limited("10/minute")])
async def ask_ledger_check(db: DbDep, caller: CallerDep) -> Response:
    """Have the whole ledger recomputed now; the result stands in GET /api/operator/ledger when it is done."""
    await ask_check(db, caller.id)
    return Response(status_code=202)


@router.get("/api/operator/ledger/accounts", dependencies=[operator])
async def operator_accounts(
    db: DbDep, kind: AccountKind | None = None, at: AwareDatetime | None = None, owner: Owner = ""
) -> Accounts:
    """Accounts with their balances, now or as they were at `at`, the largest of each kind first.

    `owner`: a part of a shop's or an agency's name, a person's phone or their whole nickname. At most ACCOUNTS_SHOWN_MAX are
    shown; `more` says that there are others.
    """
    owner_ids = await people.owners_named(db, owner.strip(), NAMED_MAX) if owner.strip() else None
    limit = ACCOUNTS_SHOWN_MAX + 1
    found = await balances(db, kind=None if kind is None else kind.value, owner_ids=owner_ids, limit=limit)
    shown = found[:ACCOUNTS_SHOWN_MAX]
    then = None if at is None else await balances_at(db, [one.id for one in shown], at)
    return Accounts(items=await _present(db, shown, then), more=len(found) > ACCOUNTS_SHOWN_MAX)


@router.get("/api/operator/ledger/accounts/{account_id}", dependencies=[operator])
async def operator_account(account_id: Id, db: DbDep, at: AwareDatetime | None = None) -> AccountWire:
    """One account, now or as it was at `at`."""
    found = await balances(db, account_id=account_id)
    if not found:
        raise Missing(what="account", id=str(account_id))
    then = None if at is None else await balances_at(db, [account_id], at)
    return (await _present(db, found, then))[0]


@router.get("/api/operator/ledger/accounts/{account_id}/statement", dependencies=[operator])
async def account_statement(account_id: Id, db: DbDep, caller: CallerDep, page: PageQuery) -> Page[StatementEntry]:
    """The entries of an account, newest first, each with the balance after it."""
    return await statement_page(db, account_id, page, caller.locale)


@router.get("/api/operator/ledger/accounts/{account_id}/holds", dependencies=[operator])
async def account_holds(account_id: Id, db: DbDep, caller: CallerDep) -> Holds:
    """What is held from the account and for it, newest first: not in its balance until it is posted."""
    return Holds(
        items=[
            HoldWire(**{**vars(one), "why": say(one.why, caller.locale, {})}) for one in await holds_on(db, account_id)
        ]
    )


async def _present(db: Db, found: Sequence[AccountBalance], then: dict[Id, int] | None) -> list[AccountWire]:
    names = await names_of(db, [one.owner_id for one in found if one.owner_id is not None])
    return [
        AccountWire(
            **vars(one)
            | {
                "owner": None if one.owner_id is None else names.get(one.owner_id, str(one.owner_id)),
                "balance_fen": one.balance_fen if then is None else then.get(one.id, 0),
            }
        )
        for one in found
    ]
