"""The JSON of what affiliate plans have sold."""

from __future__ import annotations

from datetime import date

from kaibo.kernel.web import Fen, Id, Wire


class SoldWire(Wire):
    """Of paid orders: `commission_fen` is on what was not refunded, the agency's share included."""

    orders: int
    paid_fen: Fen
    refunded_fen: Fen
    commission_fen: Fen


class PlanDay(SoldWire):
    day: date


class PlanCreator(SoldWire):
    creator_id: Id
    nickname: str


class PlanFiguresWire(Wire):
    total: SoldWire
    days: list[PlanDay]
    creators: list[PlanCreator]
