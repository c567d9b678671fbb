"""The JSON of an order's part that is about its presale. Apart from wire.py, which needs the JSON of orders itself."""

from __future__ import annotations

from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.trade.presales.model import Outcome, PresaleOrder


class PresalePart(Wire):
    """The part of an order that is about its presale. `outcome`: what became of the deposit, null while nothing has."""

    presale_id: Id
    deposit_fen: Fen
    counts_as_fen: Fen
    balance_fen: Fen
    balance_from: Instant
    balance_until: Instant
    ship_days: int
    reserved_at: Instant | None
    outcome: Outcome | None
    owed_fen: Fen


def part_wire(part: PresaleOrder, total_fen: int) -> PresalePart:
    names = [name for name in PresalePart.model_fields if name != "balance_fen"]
    return PresalePart(**{name: getattr(part, name) for name in names}, balance_fen=total_fen - part.deposit_fen)
