"""How a simulated parcel travels: the steps of a journey, when each happens and in whose words. Pure."""

import random
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["delivered", "locker", "obstacle", "refused", "silent", "unknown"]
OUTCOMES: tuple[Outcome, ...] = ("delivered", "locker", "obstacle", "refused", "silent", "unknown")
TROUBLES: tuple[Outcome, ...] = ("obstacle", "refused", "silent")

HOUR_S = 3600
GIVE_UP_S = 72 * HOUR_S
"""A number of which nothing was heard for three days is given up: status "abort"."""


@dataclass(frozen=True, slots=True)
class Step:
    """`after_s` simulated seconds since the subscription; `state` and `code` are Kuaidi100's basic and fine state."""

    after_s: int
    state: str
    code: str
    name: str
    text: str
    place: str


def outcome_of(number: str, trouble_percent: int) -> Outcome:
    """Drawn from the number itself, so that a parcel has the same fate after a restart."""
    dice = random.Random(f"outcome/{number}")
    if dice.randrange(100) < trouble_percent:
        return dice.choice(TROUBLES)
    return "locker" if dice.randrange(3) == 0 else "delivered"


def road(number: str, start: str, goal: str, outcome: Outcome) -> list[Step]:
    """The whole journey, oldest first. `start` and `goal` are what the subscriber named, often province, city and district."""
    if outcome == "unknown":
        return []
    dice = random.Random(f"road/{number}")
    here, there = start or "发货地", goal or "收货地"
    phone = f"1{dice.randrange(30, 99)}****{dice.randrange(10_000):04d}"
    steps = [
        Step(2 * HOUR_S, "1", "103", "揽收", f"【{here}】快件已被揽收，揽收电话 {phone}", here),
        Step(5 * HOUR_S, "0", "0", "在途", f"【{here}】快件已到达 转运中心", here),
        Step(7 * HOUR_S, "0", "1002", "干线", f"【{here}】快件已发车，发往 {there}转运中心", here),
    ]
    if outcome == "silent":
        return steps
    steps += [
        Step(28 * HOUR_S, "0", "1002", "干线", f"【{there}】快件已到达 转运中心", there),
        Step(32 * HOUR_S, "0", "1001", "到达派件城市", f"【{there}】快件已到达 派件网点", there),
        Step(34 * HOUR_S, "5", "5", "派件", f"【{there}】快递员正在派件，电话 {phone}，请保持电话畅通", there),
    ]
    if outcome == "refused":
        return [
            *steps,
            Step(36 * HOUR_S, "2", "203", "拒收", f"【{there}】收件人拒收，快件将退回", there),
            Step(44 * HOUR_S, "6", "6", "退回", f"【{there}】快件正在退回寄件人", there),
            Step(70 * HOUR_S, "4", "4", "退签", f"【{here}】退回件已由寄件人签收", here),
        ]
    late = 0
    if outcome == "obstacle":
        late = 24 * HOUR_S
        steps += [
            Step(36 * HOUR_S, "2", "206", "无法联系", f"【{there}】无法联系收件人，改日再派", there),
            Step(58 * HOUR_S, "5", "5", "派件", f"【{there}】再次派件，快递员电话 {phone}", there),
        ]
    if outcome == "locker":
        steps.append(Step(35 * HOUR_S, "5", "501", "投柜或驿站", f"【{there}】快件已放入驿站，请凭取件码领取", there))
        steps.append(Step(39 * HOUR_S, "3", "304", "投柜或站签收", f"【{there}】快件已从驿站取出，已签收", there))
        return steps
    steps.append(Step(36 * HOUR_S + late, "3", "301", "本人签收", f"【{there}】快件已签收，签收人：本人", there))
    return steps
