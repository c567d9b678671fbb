"""What goods show of slot fee contracts: events for the wings that hold the money and measure the performance, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from kaibo.kernel.errors import Conflict, Invalid, NotFound, refusal
from kaibo.kernel.events import Event

SlotState = Literal[
    "proposed", "declined", "withdrawn", "lapsed", "signed", "unfunded", "held", "cancelled", "measuring", "settled"
]


@dataclass(frozen=True, kw_only=True)
class SlotEvent(Event):
    contract_id: UUID
    shop_id: UUID
    creator_id: UUID
    fee_fen: int

    @property
    def aggregate_id(self) -> str:
        return str(self.contract_id)


@dataclass(frozen=True, kw_only=True)
class SlotSigned(SlotEvent):
    """Both have signed (or the merchant tries again): the fee is to be held."""

    subject: ClassVar[str] = "goods.slot.signed"


@dataclass(frozen=True, kw_only=True)
class SlotReleased(SlotEvent):
    """The contract ended before its time: nothing is to be held any longer."""

    subject: ClassVar[str] = "goods.slot.released"


@dataclass(frozen=True, kw_only=True)
class SlotDue(SlotEvent):
    """The time of the contract is over: the pitches are to be measured."""

    subject: ClassVar[str] = "goods.slot.due"
    product_ids: list[UUID]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SlotMeasured(SlotEvent):
    """The pitches were measured: the sales are to be, and the fee is to be divided."""

    subject: ClassVar[str] = "goods.slot.measured"
    product_ids: list[UUID]
    starts_at: datetime
    ends_at: datetime
    pitch_seconds: int


@refusal
class SlotMissing(NotFound):
    code = "goods.slot_missing"
    id: str


@refusal
class SlotStepNotAllowed(Conflict):
    code = "goods.slot_step_not_allowed"
    state: SlotState
    step: str


@refusal
class SlotTimesInvalid(Invalid):
    """It must begin in the future, end after it begins, and last at most `days_max` days."""

    code = "goods.slot_times_invalid"
    days_max: int
