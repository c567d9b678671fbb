"""What was decided for the buyer is carried out: with the merchant's money, or with the compensation fund's in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.money import yuan
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.grant import grant_refund
from kaibo.trade.aftersales.lookup import lock_case, require_shop
from kaibo.trade.aftersales.model import Actor, Case, CaseState
from kaibo.trade.aftersales.record import change_case, note_step
from kaibo.trade.aftersales.refusals import NotEnoughMoney
from kaibo.trade.compensation.advance import advance
from kaibo.trade.compensation.owe_buyer import owe_buyer
from kaibo.trade.contracts import OrderState
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.model import Order


def needs_fen(order: Order, case: Case) -> int:
    """What the merchant's own account has to give at most. Before the settlement the buyer's money still lies in escrow."""
    return case.extra_fen + (case.refund_fen if order.state is OrderState.SETTLED else 0)


async def has_enough(db: Db, order: Order, case: Case) -> bool:
    need = needs_fen(order, case)
    return need == 0 or await balance(db, Account(AccountKind.MERCHANT_PAYABLE, case.shop_id)) >= need


async def perform_case(db: Db, case_id: UUID, *, shop_id: UUID, by: UUID) -> Case:
    """The merchant performs: from its balance, and what is missing from its deposit.

    Raises CaseMissing, WrongCaseState, NotEnoughMoney.
    """
    order, case = await lock_case(db, case_id)
    require_shop(case, shop_id)
    rules.require_state(case, "perform", CaseState.DECIDED)
    shop, deposit = Account(AccountKind.MERCHANT_PAYABLE, shop_id), Account(AccountKind.DEPOSIT, shop_id)
    need = needs_fen(order, case)
    have, put_down = max(0, await balance(db, shop)), await balance(db, deposit)
    missing = max(0, need - have)
    if missing > put_down:
        raise NotEnoughMoney(need_fen=need, need_yuan=yuan(need), have_yuan=yuan(have + put_down))
    if missing:
        key, why = f"performed:{case.id}", "trade.why.ledger_performed"
        entries = move(deposit, (shop, missing))
        await post(db, Posting(PostingKind.DEPOSIT_DEDUCTION, key, order.id, why, "shop", entries))
    return await carry_out(db, order, case, actor="shop", actor_id=by, why="trade.case_why.performed", rule=case.rule)


async def perform_by_fund(db: Db, order: Order, case: Case) -> Case:
    """The merchant has let its time pass. The buyer is paid at once; what the merchant's account cannot give comes from the fund.

    The order is locked.
    """
    account = Account(AccountKind.MERCHANT_PAYABLE, case.shop_id)
    before = await balance(db, account)
    why, rule = "trade.case_why.advanced", "advance"
    done = await carry_out(db, order, case, actor="system", why=why, rule=rule)
    taken = before - await balance(db, account)
    short = taken - max(0, before)
    if short <= 0:
        return done
    paid = await advance(db, case_id=case.id, order_id=order.id, shop_id=case.shop_id, fen=short, rule=case.rule)
    done = replace(done, advanced_fen=paid)
    await change_case(db, done)
    if paid:
        why, facts = "trade.case_why.fund_paid", {"fen": paid}
        await note_step(db, done, actor="system", why=why, rule=rule, facts=facts)
    return done


async def carry_out(
    db: Db, order: Order, case: Case, *, actor: Actor, why: str, rule: str, actor_id: UUID | None = None, **more: Any
) -> Case:
    """Compensation beyond the payment is owed to the buyer, the payment's part is promised. The order is locked."""
    if case.extra_fen:
        await owe_buyer(
            db,
            key=f"compensation:{case.id}",
            kind="compensation",
            case_id=case.id,
            order_id=order.id,
            person_id=case.buyer_id,
            source=Account(AccountKind.MERCHANT_PAYABLE, case.shop_id),
            fen=case.extra_fen,
        )
    return await grant_refund(db, order, case, actor=actor, actor_id=actor_id, why=why, rule=rule, **more)
