"""Points as the rest of trade sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

EntryKind = Literal["earned", "used", "released", "returned", "taken_back", "expired", "offset"]
"""`offset` moves points from one lot to another that is below zero; the sum of such a pair is 0."""


@dataclass(frozen=True)
class PointTerms:
    """`earn_fen_per_point` fen paid for goods earn a point; `spend_points_per_fen` points pay a fen; points pay at most `cap_bps`
    of the goods of a checkout; a point lives `expire_months` months.
    """

    on: bool = False
    earn_fen_per_point: int = 100
    spend_points_per_fen: int = 1
    cap_bps: int = 1_000
    expire_months: int = 12


@dataclass(frozen=True)
class SetTerms:
    """Terms an operator has set, and since when they hold."""

    terms: PointTerms
    at: datetime
    actor_id: UUID


@dataclass(frozen=True)
class Lot:
    """Points that came together and go together. `left` is below zero where more was taken back than was there."""

    id: UUID
    left: int
    expires_at: datetime


@dataclass(frozen=True)
class Part:
    """`points` of an order's, which come off (or go to) a lot."""

    lot_id: UUID
    points: int


@dataclass(frozen=True)
class Holding:
    """What a buyer has. `debt` is what was taken back and had been spent already: new points pay it first."""

    balance: int
    debt: int
    lots: tuple[Lot, ...]


@dataclass(frozen=True)
class Happening:
    """A line of the buyer's history. `points` is what it added or took."""

    id: UUID
    kind: EntryKind
    points: int
    order_id: UUID | None
    order_number: str | None
    at: datetime
