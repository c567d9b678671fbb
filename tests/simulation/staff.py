"""Merchants and operators: they ship, answer cases, restock, take out their money; decide, pay out, mend what is stuck."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.trade.aftersales.approve import approve_case
from kaibo.trade.aftersales.arbitrate import Decision, decide_case
from kaibo.trade.aftersales.evidence import give_evidence
from kaibo.trade.aftersales.inspect import accept_goods
from kaibo.trade.aftersales.model import Side
from kaibo.trade.aftersales.perform import perform_case
from kaibo.trade.aftersales.refuse import refuse_case, refuse_goods
from kaibo.trade.aftersales.resend import resend_goods
from kaibo.trade.aftersales.rulebook import ARBITRATION_RULES
from kaibo.trade.compensation.pay_out import pay_out
from kaibo.trade.contracts import LineId
from kaibo.trade.funds.decide import approve_withdrawal, confirm_paid, refuse_withdrawal, return_withdrawal
from kaibo.trade.funds.model import Owner, OwnerKind
from kaibo.trade.funds.withdraw import ask_withdrawal
from kaibo.trade.payment.abnormal import pay_by_hand, retry_refund
from kaibo.trade.shipping.ship import ship_parcel
from tests.simulation.clients import Scene
from tests.simulation.mornings import compare_again, shut_day, work_off
from tests.simulation.promoting import answer_share, change_rate, leave_agency, offer_share

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
    shop, number = order["shop_id"], f"75{scene.number():012d}"
    await scene.do(
        "ship", ship_parcel, order["id"], shop_id=shop, by=scene.world.owners[shop], carrier="zto",
        tracking_number=number, lines=lines,
    )  # fmt: skip


async def restock(scene: Scene) -> None:
    shelf, delta = scene.dice.choice(scene.world.shelf), scene.dice.choice([-2, 3, 8])
    who = scene.world.owners[shelf.shop_id]
    await scene.do("restock", adjust_stock, shelf.shop_id, shelf.sku_id, delta, reason="盘点", actor_id=who)


async def answer_case(scene: Scene) -> None:
    case = await scene.some_case("asked", "returning", "inspected", "refused", "decided")
    if case is None:
        return
    (now,) = await scene.house.look("SELECT state FROM trade.aftersales_cases WHERE id = $1", case["id"])
    shop, id_ = case["shop_id"], case["id"]
    by, no = scene.world.owners[shop], scene.dice.random() < 0.4
    match now["state"]:
        case "asked" if no:
            await scene.do("refuse", refuse_case, id_, shop_id=shop, by=by, reason="other", said="没有问题")
        case "asked":
            await scene.do("approve", approve_case, id_, shop_id=shop, by=by)
        case "returning" if no:
            await scene.do("refuse goods", refuse_goods, id_, shop_id=shop, by=by, reason="used", said="用过了")
        case "returning" | "refused" if case["sent_at"] is not None:
            whole = await _restock(scene, id_)
            await scene.do("accept goods", accept_goods, id_, shop_id=shop, by=by, restock=whole)
        case "refused":
            await scene.do("approve", approve_case, id_, shop_id=shop, by=by)
        case "inspected":
            number = f"75{scene.number():012d}"
            await scene.do("resend", resend_goods, id_, shop_id=shop, by=by, carrier="zto", tracking_number=number)
        case "decided":
            await scene.do("perform", perform_case, id_, shop_id=shop, by=by)


async def show_evidence(scene: Scene) -> None:
    """Either side adds pictures and words to a case."""
    case = await scene.some_case("asked", "refused", "returning", "inspected", "arbitration")
    if case is None:
        return
    shop, dice = case["shop_id"], scene.dice
    theirs = scene.world.owners[shop] if dice.random() < 0.5 else case["buyer_id"]
    side: Side = "buyer" if theirs == case["buyer_id"] else "merchant"
    chosen = dice.sample(scene.world.pictures[theirs], dice.randint(0, 2))
    await scene.do(
        "evidence", give_evidence, case["id"], side=side, person_id=theirs, note="见图", picture_ids=chosen,
        shop_id=None if side == "buyer" else shop,
    )  # fmt: skip


async def _restock(scene: Scene, case_id: UUID) -> dict[LineId, int]:
    rows = await scene.house.look(
        "SELECT line_id, quantity FROM trade.aftersales_lines WHERE case_id = $1 ORDER BY line_id", case_id
    )
    return {LineId(row["line_id"]): scene.dice.randint(0, row["quantity"]) for row in rows}


async def withdraw(scene: Scene) -> None:
    """A shop, the creator, the agency or the leader asks for some of their money, sometimes for more than there is."""
    world = scene.world
    if scene.dice.random() < 0.4:
        earners: list[tuple[OwnerKind, UUID, UUID]] = [
            ("creator", world.creator_id, world.creator_id),
            ("agency", world.agency.id, world.agency.boss_id),
            ("leader", world.leader_id, world.leader_id),
        ]
        kind, whose, by = scene.dice.choice(earners)
        owner = Owner(kind, whose)
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


SELLING: dict[Deed, int] = {ship: 45, answer_case: 35, show_evidence: 6, restock: 8, withdraw: 8, change_rate: 2}
RULING: dict[Deed, int] = {
    decide_withdrawal: 20, arbitrate: 22, mend_refund: 14, pay_buyers: 14, compare_again: 6, work_off: 16, shut_day: 6,
    offer_share: 2, answer_share: 2, leave_agency: 1,
}  # fmt: skip
TIDYING: dict[Deed, int] = {
    ship: 1,
    answer_case: 1,
    decide_withdrawal: 1,
    arbitrate: 1,
    mend_refund: 1,
    pay_buyers: 1,
    work_off: 2,
}
"""What people still do when no new orders come, so that everything ends."""

__all__ = ["RULING", "SELLING", "TIDYING", "Deed"]
