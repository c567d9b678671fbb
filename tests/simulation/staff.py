"""Merchants and operators: they ship, answer cases, restock, take out their money; decide, pay out, mend what is stuck."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.trade.aftersales.approve import approve_case
from kaibo.trade.aftersales.arbitrate import Decision, decide_case
from kaibo.trade.aftersales.inspect import accept_goods
from kaibo.trade.aftersales.perform import perform_case
from kaibo.trade.aftersales.refuse import refuse_case, refuse_goods
from kaibo.trade.aftersales.resend import resend_goods
from kaibo.trade.aftersales.rulebook import ARBITRATION_RULES
from kaibo.trade.compensation.pay_out import pay_out
from kaibo.trade.contracts import LineId
from kaibo.trade.funds.decide import approve_withdrawal, confirm_paid, refuse_withdrawal, return_withdrawal
from kaibo.trade.funds.model import Owner
from kaibo.trade.funds.withdraw import ask_withdrawal
from kaibo.trade.payment.abnormal import pay_by_hand, retry_refund
from kaibo.trade.shipping.ship import ship_parcel
from tests.simulation.clients import Scene

Deed = Callable[[Scene], Awaitable[None]]


async def ship(scene: Scene) -> None:
    """Everything that is left, or one piece of it."""
    order = await scene.some_order("paid")
    if order is None:
        return
    lines = None
    if scene.dice.random() < 0.25 and not scene.house.closing:
        row = await scene.some("SELECT id FROM trade.order_lines WHERE order_id = $1 ORDER BY position", order["id"])
        lines = [(LineId(row["id"]), 1)]
    parcel: dict[str, Any] = {"carrier": "zto", "tracking_number": f"75{scene.number():012d}", "lines": lines}
    who = {"shop_id": order["shop_id"], "by": scene.world.owners[order["shop_id"]]}
    await scene.do("ship", ship_parcel, order["id"], **who, **parcel)


async def restock(scene: Scene) -> None:
    shelf, delta = scene.dice.choice(scene.world.shelf), scene.dice.choice([-2, 3, 8])
    who = scene.world.owners[shelf.shop_id]
    await scene.do("restock", adjust_stock, shelf.shop_id, shelf.sku_id, delta, reason="盘点", actor_id=who)


async def answer_case(scene: Scene) -> None:
    case = await scene.some_case("asked", "returning", "inspected", "refused", "decided")
    if case is None:
        return
    (now,) = await scene.house.look("SELECT state FROM trade.aftersales_cases WHERE id = $1", case["id"])
    who = {"shop_id": case["shop_id"], "by": scene.world.owners[case["shop_id"]]}
    no, parcel = scene.dice.random() < 0.4, {"carrier": "zto", "tracking_number": f"75{scene.number():012d}"}
    match now["state"]:
        case "asked" if no:
            await scene.do("refuse", refuse_case, case["id"], **who, reason="other", said="没有问题")
        case "asked":
            await scene.do("approve", approve_case, case["id"], **who)
        case "returning" if no:
            await scene.do("refuse goods", refuse_goods, case["id"], **who, reason="used", said="用过了")
        case "returning" | "refused" if case["sent_at"] is not None:
            await scene.do("accept goods", accept_goods, case["id"], **who, restock=await _restock(scene, case["id"]))
        case "refused":
            await scene.do("approve", approve_case, case["id"], **who)
        case "inspected":
            await scene.do("resend", resend_goods, case["id"], **who, **parcel)
        case "decided":
            await scene.do("perform", perform_case, case["id"], **who)


async def _restock(scene: Scene, case_id: UUID) -> dict[LineId, int]:
    rows = await scene.house.look(
        "SELECT line_id, quantity FROM trade.aftersales_lines WHERE case_id = $1 ORDER BY line_id", case_id
    )
    return {LineId(row["line_id"]): scene.dice.randint(0, row["quantity"]) for row in rows}


async def withdraw(scene: Scene) -> None:
    """A shop or the creator asks for some of their money, sometimes for more than there is."""
    if scene.dice.random() < 0.3:
        owner, by = Owner("creator", scene.world.creator_id), scene.world.creator_id
    else:
        shop = scene.dice.choice(scene.world.shops)
        owner, by = Owner("shop", shop), scene.world.owners[shop]
    await scene.do("withdraw", ask_withdrawal, owner, fen=scene.dice.choice([500, 3_000, 20_000]), by=by)


async def decide_withdrawal(scene: Scene) -> None:
    row = await scene.some(
        "SELECT id, state FROM trade.withdrawals WHERE state IN ('asked', 'approved') ORDER BY id LIMIT 9"
    )
    if row is None:
        return
    who, no = scene.world.operator_id, scene.dice.random() < 0.25
    match row["state"]:
        case "asked" if no:
            await scene.do("refuse withdrawal", refuse_withdrawal, row["id"], reason="资料不符", by=who)
        case "asked":
            await scene.do("approve withdrawal", approve_withdrawal, row["id"], by=who)
        case "approved" if no:
            await scene.do("return withdrawal", return_withdrawal, row["id"], reason="退票", by=who)
        case "approved":
            await scene.do("confirm withdrawal", confirm_paid, row["id"], reference=f"b{row['id']}", by=who)


async def arbitrate(scene: Scene) -> None:
    case = await scene.some_case("arbitration")
    if case is None:
        return
    outcome, extra = scene.dice.choice([("refund", 0), ("refuse", 0), ("partial", 0), ("compensate", 2_000)])
    decision = Decision(
        outcome,
        scene.dice.choice(ARBITRATION_RULES),
        "已阅双方证据",
        "merchant" if outcome != "refuse" else "buyer",
        fen=1 if outcome == "partial" else None,
        extra_fen=extra,
        goods_back=scene.dice.random() < 0.2 and outcome == "refund",
    )
    await scene.do("arbitrate", decide_case, case["id"], decision, by=scene.world.operator_id)


async def mend_refund(scene: Scene) -> None:
    row = await scene.some("SELECT id FROM trade.refunds WHERE state = 'abnormal' ORDER BY id LIMIT 9")
    if row is None:
        return
    by, how = scene.world.operator_id, scene.dice.random()
    if how < 0.3:
        await scene.do("pay by hand", pay_by_hand, row["id"], by=by, reason="银行转账", reference=f"h{row['id']}")
    else:
        await scene.do("retry refund", retry_refund, row["id"], by=by, reason="再试", anew=True)


async def pay_buyers(scene: Scene) -> None:
    row = await scene.some("SELECT id FROM trade.buyer_payouts WHERE paid_at IS NULL ORDER BY id LIMIT 9")
    if row is not None:
        await scene.do("pay out", pay_out, row["id"], reference=f"t{row['id']}", by=scene.world.operator_id)


SELLING: dict[Deed, int] = {ship: 46, answer_case: 36, restock: 10, withdraw: 8}
RULING: dict[Deed, int] = {decide_withdrawal: 30, arbitrate: 30, mend_refund: 20, pay_buyers: 20}
TIDYING: dict[Deed, int] = {
    ship: 1,
    answer_case: 1,
    decide_withdrawal: 1,
    arbitrate: 1,
    mend_refund: 1,
    pay_buyers: 1,
}
"""What people still do when no new orders come, so that everything ends."""

__all__ = ["RULING", "SELLING", "TIDYING", "Deed"]
