"""Thousands of orders a transaction, refunds after the settlement, and orders whose after-sales is not over."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from kaibo.kernel import clock, timers
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.contracts import OrderState, WrongState
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.check import check_ledger
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.orders.tables import order_lines, orders
from kaibo.trade.settlement import close
from kaibo.trade.settlement.close import settle_by_time, settle_order, settle_set
from kaibo.trade.settlement.take_back import shares_left, take_back
from tests.trade.settled import order, part_of, wait_for_settlement


async def entries(db: Db, ids: list[UUID]) -> list[Any]:
    """What the settlements of these orders moved, by order and account."""
    rows = await db.execute(
        text(
            "SELECT t.order_id, a.kind, a.owner_id, e.fen FROM trade.ledger_entries e"
            " JOIN trade.ledger_transactions t ON t.id = e.transaction_id JOIN trade.ledger_accounts a ON a.id = e.account_id"
            " WHERE t.kind = 'settlement' AND t.order_id = ANY(CAST(:ids AS uuid[])) ORDER BY 1, 2, 3"
        ),
        {"ids": ids},
    )
    return [tuple(row) for row in rows]


async def test_a_set_and_one_by_one_give_identical_entries(db: Db) -> None:
    chance = random.Random(3)
    made = [order(chance) for _ in range(60)]
    for one in made:
        await wait_for_settlement(db, one)
    ids = [one.id for one in made]
    async with db.begin_nested() as point:
        for one in ids:
            await settle_order(db, one)
        singly = await entries(db, list(ids))
        await point.rollback()
    assert await entries(db, list(ids)) == []
    assert await settle_set(db, 1000) >= 60
    together = await entries(db, list(ids))
    assert together == singly
    assert len(together) > 60 * 2
    assert sum(row.fen if hasattr(row, "fen") else row[3] for row in together) == 0
    assert (await check_ledger(db)).faults == ()
    assert await settle_set(db, 1000) == 0
    assert await entries(db, list(ids)) == together


async def test_a_timer_takes_the_others_that_are_due_along(db: Db) -> None:
    chance = random.Random(4)
    made = [order(chance) for _ in range(5)]
    for one in made:
        await wait_for_settlement(db, one)
    waiting = made[4]
    await db.execute(update(orders).where(orders.c.id == waiting.id).values(open_cases=1))
    await timers.cancel_timer(db, kind=SETTLE, key=str(made[0].id))
    await settle_by_time(db, str(made[0].id), {})
    states = [(await find_order(db, one.id)).state for one in made]
    assert states == [OrderState.SETTLED] * 4 + [OrderState.RECEIVED]
    due = text("SELECT due_at FROM kernel.timers WHERE kind = :kind AND key = :key")
    again = await db.scalar(due, {"kind": SETTLE, "key": str(waiting.id)})
    assert again is not None
    assert again > clock.now() + timedelta(minutes=50)
    with pytest.raises(WrongState):
        await settle_order(db, waiting.id)


async def test_one_order_that_cannot_be_settled_does_not_keep_the_others(
    here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    good, bad = order(chance), order(chance)
    async with here.database._sessions() as db, db.begin() as transaction:
        await wait_for_settlement(db, good)
        await wait_for_settlement(db, bad)
        divide = close.rules.divide_order

        def broken(one: Any) -> Any:
            if one.id == bad.id:
                raise ArithmeticError("broken")
            return divide(one)

        monkeypatch.setattr(close.rules, "divide_order", broken)
        await settle_by_time(db, str(good.id), {})
        assert (await find_order(db, good.id)).state is OrderState.SETTLED
        assert (await find_order(db, bad.id)).state is OrderState.RECEIVED
        left = await db.scalar(text("SELECT count(*) FROM kernel.timers WHERE key = :key"), {"key": str(bad.id)})
        assert left == 1
        await transaction.rollback()


async def balances_of(db: Db, one: Any) -> dict[str, int]:
    found = {
        "merchant": await balance(db, Account(AccountKind.MERCHANT_PAYABLE, one.shop_id)),
        "escrow": await balance(db, Account(AccountKind.ESCROW, one.shop_id)),
    }
    for kind, owner in (
        (AccountKind.CREATOR_COMMISSION, one.creator_id),
        (AccountKind.AGENCY_COMMISSION, one.agency_id),
        (AccountKind.LEADER_COMMISSION, one.leader_id),
    ):
        if owner is not None:
            found[kind.value] = await balance(db, Account(kind, owner))
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_taking_everything_back_in_parts_returns_everybody_to_zero(db: Db, seed: int) -> None:
    chance = random.Random(seed)
    one = order(chance)
    await wait_for_settlement(db, one)
    fee_before = await balance(db, Account(AccountKind.PLATFORM_FEE))
    coupons_before = await balance(db, Account(AccountKind.COUPONS_PLATFORM))
    settled = await settle_order(db, one.id)
    earned = await balances_of(db, one)
    assert earned["escrow"] == 0
    paid = sum(line.paid_fen for line in one.lines)
    third = paid // 3
    first = part_of(chance, one, third)
    await take_back(db, settled, key=f"a:{one.id}", line_refunds=first, freight_fen=0, by="operator")
    await take_back(db, settled, key=f"a:{one.id}", line_refunds=first, freight_fen=0, by="operator")
    assert (await balances_of(db, one))["escrow"] == third
    rest = [(line_id, left.goods_fen) for line_id, left in (await shares_left(db, settled)).items()]
    await take_back(db, settled, key=f"b:{one.id}", line_refunds=rest, freight_fen=one.freight_fen, by="operator")
    after = await balances_of(db, one)
    assert after.pop("escrow") == one.total_fen
    assert set(after.values()) == {0}
    assert await balance(db, Account(AccountKind.PLATFORM_FEE)) == fee_before
    assert await balance(db, Account(AccountKind.COUPONS_PLATFORM)) == coupons_before
    faults = {fault.rule for fault in (await check_ledger(db)).faults}
    assert faults <= {"escrow"}  # no refund was promised: that is the payment's part
    with pytest.raises(ValueError, match="beyond"):
        await take_back(db, settled, key=f"c:{one.id}", line_refunds=[], freight_fen=1, by="operator")


async def test_a_refund_before_the_settlement_leaves_less_to_divide(db: Db) -> None:
    chance = random.Random(7)
    one = order(chance)
    await wait_for_settlement(db, one)
    line = one.lines[0]
    fen = line.paid_fen // 2
    await db.execute(update(order_lines).where(order_lines.c.id == line.id).values(refunded_fen=fen))
    await db.execute(update(orders).where(orders.c.id == one.id).values(refunded_fen=fen))
    before = await balance(db, Account(AccountKind.ESCROW, one.shop_id))
    await settle_order(db, one.id)
    assert before - await balance(db, Account(AccountKind.ESCROW, one.shop_id)) == one.total_fen - fen
    left = await shares_left(db, replace(one, state=OrderState.SETTLED))
    assert left[line.id].goods_fen == line.paid_fen - fen
    with pytest.raises(WrongState):
        await take_back(db, one, key=f"x:{new_id()}", line_refunds=[], freight_fen=0, by="operator")
