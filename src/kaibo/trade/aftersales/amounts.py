"""What a case gives back. Pure: values in, values out, every fen of it explained.

A line gives back exactly what was paid for it. Parts are taken by largest remainder over what is *left* of the line, so that
refunding piece after piece ends at zero to the fen, whatever was refunded in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kaibo.kernel.money import split, yuan
from kaibo.trade.aftersales.model import CaseLine, Fault
from kaibo.trade.aftersales.refusals import AmountTooHigh, LineTwice, LineUnknown, NothingLeft
from kaibo.trade.contracts import LineId
from kaibo.trade.pricing.rules import refund_of

Step = Mapping[str, Any]
"""{"step": key of trade.aftersales_step, "fen": int, "rule": rule id, …facts}"""


@dataclass(frozen=True)
class Balance:
    """What was paid for a line and what of it is gone: refunded, or set aside for another open case."""

    line_id: LineId
    title: str
    quantity: int
    paid_fen: int
    freight_paid_fen: int
    gone_quantity: int = 0
    gone_fen: int = 0
    """Of goods and freight together; goods go first, because freight goes back only with the last piece."""

    @property
    def left_quantity(self) -> int:
        return self.quantity - self.gone_quantity

    @property
    def left_goods_fen(self) -> int:
        return max(0, self.paid_fen - self.gone_fen)

    @property
    def left_freight_fen(self) -> int:
        return self.freight_paid_fen - max(0, self.gone_fen - self.paid_fen)

    def share_of(self, quantity: int) -> int:
        """What `quantity` of the pieces that are left give back, in fen."""
        if quantity == 0:
            return 0
        gone_fen = min(self.gone_fen, self.paid_fen)
        return refund_of(
            self.paid_fen, self.quantity, refunded_fen=gone_fen, refunded_quantity=self.gone_quantity, take=quantity
        )


@dataclass(frozen=True)
class Amount:
    lines: tuple[CaseLine, ...]
    steps: tuple[Step, ...]

    @property
    def total_fen(self) -> int:
        return sum(line.total_fen for line in self.lines)


def choose(balances: Sequence[Balance], wanted: Sequence[tuple[LineId, int]]) -> list[tuple[Balance, int]]:
    """The balances of the chosen lines. Raises LineUnknown, LineTwice, NothingLeft."""
    known = {balance.line_id: balance for balance in balances}
    chosen: dict[LineId, int] = {}
    for line_id, quantity in wanted:
        if line_id not in known:
            raise LineUnknown(line_id=str(line_id))
        if line_id in chosen:
            raise LineTwice(line_id=str(line_id))
        chosen[line_id] = quantity
        here = known[line_id]
        if quantity > here.left_quantity:
            raise NothingLeft(title=here.title, left=here.left_quantity, asked=quantity)
    return [(known[line_id], quantity) for line_id, quantity in chosen.items()]


def takes_the_rest(balances: Sequence[Balance], chosen: Sequence[tuple[Balance, int]]) -> bool:
    """Whether no piece of the order stays with the buyer after this case."""
    taken = {balance.line_id: quantity for balance, quantity in chosen}
    return all(balance.left_quantity == taken.get(balance.line_id, 0) for balance in balances)


def money_back(
    balances: Sequence[Balance], wanted: Sequence[tuple[LineId, int]], *, fault: Fault, before_shipping: bool
) -> Amount:
    """Lines with what each gives back, and the explanation.

    The freight of the way out goes back where nothing of the order stays with the buyer and either nothing was shipped or the
    merchant is at fault; otherwise the carrier has earned it (law_no_reason_18). Raises LineUnknown, LineTwice, NothingLeft.
    """
    chosen = choose(balances, wanted)
    whole = takes_the_rest(balances, chosen)
    freight_back = whole and (before_shipping or fault == "merchant")
    # Lines whose pieces were refunded by earlier cases give their freight back now.
    freights = {b.line_id: b.left_freight_fen for b in balances} if freight_back else {}
    lines = [
        CaseLine(balance.line_id, quantity, balance.share_of(quantity), freights.pop(balance.line_id, 0))
        for balance, quantity in chosen
    ]
    lines += [CaseLine(line_id, 0, 0, fen) for line_id, fen in freights.items() if fen]
    return Amount(tuple(lines), _explain(balances, chosen, lines, freight_back=freight_back, whole=whole))


def _explain(
    balances: Sequence[Balance],
    chosen: Sequence[tuple[Balance, int]],
    lines: Sequence[CaseLine],
    *,
    freight_back: bool,
    whole: bool,
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for (balance, quantity), line in zip(chosen, lines, strict=False):
        steps.append(
            {
                "step": "line",
                "title": balance.title,
                "quantity": quantity,
                "of": balance.quantity,
                "paid": yuan(balance.paid_fen),
                "fen": line.fen,
            }
        )
    freight_fen = sum(balance.left_freight_fen for balance in balances)
    if freight_fen:
        key = "freight_back" if freight_back else "freight_kept" if whole else "freight_waits"
        steps.append({"step": key, "fen": freight_fen if freight_back else 0, "freight": yuan(freight_fen)})
    return tuple(steps)


def lowered(amount: Amount, fen: int | None) -> tuple[Amount, bool]:
    """The amount cut down to `fen` (the buyer asks for less, or less is granted), spread in proportion; and whether it is whole.

    Raises AmountTooHigh.
    """
    if fen is None or fen == amount.total_fen:
        return amount, True
    if fen > amount.total_fen:
        raise AmountTooHigh(fen=fen, fen_max=amount.total_fen, yuan_max=yuan(amount.total_fen))
    return Amount(cut(amount.lines, fen), (*amount.steps, {"step": "less", "fen": fen})), False


def cut(lines: Sequence[CaseLine], fen: int) -> tuple[CaseLine, ...]:
    """The lines with `fen` in all, by largest remainder over what each gives back; goods first, then freight."""
    goods = min(fen, sum(line.fen for line in lines))
    freight = fen - goods
    goods_parts = split(goods, [line.fen for line in lines]) if goods else [0] * len(lines)
    freight_parts = split(freight, [line.freight_fen for line in lines]) if freight else [0] * len(lines)
    return tuple(
        CaseLine(line.line_id, line.quantity, part, freight_part)
        for line, part, freight_part in zip(lines, goods_parts, freight_parts, strict=True)
    )


def price_fall(
    balances: Sequence[Balance], wanted: Sequence[tuple[LineId, int]], lowest: Mapping[LineId, int]
) -> Amount:
    """What was paid for the pieces above the lowest price since (`lowest`: fen a piece). Nothing returns, no freight moves."""
    lines, steps = [], []
    for balance, quantity in choose(balances, wanted):
        paid = balance.share_of(quantity)
        price = lowest.get(balance.line_id)
        fen = 0 if price is None else max(0, paid - price * quantity)
        lines.append(CaseLine(balance.line_id, quantity, fen, 0))
        if fen and price is not None:
            facts = {"title": balance.title, "quantity": quantity, "paid": yuan(paid), "now": yuan(price)}
            steps.append({"step": "price_fall", "fen": fen, **facts})
    return Amount(tuple(lines), tuple(steps))
